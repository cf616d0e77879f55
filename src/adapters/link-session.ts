// One link between two proven members: queues, reassembly, acknowledgements, pings and byte counts, over whichever channel
// carries it now. It outlives channels: detached it keeps what is unsaid, and a channel that resumes it goes on where the
// other side left off. Whether to look for another channel, and when to give up, the transport decides.
import { Inbox, decodeLinkFrame, encodeLinkFrame, MAX_LINK_FRAME_BYTES } from '../protocol/frames.ts'
import type { CloseCode, LinkFrame } from '../protocol/frames.ts'
import type { Clock } from '../ports/clock.ts'
import type { LinkStats, Priority } from '../ports/transport.ts'
import type { LinkChannel } from './link-channel.ts'
import { Outbox } from './link-outbox.ts'

export interface LinkSessionEvents {
  onMessage(bytes: Uint8Array): void
  onPeers(frame: Extract<LinkFrame, { type: 'peers' }>): void
  onRelay(frame: Extract<LinkFrame, { type: 'relay' | 'relayed' }>): void
  /** The other side ended the link for good. */
  onClose(code: CloseCode): void
  /** The other side broke the framing; the caller closes the session. */
  onViolation(detail: string): void
  /** The channel is gone; the session waits for another. */
  onDetached(): void
  /** Anything was heard from the other side. */
  onLife(): void
}

export interface ResumePoint {
  readonly control: number
  readonly bulk: number
}

const ACK_EVERY_BYTES = 1024 * 1024
const ACK_EVERY_MESSAGES = 64
/** The channel's own buffer holds about this much time: long enough to stay busy, short enough to be overtaken. */
const BUFFER_SECONDS = 0.2
const BUFFER_FLOOR_BYTES = 64 * 1024
const BUFFER_CEILING_BYTES = 2 * 1024 * 1024

export class LinkSession {
  /** Set to 0 by any frame; whoever counts adds. */
  silentTicks = 0
  #channel: LinkChannel | undefined
  #sentBytes = 0
  #receivedBytes = 0
  #rttMs: number | undefined
  #pingToken = 0
  #pingSentAt = 0
  #undeliveredAcks = 0
  #unackedBytes = 0
  #bufferLimit = 4 * BUFFER_FLOOR_BYTES
  #drainMark: { readonly at: number; readonly drained: number } | undefined
  #channelSent = 0
  readonly #outbox = new Outbox()
  readonly #inboxes = { control: new Inbox(), bulk: new Inbox() }
  readonly #scratch = new Uint8Array(MAX_LINK_FRAME_BYTES)

  constructor(
    readonly clock: Clock,
    readonly events: LinkSessionEvents,
  ) {}

  get isAttached(): boolean {
    return this.#channel !== undefined
  }

