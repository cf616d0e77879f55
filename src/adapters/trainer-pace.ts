// Time between training steps: lets the event loop run, waits while paused, sleeps for effort below one, and ends at
// once on stop. Shared by the trainers that compute in their own thread; knows nothing about what a step does.
import { createEventTurn } from './event-turn.ts'

/** Computing this long without a turn of the event loop is the longest that a message waits. */
const TURN_MS = 4
/** Timers are coarser than this: shorter rests are saved up. */
const SHORTEST_SLEEP_MS = 4

export interface Pace {
  readonly stopped: boolean
  readonly effort: number
  /** Call between steps with the time the last one took; resolves when the next may start (or the job is stopped). */
  rest(computedMs: number): Promise<void>
  /** Only a turn of the event loop, for long computations beside a job. */
  turn(): Promise<void>
  /** Starts a job: forgets an earlier stop. */
  begin(): void
  stop(): void
  setPaused(paused: boolean): void
  setEffort(effort: number): void
  close(): void
}

export function createPace(): Pace {
  let stopped = false
  let paused = false
  let effort = 1
  let sinceTurnMs = 0
  let owedMs = 0
  let wake: (() => void) | null = null
  const eventTurn = createEventTurn()

  const interruptible = (ms: number | null): Promise<void> =>
    new Promise(resolve => {
      const timer = ms === null ? null : setTimeout(() => wake?.(), ms)
      wake = () => {
        if (timer !== null) clearTimeout(timer)
        wake = null
        resolve()
      }
    })

  return {
    get stopped() {
      return stopped
    },
    get effort() {
      return effort
    },
    async rest(computedMs) {
      owedMs += computedMs * (1 / effort - 1)
      sinceTurnMs += computedMs
      if (sinceTurnMs >= TURN_MS) {
        sinceTurnMs = 0
        await eventTurn.wait()
      }
      while (!stopped && (paused || owedMs >= SHORTEST_SLEEP_MS)) {
        const start = performance.now()
        await interruptible(paused ? null : owedMs)
        // A pause counts as rest too.
        owedMs = Math.max(0, owedMs - (performance.now() - start))
      }
    },
    turn: () => eventTurn.wait(),
    begin() {
      stopped = false
      owedMs = 0
      sinceTurnMs = 0
    },
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
      eventTurn.close()
    },
  }
}
