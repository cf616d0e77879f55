// What members say to each other over a link: a closed union, one type byte, fixed big-endian layouts, limits before
// anything is allocated. Byte tables: docs/protocol.md. Nothing here checks signatures or meaning.
import { CHUNK_BYTES } from '../core/gossip/state.ts'
import { SIGNED_HEADER_BYTES } from '../core/gossip/update.ts'
import { bucketOf, BUCKETS, DIGESTS_BYTES } from '../core/ledger/head-buckets.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import { hexToBytes } from '../core/num/hex.ts'
import type { MemberId } from '../core/num/ids.ts'
import { decodeLending, encodeLending, type LendMessage } from './lending.ts'
import { decodePresence, type PresenceStatement } from './presence.ts'
import { blobs, getHash, memberBytes, readBlobs, readRecords, records, setHash, tagged } from './records.ts'

export interface Announced {
  readonly round: number
  /** Hex SHA-256 of the signed header. */
  readonly id: string
}

/** The newest entry of an author that the sender holds. */
export interface Head {
  readonly author: MemberId
  readonly seq: number
  readonly hash: string
}

export type PeerMessage =
  /** `signed` is the statement as it travels, without the type byte: body and 64-byte signature. */
  | { readonly type: 'presence'; readonly statement: PresenceStatement; readonly signed: Uint8Array }
  | { readonly type: 'have'; readonly updates: readonly Announced[] }
  | { readonly type: 'want'; readonly ids: readonly string[] }
  | { readonly type: 'update'; readonly signed: Uint8Array; readonly payload: Uint8Array }
  /** Anti-entropy: per open round a hash over its sorted update ids. */
  | {
      readonly type: 'digest'
      readonly rounds: readonly { readonly round: number; readonly digest: string }[]
    }
  /** Asks for so many chunks of the state of that name, from the first on. */
  | {
      readonly type: 'state-want'
      readonly round: number
      readonly hash: string
      readonly first: number
      readonly count: number
    }
  /** One chunk of an encoded state (core/gossip/state.ts) and its audit path in hex, from the bottom. */
  | {
      readonly type: 'state-chunk'
      readonly round: number
      readonly hash: string
      readonly total: number
      readonly index: number
      readonly proof: readonly string[]
      readonly bytes: Uint8Array
    }
  | { readonly type: 'state-none'; readonly round: number; readonly hash: string }
  | { readonly type: 'heads'; readonly heads: readonly Head[] }
  /** A nonce and digests of the sender's heads by bucket under it (core/ledger/head-buckets.ts). */
  | { readonly type: 'heads-digest'; readonly digests: Uint8Array }
  /** Answer to a digest: all heads of the buckets that differ. */
  | { readonly type: 'heads-part'; readonly buckets: readonly number[]; readonly heads: readonly Head[] }
  /** What follows these heads is missing here; seq -1 where nothing of the author is here. */
  | { readonly type: 'entries-want'; readonly after: readonly Head[] }
  /** New entries. */
  | { readonly type: 'entries'; readonly entries: readonly Uint8Array[] }
  /** Entries that a comparison showed to be missing. */
  | { readonly type: 'backlog'; readonly entries: readonly Uint8Array[] }
  /** Hashes of new entries that can be had. */
  | { readonly type: 'entries-have'; readonly hashes: readonly string[] }
  | { readonly type: 'entries-get'; readonly hashes: readonly string[] }
  /** Newest final seal (zeros before the first) and a digest of the statements held for the next one. */
  | {
      readonly type: 'seal-status'
      readonly epoch: number
      readonly seal: string
      readonly digest: string
    }
  /** Canonical JSON of SealStatement. */
  | { readonly type: 'seal-statements'; readonly statements: readonly Uint8Array[] }
  | { readonly type: 'seal-want'; readonly seal: string }
  /** Canonical JSON of a proposed Seal. */
  | { readonly type: 'seal'; readonly seal: Uint8Array }
  | { readonly type: 'certificates-want'; readonly after: number }
  /** Canonical JSON of Certificate, ascending; the last one is the newest. */
  | { readonly type: 'certificates'; readonly certificates: readonly Uint8Array[] }
  | { readonly type: 'snapshot-want'; readonly seal: string }
  /** Compressed canonical JSON of Snapshot. */
  | { readonly type: 'snapshot'; readonly seal: string; readonly bytes: Uint8Array }
  | { readonly type: 'archive-want'; readonly seal: string }
  /** Compressed entries of the epoch that the seal closed. */
  | { readonly type: 'archive'; readonly seal: string; readonly bytes: Uint8Array }
  /**
   * A message of the sum that `lead` leads in the round (core/privacy/), signed by its author. `relay`: the author has no link
   * to everybody whom it concerns.
   */
  | {
      readonly type: 'sum'
      readonly relay: boolean
      readonly round: number
      readonly lead: MemberId
      readonly author: MemberId
      readonly signature: Uint8Array
      readonly payload: Uint8Array
    }
  /** Lent compute, to one member (lending.ts); `coarse` says how values travel and is false in what was decoded. */
  | { readonly type: 'lend'; readonly message: LendMessage; readonly coarse: boolean }

