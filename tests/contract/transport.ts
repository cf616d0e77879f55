// What every Transport adapter must do, run against each of them: memory, port, and simple-peer in a real browser. A
// fixture builds one room of transports and can cut and restore the wire between two of them. Every transport here has a
// listener: an adapter may wait with its events until somebody listens.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { MemberId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { MAX_MESSAGE_BYTES, type Transport, type TransportEvent } from '../../src/ports/transport.ts'

export interface TransportFixture {
  /** One more member of the same room. */
  join(): Promise<Transport>
  /** The wire between two members breaks and stays broken. */
  cut(a: Transport, b: Transport): void
  restore(a: Transport, b: Transport): void
  /** Real links open now, over all members. */
  openLinks(): number
  /** Frees what the fixture itself holds; the suite has closed the transports. */
  destroy(): Promise<void>
}

export interface TransportSuite {
  readonly createFixture: () => Promise<TransportFixture>
  /** The grace period of the fixture's transports. */
  readonly graceMs: number
  /** How soon after cut() the adapter may report the loss: detection and grace. */
  readonly lossMs: number
}

export interface Recorder {
  readonly events: TransportEvent[]
  messagesFrom(member: MemberId): Uint8Array[]
  until(what: string, done: (events: readonly TransportEvent[]) => boolean): Promise<void>
}

const HANG_MS = 40_000

