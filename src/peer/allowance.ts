// How often a link partner may ask for something costly: at most `count` times in `windowMs`, each partner for itself.
import type { MemberId } from '../core/num/ids.ts'

export class Allowance {
  private readonly recent = new Map<MemberId, number[]>()

  constructor(
    private readonly count: number,
    private readonly windowMs: number,
  ) {}

  /** Whether this time is within the allowance; a time that is not does not count. */
  take(member: MemberId, now: number): boolean {
    const times = (this.recent.get(member) ?? []).filter(at => now - at < this.windowMs)
    const allowed = times.length < this.count
    if (allowed) times.push(now)
    this.recent.set(member, times)
    return allowed
  }

  forget(member: MemberId): void {
    this.recent.delete(member)
  }
}
