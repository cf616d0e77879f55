import { describe, expect, test } from 'vitest'
import { Uplink } from '../../src/peer/uplink.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import type { Transport } from '../../src/ports/transport.ts'

const LINK = 'link' as MemberId

function channel() {
  const stats = { sentBytes: 0, receivedBytes: 0, bufferedBytes: 0, path: 'memory' as const }
  const transport: Transport = {
    self: 'self' as MemberId,
    links: () => [LINK],
    send: () => true,
    stats: () => stats,
    ban: () => undefined,
    subscribe: () => () => undefined,
    close: () => undefined,
  }
  return { stats, uplink: new Uplink(transport) }
}

/** Samples of a channel in which something waits in `busy` of ten. */
function flow({ stats, uplink }: ReturnType<typeof channel>, busy: number, samples = 200): void {
  for (let sample = 0; sample < samples; sample++) {
    stats.bufferedBytes = sample % 10 < busy ? 5_000 : 0
    stats.sentBytes += 100_000
    uplink.sample()
  }
}

describe('an uplink', () => {
  test('that never fills is wide, whatever is sent', () => {
    const full = channel()
    flow(full, 0)
    expect(full.uplink.judge(1)).toBe(false)
    expect(full.uplink.judge(4)).toBe(false)
  })

  test('that bursts fill for a moment is wide', () => {
    const bursts = channel()
    flow(bursts, 3)
    expect(bursts.uplink.judge(1)).toBe(false)
  })

  test('is narrow when whole updates take more than half of its time', () => {
    const slow = channel()
    flow(slow, 7)
    expect(slow.uplink.judge(1)).toBe(true)
  })

  test('a few samples decide nothing', () => {
    const slow = channel()
    flow(slow, 10, 15)
    expect(slow.uplink.judge(1)).toBe(false)
    flow(slow, 10, 1)
    expect(slow.uplink.judge(1)).toBe(true)
  })

  test('stays narrow while whole updates would need more than a third, and is wide again when there is room', () => {
    const slow = channel()
    flow(slow, 10)
    expect(slow.uplink.judge(1)).toBe(true)
    // A quarter of the bytes now.
    flow(slow, 1)
    expect(slow.uplink.judge(4)).toBe(true)
    flow(slow, 0)
    expect(slow.uplink.judge(4)).toBe(false)
  })
})
