// One direction of a link between two members of a memory network: a queue with a rate, a delay and losses, served by the
// injected clock. Order is kept; control overtakes bulk between slices, as it does between frames on a real link. A lost
// slice costs one more round trip, since real links repeat what they lose. Bytes are counted with the frame headers that a
// data channel would carry. Not a model of congestion.
import type { Clock } from '../ports/clock.ts'
import type { Priority } from '../ports/transport.ts'
import { DATA_HEADER_BYTES, MAX_PIECE_BYTES } from '../protocol/frames.ts'

export const BULK_QUEUE_BYTES = 8 * 1024 * 1024
const SLICE_BYTES = 64 * 1024
/** On a line that is shared: no link keeps the others waiting for longer than this takes. */
const SHARED_SLICE_BYTES = 16 * 1024
const RESEND_FLOOR_MS = 100
/** Below this the receiver's line is as good as free: a timer for it would cost more than it tells. */
const NOTICEABLE_MS = 1

/** One way of a member's line, shared by all of its links: what enters leaves in the same order, at the line's rate. */
export class SharedLine {
  #freeAt = 0

  constructor(readonly bytesPerSecond: number) {}

  /** When bytes that enter at `from` have left. */
  passBy(bytes: number, from: number): number {
    this.#freeAt = Math.max(this.#freeAt, from) + (bytes / this.bytesPerSecond) * 1000
    return this.#freeAt
  }
}

export interface LinkConditions {
  latencyMs(): number
  /** Comes on top of the latency, drawn for every slice. */
  jitterMs(): number
  /** Chance in [0, 1) that a slice must be sent again. */
  isLost(): boolean
  bytesPerSecond(): number
  /** The sender's way out and the receiver's way in, where links share them. */
  readonly up?: SharedLine | undefined
  readonly down?: SharedLine | undefined
}

interface Queued {
  readonly bytes: Uint8Array
  sent: number
}

export class MemoryLink {
  sentBytes = 0
  receivedBytes = 0
  /** The most that ever waited here. */
  peakBufferedBytes = 0
  #control: Queued[] = []
  #bulk: Queued[] = []
  #bulkBytes = 0
  #controlBytes = 0
  #lastArrival = 0
  /** Messages that wait for the receiver's line. */
  #entering = 0
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
    this.peakBufferedBytes = Math.max(this.peakBufferedBytes, this.bufferedBytes)
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
    const { up } = this.conditions
    const rate = this.conditions.bytesPerSecond()
    if (rate === Infinity && !up) return this.#serveAll()
    const limit = up ? SHARED_SLICE_BYTES : SLICE_BYTES
    // A slice is a part of one message, or as many whole small ones as fit.
    let slice = Math.min(head.bytes.byteLength - head.sent, limit)
    let whole = 0
    if (head.sent + slice === head.bytes.byteLength)
      for (whole = 1; whole < queue.length; whole++) {
        const next = queue[whole]!.bytes.byteLength
        if (slice + next > limit) break
        slice += next
      }
    const now = this.clock.now()
    const ownMs = (slice / rate) * 1000
    const ms = up ? Math.max(ownMs, up.passBy(slice, now) - now) : ownMs
    this.#serving = true
    this.#after(ms, () => {
      this.#serving = false
      if (queue === this.#control) this.#controlBytes -= slice
      else this.#bulkBytes -= slice
      if (whole === 0) {
        head.sent += slice
        this.sentBytes += slice
      } else {
        this.sentBytes -= head.sent
        this.#travel(queue.splice(0, whole).map(({ bytes }) => bytes))
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
      for (const { bytes } of sent) this.#travel([bytes])
    })
  }

  /** Whole messages that left together, and arrive so. */
  #travel(messages: readonly Uint8Array[]): void {
    const { conditions } = this
    for (const { byteLength } of messages) this.sentBytes += framedBytes(byteLength)
    const latency = conditions.latencyMs()
    let delay = latency + conditions.jitterMs()
    while (conditions.isLost()) delay += Math.max(2 * latency, RESEND_FLOOR_MS)
    this.#lastArrival = Math.max(this.#lastArrival, this.clock.now() + delay)
    const wait = this.#lastArrival - this.clock.now()
    if (wait > 0) this.#after(wait, () => this.#enter(messages))
    else this.#enter(messages)
  }

  #enter(messages: readonly Uint8Array[]): void {
    const { down } = this.conditions
    const now = this.clock.now()
    const arrive = (): void => {
      for (const bytes of messages) {
        if (!this.#open) return
        this.receivedBytes += framedBytes(bytes.byteLength)
        // A copy: one array may go to many members, and each of them owns what it receives.
        this.deliver(new Uint8Array(bytes))
      }
    }
    if (!down) return arrive()
    let size = 0
    for (const { byteLength } of messages) size += byteLength
    const wait = down.passBy(size, now) - now
    if (wait < NOTICEABLE_MS && this.#entering === 0) return arrive()
    this.#entering++
    this.#after(wait, () => {
      this.#entering--
      arrive()
    })
  }
}

function framedBytes(bytes: number): number {
  return bytes + DATA_HEADER_BYTES * Math.max(1, Math.ceil(bytes / MAX_PIECE_BYTES))
}
