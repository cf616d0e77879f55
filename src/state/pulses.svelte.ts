// Updates that pass over this member's links while somebody looks on: which links are lit, and how many passed. Only what is
// new since the page was opened counts. Where a person asked for less motion nothing is lit, and the count says it all.
import type { PassedUpdate } from '../ports/swarm-view.ts'

/** Lit at a time; in a burst the newest are shown. */
const MAX_LIT = 24

export class Pulses {
  lit = $state.raw<readonly PassedUpdate[]>([])
  received = $state(0)
  sent = $state(0)
  #seen: number

  constructor(passed: readonly PassedUpdate[]) {
    this.#seen = passed.at(-1)?.seq ?? -1
  }

  take(passed: readonly PassedUpdate[], still: boolean): void {
    const fresh = passed.filter(({ seq }) => seq > this.#seen)
    if (fresh.length === 0) return
    this.#seen = fresh.at(-1)!.seq
    const received = fresh.filter(({ direction }) => direction === 'in').length
    this.received += received
    this.sent += fresh.length - received
    this.lit = still ? [] : [...this.lit, ...fresh].slice(-MAX_LIT)
  }

  /** Its light has gone out. */
  done(seq: number): void {
    this.lit = this.lit.filter(pulse => pulse.seq !== seq)
  }
}