  /** Numbers of the last messages delivered here. */
  get delivered(): ResumePoint {
    return { control: this.#inboxes.control.delivered, bulk: this.#inboxes.bulk.delivered }
  }

  get stats(): LinkStats {
    return {
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
      bufferedBytes: this.#outbox.waitingBytes + (this.#channel?.bufferedBytes ?? 0),
      ...(this.#rttMs === undefined ? {} : { rttMs: this.#rttMs }),
      path: this.#channel?.path ?? 'direct',
    }
  }

  /** Goes on over a new channel, after what the other side has. False: it claims what was never sent. */
  attach(channel: LinkChannel, theirs: ResumePoint): boolean {
    this.#release('replaced')
    if (!this.#outbox.acknowledge(theirs.control, theirs.bulk)) return false
    this.#outbox.rewind()
    this.#inboxes.control.restart()
    this.#inboxes.bulk.restart()
    this.silentTicks = 0
    this.#channelSent = 0
    this.#drainMark = undefined
    this.#channel = channel
    channel.setLowWater(this.#bufferLimit / 2)
    channel.receive({
      onFrame: bytes => {
        if (this.#channel === channel) this.#onFrame(bytes)
      },
      onLow: () => {
        if (this.#channel === channel) this.#onLow()
      },
      onClosed: () => {
        if (this.#channel === channel) this.#detach()
      },
    })
    this.#pump()
    return true
  }

  send(bytes: Uint8Array, priority: Priority): boolean {
    if (!this.#outbox.put(bytes, priority)) return false
    this.#pump()
    return true
  }

  /** Control frames of the link itself go straight to the channel; a detached session drops them. */
  post(frame: Exclude<LinkFrame, { type: 'data' }>): void {
    this.#write(encodeLinkFrame(frame))
  }

  /** Once a ping interval. */
  tick(): void {
    this.ping()
    this.#acknowledge()
  }

  ping(): void {
    this.#pingToken = (this.#pingToken + 1) >>> 0
    this.#pingSentAt = this.clock.now()
    this.post({ type: 'ping', token: this.#pingToken })
  }

  /** Ends the link: the code goes out after the control messages that wait, if the channel takes them. */
  close(code: CloseCode): void {
    const channel = this.#channel
    if (channel) {
      while (channel.bufferedBytes < BUFFER_CEILING_BYTES) {
        const length = this.#outbox.next(this.#scratch, 'control')
        if (length === 0 || !this.#write(this.#scratch.subarray(0, length))) break
      }
    }
    this.#release(code)
  }

  #release(code: CloseCode): void {
    const channel = this.#channel
    if (!channel) return
    channel.send(encodeLinkFrame({ type: 'close', code }))
    this.#channel = undefined
    channel.close()
  }

  #detach(): void {
    const channel = this.#channel
    if (!channel) return
    this.#channel = undefined
    channel.close()
    this.events.onDetached()
  }

  #write(bytes: Uint8Array): boolean {
    const channel = this.#channel
    if (!channel) return false
    if (!channel.send(bytes)) {
      this.#detach()
      return false
    }
    this.#sentBytes += bytes.byteLength
    this.#channelSent += bytes.byteLength
    return true
  }

  #pump(): void {
    const channel = this.#channel
    if (!channel) return
    while (channel.bufferedBytes < this.#bufferLimit) {
      const length = this.#outbox.next(this.#scratch)
      if (length === 0) return
      if (!this.#write(this.#scratch.subarray(0, length))) return
    }
    this.#drainMark ??= { at: this.clock.now(), drained: this.#channelSent - channel.bufferedBytes }
  }

  /** The buffer was busy since the mark, so what left it since then is the link's rate. */
  #onLow(): void {
    const channel = this.#channel
    const mark = this.#drainMark
    if (channel && mark) {
      const seconds = (this.clock.now() - mark.at) / 1000
      const drained = this.#channelSent - channel.bufferedBytes - mark.drained
      if (seconds > 0.005) {
        const wanted = (drained / seconds) * BUFFER_SECONDS
        const limit = (this.#bufferLimit + wanted) / 2
        this.#bufferLimit = Math.min(BUFFER_CEILING_BYTES, Math.max(BUFFER_FLOOR_BYTES, limit))
        channel.setLowWater(this.#bufferLimit / 2)
        this.#drainMark = undefined
      }
    }
    this.#pump()
  }

  #onFrame(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.byteLength
    this.silentTicks = 0
    const frame = decodeLinkFrame(bytes)
    if (!frame) return this.events.onViolation('not a frame')
    this.events.onLife()
    switch (frame.type) {
      case 'data':
        return this.#onData(frame)
      case 'ping':
        return this.post({ type: 'pong', token: frame.token })
      case 'pong':
        if (frame.token === this.#pingToken) this.#rttMs = this.clock.now() - this.#pingSentAt
        return
      case 'ack':
        if (!this.#outbox.acknowledge(frame.control, frame.bulk)) {
          return this.events.onViolation('acknowledges what was not sent')
        }
        return this.#pump()
      case 'peers':
        return this.events.onPeers(frame)
      case 'relay':
      case 'relayed':
        return this.events.onRelay(frame)
      case 'close':
        return this.#onClose(frame.code)
      default:
        frame satisfies never
    }
  }

  #onData(frame: Extract<LinkFrame, { type: 'data' }>): void {
    const result = this.#inboxes[frame.lane].accept(frame.id, frame.total, frame.offset, frame.piece)
    if (result.type === 'malformed') return this.events.onViolation(result.detail)
    this.#unackedBytes += frame.piece.byteLength
    if (result.type === 'partial') return
    this.#undeliveredAcks++
    if (this.#unackedBytes >= ACK_EVERY_BYTES || this.#undeliveredAcks >= ACK_EVERY_MESSAGES)
      this.#acknowledge()
    this.events.onMessage(result.bytes)
  }

  #acknowledge(): void {
    if (this.#undeliveredAcks === 0) return
    this.#undeliveredAcks = 0
    this.#unackedBytes = 0
    this.post({ type: 'ack', ...this.delivered })
  }

  #onClose(code: CloseCode): void {
    // A newer channel of this link is up on the other side and about to be here.
    if (code === 'replaced') return this.#detach()
    this.#channel?.close()
    this.#channel = undefined
    this.events.onClose(code)
  }
}
