// What members of a simulated room share: names, hashes of seals, what they send each other.
import { sealHash as computeHash } from '../../../src/core/ledger/quorum.ts'
import type { Certificate, Seal, SealStatement } from '../../../src/core/ledger/seal.ts'
import type { MemberId, RoomId } from '../../../src/core/num/ids.ts'

export const ROOM = 'room' as RoomId
export const CHARTER = 'c'.repeat(64)
const hashes = new WeakMap<Seal, string>()
export function sealHash(seal: Seal): string {
  let hash = hashes.get(seal)
  if (hash === undefined) hashes.set(seal, (hash = computeHash(seal)))
  return hash
}

const grounds = new WeakMap<Seal, Ground>()
export function groundOf(seal: Seal): Ground {
  let ground = grounds.get(seal)
  if (ground === undefined) {
    const { epoch, size, members, anchor } = seal
    grounds.set(seal, (ground = { epoch, hash: sealHash(seal), size, members, anchor }))
  }
  return ground
}

export const name = (index: number): MemberId => `m${String(index).padStart(2, '0')}` as MemberId

/** The last final seal, as far as the next one rests on it. */
export interface Ground {
  epoch: number
  hash: string
  size: number
  members: readonly MemberId[]
  anchor: MemberId
}

export type Message =
  | { readonly type: 'statements'; readonly statements: readonly SealStatement[] }
  | { readonly type: 'want'; readonly hash: string }
  | { readonly type: 'seal'; readonly seal: Seal; readonly hash: string }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'entries'; readonly entries: number }
  | { readonly type: 'status'; readonly epoch: number; readonly digest: string; readonly entries: number }

export interface Actor {
  readonly index: number
  up: boolean
  receive(from: number, message: Message): void
  beat(): void
  stop(): void
}
