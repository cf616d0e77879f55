// Time between training steps: lets the event loop run, waits while paused, sleeps for effort below one and for a rate, and
// ends at once on stop. Shared by the trainers that compute in their own thread and by those whose steps are computed
// elsewhere; knows nothing about what a step does.
import type { Clock } from '../ports/clock.ts'

/** Computing this long without a turn of the event loop is the longest that a message waits. */
const TURN_MS = 4
/** Timers are coarser than this: shorter rests are saved up. */
const SHORTEST_SLEEP_MS = 4
/** Longer timers would overflow and fire at once. */
const LONGEST_SLEEP_MS = 1e9

export interface Pace {
  readonly stopped: boolean
  readonly effort: number
  /** Milliseconds since the job began, without pausedMs: what a rate is measured by. */
  readonly activeMs: number
  /** As TrainResult.pausedMs, of the job so far. */
  readonly pausedMs: number
  /**
   * Starts a job: forgets an earlier stop, and resolves when the first step may start. What an earlier job still had to
   * wait for its rate is waited first, at most `carryMs`, or stopping early would be a way around the rate.
   */
  begin(carryMs: number): Promise<void>
  /**
   * Call after each step with the time it took and the time that the rate asks to wait from now; resolves when the next
   * may start (or the job is stopped). Sleeping for the effort, for the rate and for a pause go on side by side.
   */
  rest(computedMs: number, rateMs: number): Promise<void>
  /** Only a turn of the event loop, for long computations beside a job. */
  turn(): Promise<void>
  stop(): void
  setPaused(paused: boolean): void
  setEffort(effort: number): void
  close(): void
}

/** One turn of the event loop; `wait` resolves at once when closed. */
export interface Turn {
  wait(): Promise<void>
  close(): void
}

export function createPace(clock: Pick<Clock, 'now' | 'after'>, turn: Turn): Pace {
  let stopped = false
  let paused = false
  let effort = 1
  let sinceTurnMs = 0
  let owedMs = 0
  // The rate lets no step start before.
  let notBefore = -Infinity
  let pausedMs = 0
  let begunAt = 0
  let pausedBefore = 0
  let wake: (() => void) | null = null

  const interruptible = (ms: number | null): Promise<void> =>
    new Promise(resolve => {
      const cancel = ms === null ? null : clock.after(Math.min(ms, LONGEST_SLEEP_MS), () => wake?.())
      wake = () => {
        cancel?.()
        wake = null
        resolve()
      }
    })

  const rest = async (computedMs: number, rateMs: number): Promise<void> => {
    owedMs += computedMs * (1 / effort - 1)
    if (rateMs > 0) notBefore = clock.now() + rateMs
    sinceTurnMs += computedMs
    if (sinceTurnMs >= TURN_MS) {
      sinceTurnMs = 0
      await turn.wait()
    }
    while (!stopped) {
      const start = clock.now()
      const needMs = Math.max(owedMs, notBefore - start)
      if (!paused && needMs < SHORTEST_SLEEP_MS) return
      const wasPaused = paused
      await interruptible(paused ? null : needMs)
      const sleptMs = clock.now() - start
      owedMs = Math.max(0, owedMs - sleptMs)
      if (wasPaused) pausedMs += Math.max(0, sleptMs - Math.max(0, needMs))
    }
  }

  return {
    get stopped() {
      return stopped
    },
    get effort() {
      return effort
    },
    get activeMs() {
      return clock.now() - begunAt - (pausedMs - pausedBefore)
    },
    get pausedMs() {
      return pausedMs
    },
    async begin(carryMs) {
      stopped = false
      owedMs = 0
      sinceTurnMs = 0
      pausedMs = 0
      notBefore = Math.min(notBefore, clock.now() + carryMs)
      await rest(0, 0)
      begunAt = clock.now()
      pausedBefore = pausedMs
    },
    rest,
    turn: () => turn.wait(),
    stop() {
      stopped = true
      wake?.()
    },
    setPaused(value) {
      paused = value
      wake?.()
    },
    setEffort(value) {
      if (!(value > 0 && value <= 1)) throw new RangeError(`effort must be in (0, 1]: ${value}`)
      effort = value
      owedMs = 0
      wake?.()
    },
    close() {
      stopped = true
      wake?.()
      turn.close()
    },
  }
}
