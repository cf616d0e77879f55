// One direction of a link between two members of a memory network: a queue with a rate, a delay and losses, served by the
// injected clock. Order is kept; control overtakes bulk between slices, as it does between frames on a real link. A lost
// slice costs one more round trip, since real links repeat what they lose. Not a model of congestion.
import type { Clock } from '../ports/clock.ts'
import type { Priority } from '../ports/transport.ts'

export const BULK_QUEUE_BYTES = 8 * 1024 * 1024
const SLICE_BYTES = 64 * 1024
const RESEND_FLOOR_MS = 100

export interface LinkConditions {
  latencyMs(): number
  /** Chance in [0, 1) that a slice must be sent again. */
  isLost(): boolean
  bytesPerSecond(): number
}

interface Queued {
  readonly bytes: Uint8Array
  sent: number
}

export class MemoryLink {
  sentBytes = 0
  receivedBytes = 0
  #control: Queued[] = []
  #bulk: Queued[] = []
  #bulkBytes = 0
  #controlBytes = 0
  #lastArrival = 0
  #serving = false
  #open = true
  #flowing = true
  readonly #timers = new Set<() => void>()

  constructor(
    readonly clock: Clock,
    readonly conditions: LinkConditions,
    readonly deliver: (bytes: Uint8Array) => void,
  ) {}

  get bufferedBytes(): number {
    return this.#bulkBytes + this.#controlBytes
  }

  send(bytes: Uint8Array, priority: Priority): boolean {
    if (priority === 'control') {
      this.#control.push({ bytes, sent: 0 })
      this.#controlBytes += bytes.byteLength
    } else {
      if (this.#bulkBytes > 0 && this.#bulkBytes + bytes.byteLength > BULK_QUEUE_BYTES) return false
      this.#bulk.push({ bytes, sent: 0 })
      this.#bulkBytes += bytes.byteLength
    }
    this.#serve()
    return true
  }

  /** A cut wire keeps what is queued. */
  setFlowing(flowing: boolean): void {
    this.#flowing = flowing
    if (flowing) this.#serve()
  }

  close(): void {
    this.#open = false
    for (const cancel of this.#timers) cancel()
    this.#timers.clear()
    this.#control = []
    this.#bulk = []
    this.#bulkBytes = this.#controlBytes = 0
  }

  #after(ms: number, callback: () => void): void {
    const cancel = this.clock.after(ms, () => {
      this.#timers.delete(cancel)
      if (this.#open) callback()
    })
    this.#timers.add(cancel)
  }

  #serve(): void {
    if (this.#serving || !this.#flowing || !this.#open) return
    const queue = this.#control.length > 0 ? this.#control : this.#bulk
    const head = queue[0]
    if (!head) return
    const rate = this.conditions.bytesPerSecond()
    if (rate === Infinity) return this.#serveAll()
    const left = head.bytes.byteLength - head.sent
    const slice = Math.min(left, SLICE_BYTES)
    this.#serving = true
    this.#after((slice / rate) * 1000, () => {
      this.#serving = false
      head.sent += slice
      if (queue === this.#control) this.#controlBytes -= slice
      else this.#bulkBytes -= slice
      this.sentBytes += slice
      if (head.sent === head.bytes.byteLength) {
        queue.shift()
        this.#travel(head.bytes)
      }
      this.#serve()
    })
  }

  /** Without a rate all that was sent in one turn goes at once. */
  #serveAll(): void {
    this.#serving = true
    this.#after(0, () => {
      this.#serving = false
      if (!this.#flowing) return
      const sent = [...this.#control.splice(0), ...this.#bulk.splice(0)]
      this.#controlBytes = this.#bulkBytes = 0
      for (const { bytes } of sent) {
        this.sentBytes += bytes.byteLength
        this.#travel(bytes)
      }
    })
  }

  #travel(bytes: Uint8Array): void {
    const latency = this.conditions.latencyMs()
    let delay = latency
    while (this.conditions.isLost()) delay += Math.max(2 * latency, RESEND_FLOOR_MS)
    this.#lastArrival = Math.max(this.#lastArrival, this.clock.now() + delay)
    const arrive = (): void => {
      this.receivedBytes += bytes.byteLength
      // A copy: one array may go to many members, and each of them owns what it receives.
      this.deliver(new Uint8Array(bytes))
    }
    const wait = this.#lastArrival - this.clock.now()
    if (wait > 0) this.#after(wait, arrive)
    else arrive()
  }
}
