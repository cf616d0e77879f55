// What was refused, by whom and why, for the screen; and who refused once too often to stay linked.
import { Allowance } from './allowance.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Refusal, RefusalReason } from '../ports/session.ts'

/** Broken messages over one link within a while before it is cut: one may be a version skew, three are not. */
const STRIKES = 3
const STRIKE_MEMORY_MS = 120_000
const MAX_ROWS = 200

export class RefusalBook {
  private readonly rows = new Map<
    string,
    { member: MemberId | null; reason: RefusalReason; count: number; lastUnixMs: number }
  >()
  private readonly strikes = new Allowance(STRIKES - 1, STRIKE_MEMORY_MS)

  record(member: MemberId | null, reason: RefusalReason, unixMs: number): void {
    const key = `${member ?? ''}/${reason}`
    const row = this.rows.get(key)
    if (row) {
      row.count++
      row.lastUnixMs = unixMs
    } else if (this.rows.size < MAX_ROWS) {
      this.rows.set(key, { member, reason, count: 1, lastUnixMs: unixMs })
    }
  }

  /** Counts a broken message of a link partner; true when the link should be cut for good. */
  strike(member: MemberId, now: number): boolean {
    return !this.strikes.take(member, now)
  }

  list(nicknameOf: (member: MemberId) => string): Refusal[] {
    return [...this.rows.values()]
      .map(row => ({ ...row, nickname: row.member ? nicknameOf(row.member) : '' }))
      .sort((a, b) => b.lastUnixMs - a.lastUnixMs)
  }
}
