// What waits to be sent on one link, and what was sent but not yet acknowledged. Control goes first between pieces. A
// break rewinds to the first message that the other side does not have, so a link that comes back loses and repeats
// nothing. Knows no channel and no time; bounded by its limits.
import { writeDataFrame, MAX_PIECE_BYTES } from '../protocol/frames.ts'
import type { Priority } from '../ports/transport.ts'

/** Unsent bytes that a lane holds; a single larger message is taken when the lane is empty. */
export const QUEUE_BYTES = 8 * 1024 * 1024
/** Sent and unacknowledged bytes after which no new message is started: a receiver that is slow slows only itself. */
const WINDOW_BYTES = 16 * 1024 * 1024

interface Message {
  readonly id: number
  readonly bytes: Uint8Array
}

interface Lane {
  readonly priority: Priority
  /** In order of id; the first may be partly sent. */
  waiting: Message[]
  /** Bytes of waiting[0] that were sent. */
  offset: number
  waitingBytes: number
  unacked: Message[]
  unackedBytes: number
  lastId: number
}

export class Outbox {
  readonly #control = createLane('control')
  readonly #bulk = createLane('bulk')

  /** Bytes not yet handed to the channel. */
  get waitingBytes(): number {
    return this.#control.waitingBytes + this.#bulk.waitingBytes
  }

  /** False when the lane is full; nothing was queued then. */
  put(bytes: Uint8Array, priority: Priority): boolean {
    const lane = this.#lane(priority)
    if (lane.waiting.length > 0 && lane.waitingBytes + bytes.byteLength > QUEUE_BYTES) return false
    lane.waiting.push({ id: ++lane.lastId, bytes })
    lane.waitingBytes += bytes.byteLength
    return true
  }

  /** Writes the next frame into target and returns its length; 0 when nothing can go now. */
  next(target: Uint8Array, lanes: 'all' | 'control' = 'all'): number {
    const lane = lanes === 'control' || canSend(this.#control) ? this.#control : this.#bulk
    const head = lane.waiting[0]
    if (!head || !canSend(lane)) return 0
    const length = writeDataFrame(target, lane.priority, head.id, head.bytes, lane.offset)
    const piece = Math.min(MAX_PIECE_BYTES, head.bytes.byteLength - lane.offset)
    lane.offset += piece
    lane.waitingBytes -= piece
    if (lane.offset === head.bytes.byteLength) {
      lane.waiting.shift()
      lane.offset = 0
      lane.unacked.push(head)
      lane.unackedBytes += head.bytes.byteLength
    }
    return length
  }

  /** The other side has everything up to these. False if it cannot have, since it was not sent. */
  acknowledge(control: number, bulk: number): boolean {
    return acknowledge(this.#control, control) && acknowledge(this.#bulk, bulk)
  }

  /** After a break: what the other side does not have waits again, from its start. */
  rewind(): void {
    for (const lane of [this.#control, this.#bulk]) {
      lane.waiting = [...lane.unacked, ...lane.waiting]
      lane.waitingBytes += lane.unackedBytes + lane.offset
      lane.offset = 0
      lane.unacked = []
      lane.unackedBytes = 0
    }
  }

  #lane(priority: Priority): Lane {
    return priority === 'control' ? this.#control : this.#bulk
  }
}

function createLane(priority: Priority): Lane {
  return { priority, waiting: [], offset: 0, waitingBytes: 0, unacked: [], unackedBytes: 0, lastId: 0 }
}

function canSend(lane: Lane): boolean {
  return lane.waiting.length > 0 && (lane.offset > 0 || lane.unackedBytes < WINDOW_BYTES)
}

function acknowledge(lane: Lane, id: number): boolean {
  const firstUnsent = lane.waiting[0]?.id ?? lane.lastId + 1
  if (id >= firstUnsent) return false
  let done = 0
  for (const message of lane.unacked) {
    if (message.id > id) break
    lane.unackedBytes -= message.bytes.byteLength
    done++
  }
  lane.unacked.splice(0, done)
  return true
}