const CODES = {
  presence: 1,
  have: 2,
  want: 3,
  update: 4,
  digest: 5,
  'state-want': 6,
  'state-chunk': 7,
  'state-none': 8,
  heads: 9,
  entries: 10,
  'seal-status': 11,
  'seal-statements': 12,
  'seal-want': 13,
  seal: 14,
  'certificates-want': 15,
  certificates: 16,
  'snapshot-want': 17,
  snapshot: 18,
  'archive-want': 19,
  archive: 20,
  'heads-digest': 21,
  'heads-part': 22,
  'entries-want': 23,
  backlog: 24,
  lend: 25,
  'entries-have': 26,
  'entries-get': 27,
  sum: 28,
} as const

/** By the first byte of a message. */
export const MESSAGE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(CODES).map(([name, code]) => [code, name]),
)

export const LIMITS = {
  announced: 1024,
  wanted: 256,
  digestRounds: 16,
  /** Chunks in one request, hashes in one proof: what the longest state has, with room. */
  chunks: 8,
  proof: 16,
  heads: 5_000,
  /** Entries offered or asked for in one message. */
  offered: 512,
  entries: { count: 512, each: 64 * 1024, all: 1024 * 1024 },
  statements: { count: 1_024, each: 1_024, all: 512 * 1024 },
  /** A kept vote with what it rests on; never on the wire. */
  votes: { count: 1_024, each: 1024 * 1024, all: 2 * 1024 * 1024 },
  sealBytes: 1024 * 1024,
  certificates: { count: 512, each: 512 * 1024, all: 4 * 1024 * 1024 },
  /** Packed and unpacked. */
  snapshotBytes: 16 * 1024 * 1024,
  archiveBytes: 16 * 1024 * 1024,
  /** Parameters of a model: bounds the size of state messages. */
  parameters: 4_000_000,
  /** Of an update or of a message of a sum: what a link takes at once. */
  payloadBytes: 8 * 1024 * 1024,
} as const

/** round u32, hash, total u32, index u16, hashes in the proof u8. */
const CHUNK_HEAD = 43
/** relay u8, round u32, lead, author, signature. */
const SUM_HEAD = 133

