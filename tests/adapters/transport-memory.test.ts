import { describe, expect, test } from 'vitest'
import { SharedLine } from '../../src/adapters/link-memory.ts'
import { createMemoryNetwork } from '../../src/adapters/transport-memory.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { describeTransport, record } from '../contract/transport.ts'

const GRACE_MS = 400
const memberId = (n: number): MemberId => `m${n}`.padEnd(43, '_') as MemberId

describeTransport('memory', {
  graceMs: GRACE_MS,
  lossMs: GRACE_MS,
  async createFixture() {
    const network = createMemoryNetwork({ graceMs: GRACE_MS })
    let members = 0
    return {
      join: async () => network.transport(memberId(members++)),
      cut: (a, b) => network.disconnect(a.self, b.self),
      restore: (a, b) => network.connect(a.self, b.self),
      openLinks: () => network.openLinks(),
      destroy: async () => undefined,
    }
  },
})

/** Time that moves only when told to, jumping from timer to timer. */
function virtualClock(): Clock & { run(ms: number): void } {
  let now = 0
  let order = 0
  const timers = new Map<number, { at: number; callback: () => void }>()
  return {
    now: () => now,
    unixMs: () => now,
    after(ms, callback) {
      const id = order++
      timers.set(id, { at: now + ms, callback })
      return () => timers.delete(id)
    },
    run(ms) {
      const end = now + ms
      for (;;) {
        let next: [number, { at: number; callback: () => void }] | undefined
        for (const timer of timers) {
          if (timer[1].at <= end && (!next || timer[1].at < next[1].at)) next = timer
        }
        if (!next) break
        timers.delete(next[0])
        now = next[1].at
        next[1].callback()
      }
      now = end
    },
  }
}

