// Time that jumps from timer to timer. Between two timers everything that is already promised gets to run, so code that
// awaits behaves as under a real clock, only sooner. Same callbacks, same order, every time.
import type { Clock } from '../ports/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly callback: () => void
}

export class VirtualClock implements Clock {
  private time = 0
  private order = 0
  private readonly timers = new Map<number, Timer>()

  now(): number {
    return this.time
  }

  unixMs(): number {
    return 1_700_000_000_000 + Math.round(this.time)
  }

  after(ms: number, callback: () => void): () => void {
    const order = this.order++
    this.timers.set(order, { at: this.time + Math.max(0, ms), order, callback })
    return () => this.timers.delete(order)
  }

  /** Runs until the time is reached or `done` says so; returns whether it was done. */
  async run(untilMs: number, done: () => boolean = () => false): Promise<boolean> {
    for (;;) {
      await settled()
      if (done()) return true
      const next = this.earliest()
      if (!next || next.at > untilMs) {
        this.time = Math.max(this.time, untilMs)
        return false
      }
      this.timers.delete(next.order)
      this.time = Math.max(this.time, next.at)
      next.callback()
    }
  }

  private earliest(): Timer | undefined {
    let best: Timer | undefined
    for (const timer of this.timers.values()) {
      if (!best || timer.at < best.at || (timer.at === best.at && timer.order < best.order)) best = timer
    }
    return best
  }
}

/** A turn of the event loop: all promise reactions that were due have run. */
function settled(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