export function encodeMessage(message: PeerMessage): Uint8Array {
  switch (message.type) {
    case 'presence':
      return tagged(CODES[message.type], message.signed)
    case 'have':
      return records(CODES[message.type], message.updates, 36, (view, at, { round, id }) => {
        view.setUint32(at, round)
        setHash(view, at + 4, id)
      })
    case 'want':
      return records(CODES[message.type], message.ids, 32, (view, at, id) => setHash(view, at, id))
    case 'update':
      return tagged(CODES[message.type], message.signed, message.payload)
    case 'digest':
      return records(CODES[message.type], message.rounds, 36, (view, at, { round, digest }) => {
        view.setUint32(at, round)
        setHash(view, at + 4, digest)
      })
    case 'state-want':
      return records(CODES[message.type], [message], 39, (view, at, { round, hash, first, count }) => {
        view.setUint32(at, round)
        setHash(view, at + 4, hash)
        view.setUint16(at + 36, first)
        view.setUint8(at + 38, count)
      })
    case 'state-none':
      return records(CODES[message.type], [message], 36, (view, at, { round, hash }) => {
        view.setUint32(at, round)
        setHash(view, at + 4, hash)
      })
    case 'state-chunk': {
      const head = new Uint8Array(CHUNK_HEAD)
      const view = new DataView(head.buffer)
      view.setUint32(0, message.round)
      setHash(view, 4, message.hash)
      view.setUint32(36, message.total)
      view.setUint16(40, message.index)
      view.setUint8(42, message.proof.length)
      return tagged(CODES[message.type], head, ...message.proof.map(hexToBytes), message.bytes)
    }
    case 'heads':
      return headRecords(CODES[message.type], message.heads)
    case 'heads-digest':
      return tagged(CODES[message.type], message.digests)
    case 'heads-part': {
      const mask = new Uint8Array(MASK_BYTES)
      for (const bucket of message.buckets) mask[bucket >> 3]! |= 1 << (bucket & 7)
      return tagged(CODES[message.type], mask, headRecords(0, message.heads).subarray(1))
    }
    case 'entries-want':
      return headRecords(CODES[message.type], message.after)
    case 'entries-have':
    case 'entries-get':
      return records(CODES[message.type], message.hashes, 32, (view, at, hash) => setHash(view, at, hash))
    case 'entries':
    case 'backlog':
      return blobs(CODES[message.type], message.entries)
    case 'seal-status': {
      const bytes = new Uint8Array(68)
      new DataView(bytes.buffer).setUint32(0, message.epoch)
      bytes.set(hexToBytes(message.seal), 4)
      bytes.set(hexToBytes(message.digest), 36)
      return tagged(CODES[message.type], bytes)
    }
    case 'seal-statements':
      return blobs(CODES[message.type], message.statements)
    case 'seal-want':
    case 'snapshot-want':
    case 'archive-want':
      return tagged(CODES[message.type], hexToBytes(message.seal))
    case 'seal':
      return tagged(CODES[message.type], message.seal)
    case 'certificates-want': {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setUint32(0, message.after)
      return tagged(CODES[message.type], bytes)
    }
    case 'certificates':
      return blobs(CODES[message.type], message.certificates)
    case 'snapshot':
    case 'archive':
      return tagged(CODES[message.type], hexToBytes(message.seal), message.bytes)
    case 'sum': {
      const head = new Uint8Array(SUM_HEAD)
      head[0] = message.relay ? 1 : 0
      new DataView(head.buffer).setUint32(1, message.round)
      head.set(memberBytes(message.lead), 5)
      head.set(memberBytes(message.author), 37)
      head.set(message.signature, 69)
      return tagged(CODES[message.type], head, message.payload)
    }
    case 'lend':
      return tagged(CODES[message.type], encodeLending(message.message, message.coarse))
  }
}

