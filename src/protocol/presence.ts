// The presence statement: who is here, signed by its author and passed on by everybody. Layout: docs/protocol.md.
import type { TrainingStatus } from '../core/gossip/presence.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import { bytesToHex, hexToBytes } from '../core/num/hex.ts'
import type { MemberId } from '../core/num/ids.ts'
import { memberBytes } from './records.ts'

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
  /** Members that it has links to, at most 255: who reaches everybody itself need not be passed on. */
  readonly links: number
}

const STATUSES: readonly TrainingStatus[] = ['training', 'paused', 'watching', 'preparing']
export const PRESENCE_BYTES = 32 + 6 + 1 + 4 + 4 + 32 + 4 + 2 + 4 + 1
const MOST_LINKS = 255
const SIGNED_PRESENCE_BYTES = PRESENCE_BYTES + 64
const UNKNOWN_ACCURACY = 0xffff

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
  bytes[89] = Math.min(MOST_LINKS, statement.links)
  return bytes
}

export function decodePresence(bytes: Uint8Array): PresenceStatement | undefined {
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
    links: bytes[89]!,
  }
}
