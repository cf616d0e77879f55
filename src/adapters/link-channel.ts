// What a link needs of the thing that carries its frames: an ordered, reliable datagram channel with a visible send
// buffer. WebRTC implements it (link-webrtc.ts); tests have a pair in memory. FrameInlet is the receiving half that both
// share: it keeps frames while nobody takes them.

export interface LinkChannelEvents {
  /** The bytes belong to the receiver. */
  onFrame(bytes: Uint8Array): void
  /** The send buffer fell to the low-water mark. */
  onLow(): void
  /** Broken or closed from the other side; never after close(). */
  onClosed(): void
}

export interface LinkChannel {
  /** Copies the frame. False once the channel cannot carry it. */
  send(frame: Uint8Array): boolean
  readonly bufferedBytes: number
  setLowWater(bytes: number): void
  /** One receiver at a time; what came while there was none comes first. */
  receive(events: LinkChannelEvents): void
  /** Keeps what comes until the next receive(). */
  hold(): void
  readonly path: 'direct' | 'relay' | 'memory'
  /** Lets what was sent leave, then closes. */
  close(): void
}

/** Held frames: a proven sender may fill its buffer while this side still verifies. */
const MAX_HELD_BYTES = 8 * 1024 * 1024

export class FrameInlet {
  #events: LinkChannelEvents | undefined
  #held: Uint8Array[] = []
  #heldBytes = 0
  #closed = false

  /** False when too much is held: the channel should end. */
  frame(bytes: Uint8Array): boolean {
    if (this.#events) {
      this.#events.onFrame(bytes)
      return true
    }
    this.#held.push(bytes)
    this.#heldBytes += bytes.byteLength
    return this.#heldBytes <= MAX_HELD_BYTES
  }

  low(): void {
    this.#events?.onLow()
  }

  closed(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#held.length === 0) this.#events?.onClosed()
  }

  receive(events: LinkChannelEvents): void {
    this.#events = events
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    // A frame may change the receiver, or make it hold again.
    for (const bytes of held) this.frame(bytes)
    if (this.#closed && this.#held.length === 0) this.#events?.onClosed()
  }

  hold(): void {
    this.#events = undefined
  }

  /** Nothing more is told. */
  end(): void {
    this.#closed = true
    this.#events = undefined
    this.#held = []
  }
}
