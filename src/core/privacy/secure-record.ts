// What everybody in a secure sum sees: who takes part, keys, commitments, and the three lists with their digests. A digest
// stands for the list and for every message that it rests on, so that members who were told different things can not both
// believe that they agree.
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { MemberId } from '../num/ids.ts'
import { commitTo, digest } from './secure-keys.ts'
import { bitMap, type ListName, type SumMessage, type SumShape } from './secure-messages.ts'
import { MAX_HOLDERS } from './secure-shamir.ts'

export interface SumConfig {
  /** Names this sum among all sums of all rooms: e.g. room id, round and attempt. Never used twice with one entropy. */
  readonly context: Uint8Array
  /** Sorted, without repetition; 2 to 255. */
  readonly members: readonly MemberId[]
  /** Closes phases and tells lists; trusted to finish, not with anybody's vector. May be no member. */
  readonly lead: MemberId
  /** How many members must stay for a sum, and must collude to break one. More than half, see defaultThreshold. */
  readonly threshold: number
  readonly parameters: number
}

export class SumConfigError extends Error {
  override readonly name = 'SumConfigError'
  constructor(
    readonly kind: 'bad-members' | 'bad-threshold' | 'bad-parameters',
    message: string,
  ) {
    super(message)
  }
}

/** floor(2 n / 3) + 1: with fewer than a third dishonest, a lead that lies can not split the honest (Bonawitz et al. 2017, 6.2). */
export function defaultThreshold(members: number): number {
  return Math.floor((2 * members) / 3) + 1
}

/** Checked once; a config comes from the charter and the round, so an unfit one is a fault of the program. */
export function shapeOf({ context, members, lead, threshold, parameters }: SumConfig): SumShape {
  const count = members.length
  const isSorted = members.every((id, i) => i === 0 || members[i - 1]! < id)
  if (count < 2 || count > MAX_HOLDERS || !isSorted)
    throw new SumConfigError('bad-members', `${count} members, sorted: ${isSorted}`)
  if (!Number.isInteger(threshold) || 2 * threshold <= count || threshold > count)
    throw new SumConfigError('bad-threshold', `${threshold} of ${count}`)
  if (!Number.isInteger(parameters) || parameters < 1)
    throw new SumConfigError('bad-parameters', String(parameters))
  const text = JSON.stringify(['secure-sum/1', members, lead, threshold, parameters])
  return { session: digest(digest(context), utf8ToBytes(text)), members: count, parameters }
}

type Keys = Extract<SumMessage, { kind: 'keys' }>
type Shares = Extract<SumMessage, { kind: 'shares' }>

export class SumRecord {
  readonly keys = new Map<number, Keys>()
  readonly shares = new Map<number, Shares>()
  roster: readonly number[] | null = null
  sharers: readonly number[] | null = null
  survivors: readonly number[] | null = null
  /** Of the roster: every key is bound to it. */
  transcript = new Uint8Array(0)
  private sharesDigest = new Uint8Array(0)

  constructor(readonly shape: SumShape) {}

  get rosterSize(): number {
    return this.roster?.length ?? 0
  }

  /** Whether every message that a list rests on is here. */
  isComplete(list: ListName, members: readonly number[]): boolean {
    if (list === 'roster') return members.every(i => this.keys.has(i))
    return members.every(i => this.shares.has(i))
  }

  /** Whether a list narrows the list before it. */
  isNested(list: ListName, members: readonly number[]): boolean {
    const wider = list === 'roster' ? null : list === 'sharers' ? this.roster : this.sharers
    return list === 'roster' || (wider !== null && members.every(i => wider.includes(i)))
  }

  digestOf(list: ListName, members: readonly number[]): Uint8Array {
    const map = bitMap(members, this.shape.members)
    switch (list) {
      case 'roster':
        return digest(
          this.shape.session,
          map,
          ...members.flatMap(i => [this.keys.get(i)!.sealPublic, this.keys.get(i)!.maskPublic]),
        )
      case 'sharers':
        return digest(
          this.transcript,
          map,
          ...members.flatMap(i => {
            const { seedCommitment, commitments, boxes } = this.shares.get(i)!
            return [seedCommitment, ...commitments, ...boxes]
          }),
        )
      case 'survivors':
        return digest(this.sharesDigest, map)
      default:
        return list satisfies never
    }
  }

  settle(list: ListName, members: readonly number[]): void {
    const settled = this.digestOf(list, members)
    if (list === 'roster') {
      this.roster = members
      this.transcript = new Uint8Array(settled)
    } else if (list === 'sharers') {
      this.sharers = members
      this.sharesDigest = new Uint8Array(settled)
    } else this.survivors = members
  }

  /** The dealer's commitment to a holder's share. */
  commitment(dealer: number, holder: number, of: 'seed' | 'key'): Uint8Array | undefined {
    const place = this.roster?.indexOf(holder) ?? -1
    return this.shares.get(dealer)?.commitments[2 * place + (of === 'seed' ? 0 : 1)]
  }

  shareCommitment(dealer: number, holder: number, of: 'seed' | 'key', share: Uint8Array): Uint8Array {
    return commitTo(this.shape.session, [of === 'seed' ? 1 : 2, dealer, holder], share)
  }

  seedCommitment(dealer: number, seed: Uint8Array): Uint8Array {
    return commitTo(this.shape.session, [3, dealer], seed)
  }
}
