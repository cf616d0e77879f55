// Time that jumps from timer to timer. Between two timers everything that is already promised gets to run, so code that
// awaits behaves as under a real clock, only sooner. Same callbacks, same order, every time. For code whose promises depend
// on nothing but each other: what waits for a disk or a socket may come late.
import type { Clock } from '../ports/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  /** Null once it was cancelled: it then leaves the heap when its time comes. */
  callback: (() => void) | null
}

/** How the place where it runs lets promises run dry, and others have a turn. */
export interface Turns {
  promisesDrained(): Promise<void>
  eventLoopTurn(): Promise<void>
}

/** Now and then the event loop of the machine gets a turn, for messages of other threads. */
const BREATH = 4_096

export class VirtualClock implements Clock {
  private time = 0
  private order = 0
  /** A binary heap, earliest first. */
  private readonly heap: Timer[] = []
  private turns = 0

  constructor(private readonly place: Turns = nodeTurns) {}

  now(): number {
    return this.time
  }

  unixMs(): number {
    return 1_700_000_000_000 + Math.round(this.time)
  }

  after(ms: number, callback: () => void): () => void {
    const timer: Timer = { at: this.time + Math.max(0, ms), order: this.order++, callback }
    if (timer.at !== Infinity) this.push(timer)
    return () => {
      timer.callback = null
    }
  }

  /** Runs until the time is reached or `done` says so; returns whether it was done. */
  async run(untilMs: number, done: () => boolean = () => false): Promise<boolean> {
    for (;;) {
      await (++this.turns % BREATH === 0 ? this.place.eventLoopTurn() : this.place.promisesDrained())
      if (done()) return true
      const next = this.earliest()
      if (!next || next.at > untilMs) {
        this.time = Math.max(this.time, untilMs)
        return false
      }
      this.pop()
      this.time = Math.max(this.time, next.at)
      next.callback!()
    }
  }

  private earliest(): Timer | undefined {
    while (this.heap.length > 0 && this.heap[0]!.callback === null) this.pop()
    return this.heap[0]
  }

  private push(timer: Timer): void {
    const { heap } = this
    let at = heap.length
    heap.push(timer)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(timer, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = timer
  }

  private pop(): void {
    const { heap } = this
    const last = heap.pop()!
    const size = heap.length
    if (size === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

const nodeTurns: Turns = {
  /** Ticks come when no promise reaction is left that could run: far cheaper than a turn of the event loop. */
  promisesDrained: () => new Promise(resolve => process.nextTick(resolve)),
  eventLoopTurn: () => new Promise(resolve => setImmediate(resolve)),
}
