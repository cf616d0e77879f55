// What members say to each other over a link: a closed union, one type byte, fixed big-endian layouts, limits before
// anything is allocated. Byte tables: docs/protocol.md. Nothing here checks signatures or meaning.
import type { TrainingStatus } from '../core/gossip/presence.ts'
import { SIGNED_HEADER_BYTES } from '../core/gossip/update.ts'
import { decodeBase64url, encodeBase64url } from '../core/num/base64url.ts'
import { bytesToHex, hexToBytes } from '../core/num/hex.ts'
import type { MemberId } from '../core/num/ids.ts'

export interface Announced {
  readonly round: number
  /** Hex SHA-256 of the signed header. */
  readonly id: string
}

export interface PresenceStatement {
  readonly author: MemberId
  /** Grows with every statement of an author, across reloads too (unix milliseconds). */
  readonly counter: number
  readonly status: TrainingStatus
  readonly round: number
  readonly baseRound: number
  readonly baseHash: string
  readonly stepsPerSecond: number
  /** Of the local model on shared held-out samples, fraction; null while unknown. */
  readonly accuracy: number | null
  readonly steps: number
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
  | { readonly type: 'state-want'; readonly round: number; readonly hash: string }
  | {
      readonly type: 'state'
      readonly round: number
      readonly params: Float32Array
      readonly momentum: Float32Array
    }
  | { readonly type: 'state-none'; readonly round: number; readonly hash: string }
  | { readonly type: 'heads'; readonly heads: readonly { readonly author: MemberId; readonly seq: number }[] }
  | { readonly type: 'entries'; readonly entries: readonly Uint8Array[] }

const CODES = {
  presence: 1,
  have: 2,
  want: 3,
  update: 4,
  digest: 5,
  'state-want': 6,
  state: 7,
  'state-none': 8,
  heads: 9,
  entries: 10,
} as const

const STATUSES: readonly TrainingStatus[] = ['training', 'paused', 'watching', 'preparing']
export const PRESENCE_BYTES = 32 + 6 + 1 + 4 + 4 + 32 + 4 + 2 + 4
const SIGNED_PRESENCE_BYTES = PRESENCE_BYTES + 64
const UNKNOWN_ACCURACY = 0xffff

export const LIMITS = {
  announced: 1024,
  wanted: 256,
  digestRounds: 16,
  heads: 5_000,
  entries: 512,
  entryBytes: 64 * 1024,
  entriesBytes: 1024 * 1024,
  /** Parameters of a model: bounds the size of state messages. */
  parameters: 4_000_000,
} as const

export function encodePresence(statement: PresenceStatement): Uint8Array {
  const bytes = new Uint8Array(PRESENCE_BYTES)
  const view = new DataView(bytes.buffer)
  bytes.set(memberBytes(statement.author))
  view.setUint16(32, Math.floor(statement.counter / 0x1_0000_0000))
  view.setUint32(34, statement.counter % 0x1_0000_0000)
  bytes[38] = STATUSES.indexOf(statement.status)
  view.setUint32(39, statement.round)
  view.setUint32(43, statement.baseRound)
  bytes.set(hexToBytes(statement.baseHash), 47)
  view.setFloat32(79, statement.stepsPerSecond)
  view.setUint16(83, statement.accuracy === null ? UNKNOWN_ACCURACY : Math.round(statement.accuracy * 10_000))
  view.setUint32(85, statement.steps)
  return bytes
}

function decodePresence(bytes: Uint8Array): PresenceStatement | undefined {
  if (bytes.length !== SIGNED_PRESENCE_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const status = STATUSES[bytes[38]!]
  const stepsPerSecond = view.getFloat32(79)
  const basisPoints = view.getUint16(83)
  const plausible = stepsPerSecond >= 0 && stepsPerSecond < 1e6
  if (!status || !plausible || (basisPoints > 10_000 && basisPoints !== UNKNOWN_ACCURACY)) return undefined
  return {
    author: encodeBase64url(bytes.subarray(0, 32)) as MemberId,
    counter: view.getUint16(32) * 0x1_0000_0000 + view.getUint32(34),
    status,
    round: view.getUint32(39),
    baseRound: view.getUint32(43),
    baseHash: bytesToHex(bytes.subarray(47, 79)),
    stepsPerSecond,
    accuracy: basisPoints === UNKNOWN_ACCURACY ? null : basisPoints / 10_000,
    steps: view.getUint32(85),
  }
}

export function encodeMessage(message: PeerMessage): Uint8Array {
  switch (message.type) {
    case 'presence':
      return tagged(message.type, message.signed)
    case 'have':
      return records(message.type, message.updates, 36, (view, at, { round, id }) => {
        view.setUint32(at, round)
        setHash(view, at + 4, id)
      })
    case 'want':
      return records(message.type, message.ids, 32, (view, at, id) => setHash(view, at, id))
    case 'update':
      return tagged(message.type, message.signed, message.payload)
    case 'digest':
      return records(message.type, message.rounds, 36, (view, at, { round, digest }) => {
        view.setUint32(at, round)
        setHash(view, at + 4, digest)
      })
    case 'state-want':
    case 'state-none':
      return records(message.type, [message], 36, (view, at, { round, hash }) => {
        view.setUint32(at, round)
        setHash(view, at + 4, hash)
      })
    case 'state': {
      const head = new Uint8Array(4)
      new DataView(head.buffer).setUint32(0, message.round)
      return tagged(message.type, head, rawBytes(message.params), rawBytes(message.momentum))
    }
    case 'heads':
      return records(message.type, message.heads, 36, (view, at, { author, seq }) => {
        new Uint8Array(view.buffer, at, 32).set(memberBytes(author))
        view.setUint32(at + 32, seq)
      })
    case 'entries': {
      const parts = message.entries.flatMap(entry => {
        const length = new Uint8Array(4)
        new DataView(length.buffer).setUint32(0, entry.length)
        return [length, entry]
      })
      return tagged(message.type, ...parts)
    }
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
      if (body.length < SIGNED_HEADER_BYTES || body.length > SIGNED_HEADER_BYTES + LIMITS.parameters)
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
    case CODES['state-want']:
    case CODES['state-none']: {
      if (body.length !== 36) return undefined
      const type = bytes[0] === CODES['state-want'] ? 'state-want' : 'state-none'
      return { type, round: view.getUint32(0), hash: getHash(body, 4) }
    }
    case CODES.state: {
      const vectorBytes = (body.length - 4) / 2
      if (vectorBytes < 4 || vectorBytes % 4 !== 0 || vectorBytes / 4 > LIMITS.parameters) return undefined
      // slice() moves the floats to an aligned buffer.
      const floats = new Float32Array(body.slice(4).buffer)
      const count = vectorBytes / 4
      return {
        type: 'state',
        round: view.getUint32(0),
        params: floats.slice(0, count),
        momentum: floats.slice(count),
      }
    }
    case CODES.heads: {
      const heads = readRecords(body, 36, LIMITS.heads, at => ({
        author: encodeBase64url(body.subarray(at, at + 32)) as MemberId,
        seq: view.getUint32(at + 32),
      }))
      return heads && { type: 'heads', heads }
    }
    case CODES.entries: {
      if (body.length > LIMITS.entriesBytes) return undefined
      const entries: Uint8Array[] = []
      for (let at = 0; at < body.length;) {
        if (at + 4 > body.length) return undefined
        const length = view.getUint32(at)
        at += 4
        if (
          length === 0 ||
          length > LIMITS.entryBytes ||
          at + length > body.length ||
          entries.length >= LIMITS.entries
        )
          return undefined
        entries.push(body.subarray(at, at + length))
        at += length
      }
      return { type: 'entries', entries }
    }
    default:
      return undefined
  }
}

function tagged(type: keyof typeof CODES, ...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 1))
  bytes[0] = CODES[type]
  let at = 1
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function records<T>(
  type: keyof typeof CODES,
  items: readonly T[],
  size: number,
  write: (view: DataView, at: number, item: T) => void,
): Uint8Array {
  const bytes = new Uint8Array(1 + items.length * size)
  bytes[0] = CODES[type]
  const view = new DataView(bytes.buffer)
  items.forEach((item, i) => write(view, 1 + i * size, item))
  return bytes
}

function readRecords<T>(
  body: Uint8Array,
  size: number,
  limit: number,
  read: (at: number) => T,
): T[] | undefined {
  const count = body.length / size
  if (!Number.isInteger(count) || count > limit) return undefined
  return Array.from({ length: count }, (_, i) => read(i * size))
}

function setHash(view: DataView, at: number, hex: string): void {
  new Uint8Array(view.buffer, at, 32).set(hexToBytes(hex))
}

function getHash(body: Uint8Array, at: number): string {
  return bytesToHex(body.subarray(at, at + 32))
}

function memberBytes(member: MemberId): Uint8Array {
  const bytes = decodeBase64url(member, 32)
  if (!bytes) throw new RangeError(`not a member id: ${member}`)
  return bytes
}

function rawBytes(vector: Float32Array): Uint8Array {
  return new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
}
