// Messages of a secure sum and their bytes. One form each: a decoder knows the session's shape, so every length is exact and
// limits follow from it. Who sent a message is told by the signed envelope that a room puts around it, not in here.
//
//   message = version (1) || kind (1) || session, first 16 bytes || body; sets of members are bit maps, lowest first
import { concatBytes } from '@noble/hashes/utils.js'
import { BOX_BYTES, isSoundPublic, KEY_BYTES, sameBytes } from './secure-keys.ts'

const VERSION = 1
const SESSION_BYTES = 16
const HEAD_BYTES = 2 + SESSION_BYTES

/** The lists that the lead tells: whose keys count, whose shares count, whose masked vectors count. */
export type ListName = 'roster' | 'sharers' | 'survivors'
const LISTS: readonly ListName[] = ['roster', 'sharers', 'survivors']

export type SumMessage =
  | { readonly kind: 'keys'; readonly sealPublic: Uint8Array; readonly maskPublic: Uint8Array }
  /**
   * Commitments: to the self-mask seed; then for every member of the roster, in order, to its share of the seed and of the
   * mask secret. Boxes: the two shares for every member of the roster but the author, in order.
   */
  | {
      readonly kind: 'shares'
      readonly seedCommitment: Uint8Array
      readonly commitments: readonly Uint8Array[]
      readonly boxes: readonly Uint8Array[]
    }
  | { readonly kind: 'masked'; readonly vector: Uint32Array }
  | {
      readonly kind: 'list'
      readonly list: ListName
      readonly members: readonly number[]
      /** Of everything that the list stands for, see secure-record.ts. */
      readonly digest: Uint8Array
    }
  | { readonly kind: 'confirm'; readonly digest: Uint8Array }
  /** For every sharer, in order: the held share of the seed (survivors) or of the mask secret (the others), or null. */
  | { readonly kind: 'reveal'; readonly shares: readonly (Uint8Array | null)[] }

const KINDS: readonly SumMessage['kind'][] = ['keys', 'shares', 'masked', 'list', 'confirm', 'reveal']

export interface SumShape {
  /** 32 bytes. */
  readonly session: Uint8Array
  readonly members: number
  readonly parameters: number
}

/** What a message says it is, without a look at the rest; null for what is none. */
export function kindOf(bytes: Uint8Array): SumMessage['kind'] | null {
  return bytes.length < HEAD_BYTES || bytes[0] !== VERSION ? null : (KINDS[bytes[1]! - 1] ?? null)
}

/** The session that a message names; of bytes that kindOf knows. */
export function sessionOf(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(2, HEAD_BYTES)
}

export function encodeSumMessage(message: SumMessage, shape: SumShape): Uint8Array {
  const head = Uint8Array.of(VERSION, KINDS.indexOf(message.kind) + 1)
  return concatBytes(head, shape.session.subarray(0, SESSION_BYTES), ...body(message, shape))
}

function body(message: SumMessage, shape: SumShape): Uint8Array[] {
  switch (message.kind) {
    case 'keys':
      return [message.sealPublic, message.maskPublic]
    case 'shares':
      return [message.seedCommitment, ...message.commitments, ...message.boxes]
    case 'masked':
      return [wordBytes(message.vector)]
    case 'list':
      return [
        Uint8Array.of(LISTS.indexOf(message.list)),
        bitMap(message.members, shape.members),
        message.digest,
      ]
    case 'confirm':
      return [message.digest]
    case 'reveal':
      return message.shares.map(share =>
        share ? concatBytes(Uint8Array.of(1), share) : new Uint8Array(1 + KEY_BYTES),
      )
    default:
      return message satisfies never
  }
}

export type SumDecodeFault = 'malformed' | 'other-session'

export function decodeSumMessage(bytes: Uint8Array, shape: SumShape): SumMessage | SumDecodeFault {
  const kind = kindOf(bytes)
  if (!kind) return 'malformed'
  if (!sameBytes(sessionOf(bytes), shape.session.subarray(0, SESSION_BYTES))) return 'other-session'
  const content = bytes.slice(HEAD_BYTES)
  return decoders[kind](content, shape) ?? 'malformed'
}

type Decoder = (content: Uint8Array, shape: SumShape) => SumMessage | null

const decoders: Record<SumMessage['kind'], Decoder> = {
  keys(content) {
    if (content.length !== 2 * KEY_BYTES) return null
    const sealPublic = content.subarray(0, KEY_BYTES)
    const maskPublic = content.subarray(KEY_BYTES)
    return isSoundPublic(sealPublic) && isSoundPublic(maskPublic)
      ? { kind: 'keys', sealPublic, maskPublic }
      : null
  },
  shares(content, { members }) {
    const roster = (content.length - KEY_BYTES + BOX_BYTES) / (2 * KEY_BYTES + BOX_BYTES)
    if (!Number.isInteger(roster) || roster < 1 || roster > members) return null
    const boxesAt = (1 + 2 * roster) * KEY_BYTES
    return {
      kind: 'shares',
      seedCommitment: content.subarray(0, KEY_BYTES),
      commitments: pieces(content.subarray(KEY_BYTES, boxesAt), KEY_BYTES),
      boxes: pieces(content.subarray(boxesAt), BOX_BYTES),
    }
  },
  masked(content, { parameters }) {
    return content.length === 4 * parameters ? { kind: 'masked', vector: wordsOf(content) } : null
  },
  list(content, shape) {
    const mapBytes = Math.ceil(shape.members / 8)
    const list = LISTS[content[0] ?? LISTS.length]
    if (!list || content.length !== 1 + mapBytes + KEY_BYTES) return null
    const map = content.subarray(1, 1 + mapBytes)
    const members: number[] = []
    for (let i = 0; i < 8 * mapBytes; i++) if (map[i >>> 3]! & (1 << (i & 7))) members.push(i)
    if ((members.at(-1) ?? 0) >= shape.members) return null
    return { kind: 'list', list, members, digest: content.subarray(1 + mapBytes) }
  },
  confirm(content) {
    return content.length === KEY_BYTES ? { kind: 'confirm', digest: content } : null
  },
  reveal(content, { members }) {
    const count = content.length / (1 + KEY_BYTES)
    if (!Number.isInteger(count) || count < 1 || count > members) return null
    const parts = pieces(content, 1 + KEY_BYTES)
    const isCanonical = parts.every(part => part[0] === 1 || part.every(byte => byte === 0))
    if (!isCanonical) return null
    return { kind: 'reveal', shares: parts.map(part => (part[0] === 1 ? part.subarray(1) : null)) }
  },
}

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
}

export function bitMap(members: readonly number[], count: number): Uint8Array {
  const map = new Uint8Array(Math.ceil(count / 8))
  for (const i of members) map[i >>> 3]! |= 1 << (i & 7)
  return map
}

/** u32 little-endian. */
export function wordBytes(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(words.byteLength)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < words.length; i++) view.setUint32(4 * i, words[i]!, true)
  return bytes
}

export function wordsOf(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true))
}