/** Undefined for anything that is not exactly one message within limits. Views into `bytes` may be returned. */
export function decodeMessage(bytes: Uint8Array): PeerMessage | undefined {
  const body = bytes.subarray(1)
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  switch (bytes[0]) {
    case CODES.presence: {
      const statement = decodePresence(body)
      return statement && { type: 'presence', statement, signed: body }
    }
    case CODES.have: {
      const updates = readRecords(body, 36, LIMITS.announced, at => ({
        round: view.getUint32(at),
        id: getHash(body, at + 4),
      }))
      return updates && { type: 'have', updates }
    }
    case CODES.want: {
      const ids = readRecords(body, 32, LIMITS.wanted, at => getHash(body, at))
      return ids && { type: 'want', ids }
    }
    case CODES.update: {
      // The header is checked again, with its signature, where it is used; here only that there is one.
      if (body.length < SIGNED_HEADER_BYTES || body.length > SIGNED_HEADER_BYTES + LIMITS.payloadBytes)
        return undefined
      return {
        type: 'update',
        signed: body.subarray(0, SIGNED_HEADER_BYTES),
        payload: body.subarray(SIGNED_HEADER_BYTES),
      }
    }
    case CODES.digest: {
      const rounds = readRecords(body, 36, LIMITS.digestRounds, at => ({
        round: view.getUint32(at),
        digest: getHash(body, at + 4),
      }))
      return rounds && { type: 'digest', rounds }
    }
    case CODES['state-want']: {
      if (body.length !== 39) return undefined
      const count = view.getUint8(38)
      if (count === 0 || count > LIMITS.chunks) return undefined
      const name = { round: view.getUint32(0), hash: getHash(body, 4) }
      return { type: 'state-want', ...name, first: view.getUint16(36), count }
    }
    case CODES['state-none']:
      if (body.length !== 36) return undefined
      return { type: 'state-none', round: view.getUint32(0), hash: getHash(body, 4) }
    case CODES['state-chunk']: {
      const steps = body.length > CHUNK_HEAD ? view.getUint8(42) : 0
      const start = CHUNK_HEAD + 32 * steps
      if (steps > LIMITS.proof || body.length <= start || body.length > start + CHUNK_BYTES) return undefined
      return {
        type: 'state-chunk',
        round: view.getUint32(0),
        hash: getHash(body, 4),
        total: view.getUint32(36),
        index: view.getUint16(40),
        proof: Array.from({ length: steps }, (_, i) => getHash(body, CHUNK_HEAD + 32 * i)),
        bytes: body.subarray(start),
      }
    }
    case CODES.heads: {
      const heads = readHeads(body)
      return heads && { type: 'heads', heads }
    }
    case CODES['heads-digest']:
      return body.length === DIGESTS_BYTES ? { type: 'heads-digest', digests: body } : undefined
    case CODES['heads-part']: {
      if (body.length < MASK_BYTES) return undefined
      const heads = readHeads(body.subarray(MASK_BYTES))
      const buckets = Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter(
        bucket => body[bucket >> 3]! & (1 << (bucket & 7)),
      )
      if (!heads?.every(({ author }) => buckets.includes(bucketOf(author)))) return undefined
      return { type: 'heads-part', buckets, heads }
    }
    case CODES['entries-want']: {
      const after = readHeads(body)
      return after && { type: 'entries-want', after }
    }
    case CODES['entries-have']:
    case CODES['entries-get']: {
      const hashes = readRecords(body, 32, LIMITS.offered, at => getHash(body, at))
      return hashes && { type: bytes[0] === CODES['entries-have'] ? 'entries-have' : 'entries-get', hashes }
    }
    case CODES.entries:
    case CODES.backlog: {
      const entries = readBlobs(body, LIMITS.entries)
      return entries && { type: bytes[0] === CODES.entries ? 'entries' : 'backlog', entries }
    }
    case CODES['seal-status']:
      if (body.length !== 68) return undefined
      return {
        type: 'seal-status',
        epoch: view.getUint32(0),
        seal: getHash(body, 4),
        digest: getHash(body, 36),
      }
    case CODES['seal-statements']: {
      const statements = readBlobs(body, LIMITS.statements)
      return statements && { type: 'seal-statements', statements }
    }
    case CODES['seal-want']:
      return body.length === 32 ? { type: 'seal-want', seal: getHash(body, 0) } : undefined
    case CODES['snapshot-want']:
      return body.length === 32 ? { type: 'snapshot-want', seal: getHash(body, 0) } : undefined
    case CODES['archive-want']:
      return body.length === 32 ? { type: 'archive-want', seal: getHash(body, 0) } : undefined
    case CODES.seal:
      return body.length > 0 && body.length <= LIMITS.sealBytes ? { type: 'seal', seal: body } : undefined
    case CODES['certificates-want']:
      return body.length === 4 ? { type: 'certificates-want', after: view.getUint32(0) } : undefined
    case CODES.certificates: {
      const certificates = readBlobs(body, LIMITS.certificates)
      return certificates && { type: 'certificates', certificates }
    }
    case CODES.snapshot:
      if (body.length <= 32 || body.length > 32 + LIMITS.snapshotBytes) return undefined
      return { type: 'snapshot', seal: getHash(body, 0), bytes: body.subarray(32) }
    case CODES.archive:
      if (body.length <= 32 || body.length > 32 + LIMITS.archiveBytes) return undefined
      return { type: 'archive', seal: getHash(body, 0), bytes: body.subarray(32) }
    case CODES.sum:
      if (body.length <= SUM_HEAD || body.length > SUM_HEAD + LIMITS.payloadBytes || body[0]! > 1)
        return undefined
      return {
        type: 'sum',
        relay: body[0] === 1,
        round: view.getUint32(1),
        lead: encodeBase64url(body.subarray(5, 37)) as MemberId,
        author: encodeBase64url(body.subarray(37, 69)) as MemberId,
        signature: body.subarray(69, SUM_HEAD),
        payload: body.subarray(SUM_HEAD),
      }
    case CODES.lend: {
      const message = decodeLending(body)
      return message && { type: 'lend', message, coarse: false }
    }
    default:
      return undefined
  }
}

const MASK_BYTES = BUCKETS / 8
/** For an author of whom there is nothing. */
const NO_ENTRY = 0xffffffff

function headRecords(code: number, heads: readonly Head[]): Uint8Array {
  return records(code, heads, 68, (view, at, { author, seq, hash }) => {
    new Uint8Array(view.buffer, at, 32).set(memberBytes(author))
    view.setUint32(at + 32, seq < 0 ? NO_ENTRY : seq)
    if (seq >= 0) setHash(view, at + 36, hash)
  })
}

function readHeads(body: Uint8Array): Head[] | undefined {
  const view = new DataView(body.buffer, body.byteOffset, body.length)
  return readRecords(body, 68, LIMITS.heads, at => {
    const seq = view.getUint32(at + 32)
    return {
      author: encodeBase64url(body.subarray(at, at + 32)) as MemberId,
      seq: seq === NO_ENTRY ? -1 : seq,
      hash: seq === NO_ENTRY ? '' : getHash(body, at + 36),
    }
  })
}