/** Keeps all events of a transport, and waits for some. */
export function record(transport: Transport): Recorder {
  const events: TransportEvent[] = []
  const waiting = new Set<() => void>()
  transport.subscribe(event => {
    events.push(event)
    for (const check of [...waiting]) check()
  })
  return {
    events,
    messagesFrom: member =>
      events.flatMap(event => (event.type === 'message' && event.from === member ? [event.bytes] : [])),
    until: (what, done) =>
      new Promise((resolve, reject) => {
        if (done(events)) return resolve()
        const timer = setTimeout(() => {
          waiting.delete(check)
          const seen = events.map(event => (event.type === 'message' ? 'message' : JSON.stringify(event)))
          reject(new Error(`waited in vain for ${what}; saw ${seen.slice(-20).join(', ') || 'nothing'}`))
        }, HANG_MS)
        const check = (): void => {
          if (!done(events)) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
      }),
  }
}

export async function untilTrue(what: string, done: () => boolean): Promise<void> {
  const deadline = Date.now() + HANG_MS
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

export async function untilLinked(transports: readonly Transport[]): Promise<void> {
  await untilTrue('a full mesh', () => transports.every(t => t.links().length === transports.length - 1))
}

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Bytes that differ by seed, with the seed's number in front. */
function payload(seed: number, length: number): Uint8Array {
  const rng = createRng(seed)
  const bytes = new Uint8Array(length)
  // Whole words are enough to notice a frame in the wrong place, and quick for megabytes.
  const words = new Uint32Array(bytes.buffer, 0, length >> 2)
  for (let i = 0; i < words.length; i++) words[i] = rng.below(0x1_0000_0000)
  if (length > 0) bytes[0] = seed & 255
  return bytes
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  if (a?.byteLength !== b.byteLength) return false
  for (let i = 0; i < b.byteLength; i++) if (a[i] !== b[i]) return false
  return true
}

export function describeTransport(name: string, suite: TransportSuite): void {
  describe(`transport contract: ${name}`, () => {
    let fixture: TransportFixture
    let open: Transport[]

    const join = async (): Promise<Transport> => {
      const transport = await fixture.join()
      open.push(transport)
      return transport
    }
    const pair = async (): Promise<[Transport, Transport, Recorder, Recorder]> => {
      const a = await join()
      const fromA = record(a)
      const b = await join()
      const fromB = record(b)
      await fromA.until('b up', events => events.some(e => e.type === 'up' && e.member === b.self))
      await fromB.until('a up', events => events.some(e => e.type === 'up' && e.member === a.self))
      return [a, b, fromA, fromB]
    }

    beforeEach(async () => {
      open = []
      fixture = await suite.createFixture()
    })
    afterEach(async () => {
      for (const transport of open) transport.close()
      await untilTrue('all links closed', () => fixture.openLinks() === 0)
      await fixture.destroy()
    })

    test('links three members with each other, each once, and names them', async () => {
      const three = [await join(), await join(), await join()]
      three.forEach(record)
      await untilLinked(three)
      for (const transport of three) {
        const others = three.filter(other => other !== transport).map(other => other.self)
        expect([...transport.links()].sort()).toEqual(others.sort())
      }
    })

    test('carries messages both ways in order, empty and odd lengths too', async () => {
      const [a, b, fromA, fromB] = await pair()
      const lengths = [0, 1, 2, 3, 1000, 65_535, 65_536, 65_537, 200_001]
      lengths.forEach((length, i) => expect(a.send(b.self, payload(i, length), 'bulk')).toBe(true))
      lengths.forEach((length, i) => expect(b.send(a.self, payload(i + 50, length), 'control')).toBe(true))
      await fromB.until('all from a', () => fromB.messagesFrom(a.self).length === lengths.length)
      await fromA.until('all from b', () => fromA.messagesFrom(b.self).length === lengths.length)
      lengths.forEach((length, i) => {
        expect(sameBytes(fromB.messagesFrom(a.self)[i], payload(i, length)), `a ${length}`).toBe(true)
        expect(sameBytes(fromA.messagesFrom(b.self)[i], payload(i + 50, length)), `b ${length}`).toBe(true)
      })
    })

    test('keeps the order within a priority when both are mixed', async () => {
      const [a, b, , fromB] = await pair()
      const control: number[] = []
      const bulk: number[] = []
      const rng = createRng('mixed')
      for (let i = 0; i < 100; i++) {
        const priority = rng.next() < 0.5 ? 'control' : 'bulk'
        const bytes = payload(i, 4 + rng.below(100_000))
        bytes[0] = i
        bytes[1] = priority === 'control' ? 1 : 0
        if (priority === 'control') control.push(i)
        else bulk.push(i)
        expect(a.send(b.self, bytes, priority)).toBe(true)
      }
      await fromB.until('100 messages', () => fromB.messagesFrom(a.self).length === 100)
      const arrived = fromB.messagesFrom(a.self)
      expect(arrived.filter(bytes => bytes[1] === 1).map(bytes => bytes[0])).toEqual(control)
      expect(arrived.filter(bytes => bytes[1] === 0).map(bytes => bytes[0])).toEqual(bulk)
    })

    test('lets control overtake bulk that still waits', async () => {
      const [a, b, , fromB] = await pair()
      for (let i = 0; i < 7; i++) expect(a.send(b.self, payload(i, 1024 * 1024), 'bulk')).toBe(true)
      a.send(b.self, payload(99, 10), 'control')
      await fromB.until('eight messages', () => fromB.messagesFrom(a.self).length === 8)
      const order = fromB.messagesFrom(a.self).map(bytes => bytes[0])
      expect(order.indexOf(99)).toBeLessThan(7)
      expect(order.filter(first => first !== 99)).toEqual([0, 1, 2, 3, 4, 5, 6])
    })

    test('carries one message larger than the queue, and nothing above the limit', async () => {
      const [a, b, , fromB] = await pair()
      const large = payload(7, 12 * 1024 * 1024 + 5)
      expect(a.send(b.self, large, 'bulk')).toBe(true)
      await fromB.until('the large message', () => fromB.messagesFrom(a.self).length === 1)
      expect(sameBytes(fromB.messagesFrom(a.self)[0], payload(7, 12 * 1024 * 1024 + 5))).toBe(true)
      expect(() => a.send(b.self, new Uint8Array(MAX_MESSAGE_BYTES + 1), 'bulk')).toThrow(RangeError)
    })

    test('refuses bulk above the queue and takes it again later; what it took arrives', async () => {
      const [a, b, , fromB] = await pair()
      const piece = 512 * 1024
      let taken = 0
      while (a.send(b.self, payload(taken, piece), 'bulk')) {
        taken++
        expect(taken).toBeLessThan(64)
      }
      expect(taken).toBeGreaterThanOrEqual(16)
      expect(a.send(b.self, payload(200, 10), 'control')).toBe(true)
      await fromB.until('everything taken', () => fromB.messagesFrom(a.self).length === taken + 1)
      await untilTrue('room in the queue', () => a.send(b.self, payload(taken, piece), 'bulk'))
      await fromB.until('one more', () => fromB.messagesFrom(a.self).length === taken + 2)
      const bulk = fromB.messagesFrom(a.self).filter(bytes => bytes.byteLength === piece)
      expect(bulk.map(bytes => bytes[0])).toEqual(Array.from({ length: taken + 1 }, (_, i) => i))
    })

    test('gives the receiver bytes of its own', async () => {
      const three = [await join(), await join(), await join()] as const
      const recorders = three.map(record)
      await untilLinked(three)
      const bytes = payload(3, 5000)
      expect(three[0].send(three[1].self, bytes, 'bulk')).toBe(true)
      expect(three[0].send(three[2].self, bytes, 'bulk')).toBe(true)
      for (const to of [1, 2]) {
        const recorder = recorders[to]!
        await recorder.until('the message', () => recorder.messagesFrom(three[0].self).length === 1)
        const got = recorder.messagesFrom(three[0].self)[0]!
        expect(sameBytes(got, payload(3, 5000))).toBe(true)
        got.fill(0)
      }
    })

    test('sends nothing to a stranger', async () => {
      const [a] = await pair()
      const stranger = 'A'.repeat(43) as MemberId
      expect(a.send(stranger, new Uint8Array(3), 'control')).toBe(false)
      expect(a.stats(stranger)).toBeUndefined()
    })

    test('counts bytes in both directions', async () => {
      const [a, b, , fromB] = await pair()
      const before = b.stats(a.self)!.receivedBytes
      a.send(b.self, payload(1, 300_000), 'bulk')
      await fromB.until('the message', () => fromB.messagesFrom(a.self).length === 1)
      await untilTrue('counters', () => b.stats(a.self)!.receivedBytes - before >= 300_000)
      expect(b.stats(a.self)!.receivedBytes - before).toBeLessThan(300_000 * 1.02)
      await untilTrue('the sender to count', () => a.stats(b.self)!.sentBytes >= 300_000)
    })

    test('a polite close is told at once as closed', async () => {
      const [a, b, , fromB] = await pair()
      a.close()
      await fromB.until('a down', events => events.some(e => e.type === 'down'))
      expect(fromB.events.filter(e => e.type === 'down')).toEqual([
        { type: 'down', member: a.self, reason: 'closed' },
      ])
      expect(b.links()).toEqual([])
      expect(b.send(a.self, new Uint8Array(1), 'control')).toBe(false)
      expect(a.links()).toEqual([])
    })

    test('a banned member is down for good, and others are not touched', async () => {
      const [a, b, fromA, fromB] = await pair()
      const c = await join()
      record(c)
      await untilLinked([a, b, c])
      a.ban(b.self)
      await fromA.until('b down', events => events.some(e => e.type === 'down' && e.member === b.self))
      await fromB.until('a down', events => events.some(e => e.type === 'down' && e.member === a.self))
      expect(fromA.events).toContainEqual({ type: 'down', member: b.self, reason: 'refused' })
      await sleep(suite.graceMs + 500)
      expect([...a.links()]).toEqual([c.self])
      expect([...b.links()]).toEqual([c.self])
    })

    test('a link that comes back in time is never reported down, and control messages survive', async () => {
      const [a, b, fromA, fromB] = await pair()
      fixture.cut(a, b)
      for (let i = 0; i < 5; i++) expect(a.send(b.self, payload(i, 100), 'control')).toBe(true)
      await sleep(suite.graceMs / 4)
      expect(a.send(b.self, payload(5, 100), 'control')).toBe(true)
      fixture.restore(a, b)
      await fromB.until('six messages', () => fromB.messagesFrom(a.self).length === 6)
      expect(fromB.messagesFrom(a.self).map(bytes => bytes[0])).toEqual([0, 1, 2, 3, 4, 5])
      expect(b.send(a.self, payload(9, 70_000), 'bulk')).toBe(true)
      await fromA.until('an answer', () => fromA.messagesFrom(b.self).length === 1)
      expect([...fromA.events, ...fromB.events].filter(e => e.type === 'down')).toEqual([])
    })

    test('a link that stays away is lost after the grace period, and up again when it can be', async () => {
      const [a, b, fromA, fromB] = await pair()
      const cutAt = Date.now()
      fixture.cut(a, b)
      await fromA.until('b lost', events => events.some(e => e.type === 'down'))
      await fromB.until('a lost', events => events.some(e => e.type === 'down'))
      expect(Date.now() - cutAt).toBeLessThan(suite.lossMs + 5_000)
      expect(fromA.events).toContainEqual({ type: 'down', member: b.self, reason: 'lost' })
      expect(a.links()).toEqual([])
      fixture.restore(a, b)
      await fromA.until('b again', events => events.filter(e => e.type === 'up').length === 2)
      await fromB.until('a again', events => events.filter(e => e.type === 'up').length === 2)
      expect(a.send(b.self, payload(1, 10), 'control')).toBe(true)
      await fromB.until('a message', () => fromB.messagesFrom(a.self).length === 1)
    })

    test('tells nothing more after close, and close is idempotent', async () => {
      const [a, b, fromA] = await pair()
      a.close()
      a.close()
      const seen = fromA.events.length
      b.send(a.self, payload(1, 10), 'control')
      await sleep(300)
      expect(fromA.events.length).toBe(seen)
      expect(a.send(b.self, new Uint8Array(1), 'bulk')).toBe(false)
    })
  })
}