describe('a memory network under a virtual clock', () => {
  test('latency and rate decide when a message arrives', () => {
    const clock = virtualClock()
    const network = createMemoryNetwork({ clock, latencyMs: () => 40, bytesPerSecond: () => 1_000_000 })
    const a = network.transport(memberId(0))
    const b = network.transport(memberId(1))
    const fromB = record(b)
    clock.run(1)
    a.send(b.self, new Uint8Array(100_000), 'bulk')
    clock.run(139)
    expect(fromB.messagesFrom(a.self)).toHaveLength(0)
    clock.run(2)
    expect(fromB.messagesFrom(a.self)).toHaveLength(1)
    // Two frames with a header of 16 bytes each.
    expect(a.stats(b.self)).toMatchObject({ sentBytes: 100_032, bufferedBytes: 0, rttMs: 80, path: 'memory' })
  })

  test('losses delay but keep order; the same seed gives the same times', () => {
    const run = (seed: string): number[] => {
      const clock = virtualClock()
      const network = createMemoryNetwork({ clock, seed, latencyMs: () => 20, lossRate: () => 0.3 })
      const a = network.transport(memberId(0))
      const b = network.transport(memberId(1))
      const times: number[] = []
      const order: number[] = []
      b.subscribe(event => {
        if (event.type !== 'message') return
        times.push(clock.now())
        order.push(event.bytes[0]!)
      })
      clock.run(1)
      for (let i = 0; i < 50; i++) {
        a.send(b.self, Uint8Array.of(i), 'control')
        clock.run(10)
      }
      clock.run(5_000)
      expect(order).toEqual(Array.from({ length: 50 }, (_, i) => i))
      return times
    }
    expect(run('s1')).toEqual(run('s1'))
    expect(run('s1')).not.toEqual(run('s2'))
  })

  test('fifty members form one overlay of few links each, and it survives leaving and killing', () => {
    const clock = virtualClock()
    const network = createMemoryNetwork({ clock, graceMs: 5_000 })
    const all = Array.from({ length: 50 }, (_, i) => network.transport(memberId(i)))
    clock.run(10)
    const check = (alive: typeof all): void => {
      const byId = new Map(alive.map(t => [t.self, t]))
      const seen = new Set<MemberId>([alive[0]!.self])
      const queue = [alive[0]!]
      for (const transport of queue) {
        expect(transport.links().length).toBeGreaterThanOrEqual(5)
        expect(transport.links().length).toBeLessThanOrEqual(8)
        for (const other of transport.links()) {
          if (seen.has(other)) continue
          seen.add(other)
          queue.push(byId.get(other)!)
        }
      }
      expect(seen.size).toBe(alive.length)
    }
    check(all)
    for (let i = 0; i < 10; i++) all[i]!.close()
    for (let i = 10; i < 15; i++) network.kill(memberId(i))
    clock.run(6_000)
    check(all.slice(15))
  })

  test('a partition is noticed after the grace period and healed', () => {
    const clock = virtualClock()
    const network = createMemoryNetwork({ clock, graceMs: 5_000 })
    const all = Array.from({ length: 4 }, (_, i) => network.transport(memberId(i)))
    const seen = record(all[0]!)
    clock.run(1)
    network.partition([[memberId(0), memberId(1)]])
    clock.run(4_990)
    expect(all[0]!.links()).toHaveLength(3)
    clock.run(20)
    expect(all[0]!.links()).toEqual([memberId(1)])
    network.heal()
    clock.run(1)
    expect(all[0]!.links()).toHaveLength(3)
    expect(seen.events.filter(e => e.type === 'down')).toHaveLength(2)
    expect(seen.events.filter(e => e.type === 'up')).toHaveLength(5)
  })

  test('a killed process that starts anew is down, then up', () => {
    const clock = virtualClock()
    const network = createMemoryNetwork({ clock })
    const a = network.transport(memberId(0))
    network.transport(memberId(1))
    const seen = record(a)
    clock.run(1)
    network.kill(memberId(1))
    clock.run(1_000)
    network.transport(memberId(1))
    clock.run(1)
    expect(seen.events.map(e => e.type)).toEqual(['up', 'down', 'up'])
  })

  test('links of one member share its line out, and links to one member its line in; order is kept', () => {
    const clock = virtualClock()
    const network = createMemoryNetwork({
      clock,
      lines: () => ({ up: new SharedLine(100_000), down: new SharedLine(400_000) }),
    })
    const all = Array.from({ length: 3 }, (_, i) => network.transport(memberId(i)))
    const [a, b, c] = all as [(typeof all)[0], (typeof all)[0], (typeof all)[0]]
    const arrivals: string[] = []
    for (const to of [b, c])
      to.subscribe(event => {
        if (event.type === 'message')
          arrivals.push(`${to.self[1]}${event.bytes[0]} ${Math.round(clock.now())}`)
      })
    clock.run(1)
    const first = new Uint8Array(40_000).fill(1)
    a.send(b.self, first, 'bulk')
    a.send(c.self, first, 'bulk')
    a.send(c.self, Uint8Array.of(2), 'control')
    clock.run(500)
    // Control waits for what is under way on each link, not for the messages that they have begun.
    expect(arrivals.map(text => text.slice(0, 2))).toEqual(['22'])
    clock.run(2_000)
    const at = arrivals.map(text => Number(text.split(' ')[1]))
    expect(arrivals.map(text => text.slice(0, 2)).sort()).toEqual(['11', '21', '22'])
    // 80,000 bytes at 100,000 a second: neither goes before the other, and the last is through after 0.8 s and its last slice on the way in.
    expect(Math.min(...at.slice(1))).toBeGreaterThan(600)
    expect(Math.max(...at)).toBeGreaterThan(800)
    expect(Math.max(...at)).toBeLessThan(950)
    const record = network.records().find(({ from, to }) => from === a.self && to === c.self)
    expect(record).toMatchObject({ sentBytes: 40_033, peakBufferedBytes: 40_001 })
  })

  test('who cannot be linked is not, and the rest of the room still is', () => {
    const clock = virtualClock()
    const shut = new Set([memberId(0), memberId(1)])
    const network = createMemoryNetwork({ clock, canLink: (a, b) => !(shut.has(a) && shut.has(b)) })
    const all = Array.from({ length: 4 }, (_, i) => network.transport(memberId(i)))
    clock.run(1)
    expect(all.map(t => t.links().length)).toEqual([2, 2, 3, 3])
    network.connect(memberId(0), memberId(1))
    clock.run(1)
    expect(all[0]!.links()).not.toContain(memberId(1))
  })

  test('a process that stands still is lost after the grace period, and hears of it when it goes on', () => {
    const clock = virtualClock()
    const network = createMemoryNetwork({ clock, graceMs: 5_000 })
    const a = network.transport(memberId(0))
    const b = network.transport(memberId(1))
    const [fromA, fromB] = [record(a), record(b)]
    clock.run(1)
    network.suspend(b.self)
    a.send(b.self, Uint8Array.of(7), 'control')
    expect(network.bufferedBytes(a.self)).toBe(1)
    clock.run(3_000)
    network.resume(b.self)
    clock.run(1)
    expect(fromB.messagesFrom(a.self)).toHaveLength(1)
    network.suspend(b.self)
    clock.run(20_000)
    expect(fromA.events.map(({ type }) => type)).toEqual(['up', 'down'])
    expect(fromB.events.map(({ type }) => type)).toEqual(['up', 'message'])
    network.resume(b.self)
    clock.run(1)
    expect(fromB.events.map(({ type }) => type)).toEqual(['up', 'message', 'down', 'up'])
    expect(a.links()).toEqual([b.self])
  })
})
