// One member's own clock over the swarm's virtual time: it may be wrong about the date, and it stands still with its
// process. What fell due meanwhile happens at once, in order, when the process goes on, as in a tab that was frozen.
import type { Clock } from '../ports/clock.ts'

export class MemberClock implements Clock {
  /** Callbacks that fell due while the process stands still; null while it runs. */
  private held: (() => void)[] | null = null

  constructor(
    private readonly time: Clock,
    private readonly skewMs: number,
  ) {}

  now(): number {
    return this.time.now()
  }

  unixMs(): number {
    return this.time.unixMs() + this.skewMs
  }

  after(ms: number, callback: () => void): () => void {
    let cancelled = false
    const due = (): void => {
      if (cancelled) return
      if (this.held) this.held.push(due)
      else callback()
    }
    const cancel = this.time.after(ms, due)
    return () => {
      cancelled = true
      cancel()
    }
  }

  suspend(): void {
    this.held ??= []
  }

  resume(): void {
    const held = this.held ?? []
    this.held = null
    for (const due of held) this.time.after(0, due)
  }
}
