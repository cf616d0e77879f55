// Two ends of a link channel in memory for tests: order is kept, delivery is a macrotask later, and the wire can break or
// let each frame pass through a hand.
import { FrameInlet, type LinkChannel } from '../../src/adapters/link-channel.ts'

export interface ChannelPair {
  readonly ends: readonly [LinkChannel, LinkChannel]
  /** Both ends see it closed; what was under way is lost. */
  break(): void
  /** What arrives at the second end instead of a frame of the first. */
  hand: (frame: Uint8Array, towards: 0 | 1) => Uint8Array | undefined
}

export function createChannelPair(): ChannelPair {
  const inlets = [new FrameInlet(), new FrameInlet()] as const
  let open = true
  const end = (own: 0 | 1): LinkChannel => {
    const other = own === 0 ? 1 : 0
    let buffered = 0
    let lowWater = 0
    let closed = false
    return {
      path: 'memory',
      send(frame) {
        if (!open || closed) return false
        const copy = frame.slice()
        buffered += copy.byteLength
        setTimeout(() => {
          buffered -= copy.byteLength
          if (!open) return
          const arriving = pair.hand(copy, other)
          if (arriving) inlets[other].frame(arriving)
          if (buffered <= lowWater && !closed) inlets[own].low()
        })
        return true
      },
      get bufferedBytes() {
        return buffered
      },
      setLowWater(bytes) {
        lowWater = bytes
      },
      receive: events => inlets[own].receive(events),
      hold: () => inlets[own].hold(),
      close() {
        if (closed) return
        closed = true
        inlets[own].end()
        setTimeout(() => inlets[other].closed(), 1)
      },
    }
  }
  const pair: ChannelPair = {
    ends: [end(0), end(1)],
    hand: frame => frame,
    break() {
      open = false
      for (const inlet of inlets) inlet.closed()
    },
  }
  return pair
}
