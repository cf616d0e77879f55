// The Clock port on the machine's own clocks: pages, workers and Node. A tab that is hidden has slow timers; who needs
// them on time runs in a worker.
import type { Clock } from '../ports/clock.ts'

export const systemClock: Clock = {
  now: () => performance.now(),
  unixMs: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  },
}
