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

/** Ticks of 250 ms of a channel that takes so many bytes in each and has something waiting or not. */
function flow(
  { stats, uplink }: ReturnType<typeof channel>,
  bytes: number,
  waiting: number,
  ticks = 20,
): void {
  for (let tick = 0; tick < ticks; tick++) {
    stats.sentBytes += bytes
    stats.bufferedBytes = waiting
    uplink.sample(tick * 250)
  }
}

describe('an uplink', () => {
  test('that never fills is wide, whatever is asked of it', () => {
    const full = channel()
    flow(full, 1_000_000, 0)
    expect(full.uplink.judge(1e9, 1)).toBe(false)
  })

  test('is narrow when whole updates would take more than half of it', () => {
    const slow = channel()
    // 125 bytes a millisecond: one megabit a second.
    flow(slow, 31_250, 50_000)
    expect(slow.uplink.judge(115_000, 2_000)).toBe(false)
    expect(slow.uplink.judge(115_000, 1_000)).toBe(true)
  })

  test('stays narrow in between, and is wide again when there is room', () => {
    const slow = channel()
    flow(slow, 31_250, 50_000)
    expect(slow.uplink.judge(115_000, 1_000)).toBe(true)
    expect(slow.uplink.judge(115_000, 2_000)).toBe(true)
    expect(slow.uplink.judge(115_000, 4_000)).toBe(false)
  })

  test('a link that begins anew counts nothing', () => {
    const slow = channel()
    flow(slow, 31_250, 50_000)
    slow.stats.sentBytes = 0
    slow.uplink.sample(20 * 250)
    expect(slow.uplink.judge(115_000, 1_000)).toBe(true)
  })
})
