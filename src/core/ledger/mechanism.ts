// What a mechanism of the room is: a pure fold over entries with a state of its own (members, credits, governance, later
// escrow and markets). A new mechanism implements this and is listed in core/room/fold.ts. States are folded twice: live,
// entry by entry as they are admitted, and at the seal in canonical order; both must come to the same.
import type { MemberId, RoomId } from '../num/ids.ts'
import type { Canonical } from './canonical.ts'
import type { Entry } from './entry.ts'

/** What a seal adds to the entries that it includes. */
export interface EpochFacts {
  readonly epoch: number
  readonly unixMs: number
  /** Sealing members from this seal on, and the anchor. */
  readonly members: readonly MemberId[]
  readonly anchor: MemberId
  /** Added by core/room/fold.ts for the mechanisms that pay: nothing is paid while the room's compute is paused. */
  readonly paused?: boolean
}

export interface Mechanism<State> {
  readonly name: string
  initial(room: RoomId): State
  /**
   * Changes the state. Entries of one author come in the order of the chain, authors in any order: the outcome must not
   * depend on it. Entries that mean nothing (a vote of no guardian, an order out of turn) are remembered as such or ignored.
   * @param hash hex entry hash
   */
  apply(state: State, entry: Entry, hash: string): void
  /** At the seal, after all entries of the epoch: whatever needs an order happens here, by a rule of its own. */
  close(state: State, facts: EpochFacts): void
  /** Canonical: equal states give equal values, with sorted arrays for sets and maps. */
  encode(state: State): Canonical
  /** From another member's snapshot; its hash was checked, its shape was not. Undefined if malformed. */
  decode(value: Canonical, room: RoomId): State | undefined
}
