// What every Signaling adapter must do: introductions, sealed payloads in order, reconnection after a restart of the
// server, and silence after close. A fixture is one room on one server.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Signaling, SignalingEvent, SocketId } from '../../src/ports/signaling.ts'

export interface SignalingFixture {
  /** One more socket in the room, not yet open. */
  connect(): Promise<Signaling>
  stopServer(): Promise<void>
  startServer(): Promise<void>
  destroy(): Promise<void>
}

export interface Heard {
  readonly events: SignalingEvent[]
  until<T extends SignalingEvent['type']>(
    type: T,
    fits?: (event: Extract<SignalingEvent, { type: T }>) => boolean,
  ): Promise<Extract<SignalingEvent, { type: T }>>
}

const HANG_MS = 30_000

export function listen(signaling: Signaling): Heard {
  const events: SignalingEvent[] = []
  const waiting = new Set<() => void>()
  signaling.subscribe(event => {
    events.push(event)
    for (const check of [...waiting]) check()
  })
  return {
    events,
    until: (type, fits = () => true) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(
            new Error(`waited in vain for "${type}"; heard ${events.map(event => event.type).join(', ')}`),
          )
        }, HANG_MS)
        const check = (): void => {
          const found = events.find(event => event.type === type && fits(event as never))
          if (!found) return
          clearTimeout(timer)
          waiting.delete(check)
          resolve(found as never)
        }
        waiting.add(check)
        check()
      }),
  }
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

export function describeSignaling(name: string, createFixture: () => Promise<SignalingFixture>): void {
  describe(`signaling contract: ${name}`, () => {
    let fixture: SignalingFixture
    let open: Signaling[]

    const connect = async (): Promise<[Signaling, Heard, SocketId]> => {
      const signaling = await fixture.connect()
      open.push(signaling)
      const heard = listen(signaling)
      const { self } = await heard.until('open')
      return [signaling, heard, self]
    }

    beforeEach(async () => {
      open = []
      fixture = await createFixture()
    })
    afterEach(async () => {
      for (const signaling of open) signaling.close()
      await fixture.destroy()
    })

    test('tells a newcomer who is there, and those about the newcomer', async () => {
      const [a, heardA, selfA] = await connect()
      expect(a.state).toBe('open')
      expect(heardA.events[0]).toMatchObject({ peers: [], size: 1 })
      const [, heardB, selfB] = await connect()
      expect(heardB.events[0]).toMatchObject({ peers: [selfA], size: 2 })
      await heardA.until('peer', event => event.peer === selfB)
    })

    test('tells who listens late that it is open, and who is there', async () => {
      const [a, heardA, selfA] = await connect()
      const [, , selfB] = await connect()
      await heardA.until('peer')
      const late = await listen(a).until('open', event => event.peers.length === 1)
      expect(late).toMatchObject({ self: selfA, peers: [selfB] })
    })

    test('carries payloads of every size in order, and only to whom they are for', async () => {
      const [a, , selfA] = await connect()
      const [, heardB, selfB] = await connect()
      const [, heardC] = await connect()
      const sizes = [0, 1, 500, 20_000, 3, 40_000]
      sizes.forEach((size, i) => a.send(selfB, new Uint8Array(size).fill(i)))
      a.send(selfB, text('last'))
      await heardB.until('message', event => event.payload.byteLength === 4)
      const got = heardB.events.flatMap(event => (event.type === 'message' ? [event] : []))
      expect(got.map(event => event.payload.byteLength)).toEqual([...sizes, 4])
      expect(got.every(event => event.from === selfA)).toBe(true)
      expect(got[2]?.payload[0]).toBe(2)
      expect(heardC.events.filter(event => event.type === 'message')).toEqual([])
    })

    test('tells who left to those who knew it', async () => {
      const [, heardA] = await connect()
      const [b, , selfB] = await connect()
      await heardA.until('peer')
      b.close()
      await heardA.until('gone', event => event.peer === selfB)
    })

    test('answers a message to nobody with gone', async () => {
      const [a, heardA] = await connect()
      const nobody = '0123456789abcdef' as SocketId
      a.send(nobody, text('hello'))
      await heardA.until('gone', event => event.peer === nobody)
    })

    test('introduces more members when asked', async () => {
      const heard: Heard[] = []
      for (let i = 0; i < 12; i++) heard.push((await connect())[1])
      const last = heard.at(-1)!
      const first = await last.until('open')
      expect(first.peers).toHaveLength(8)
      open.at(-1)!.introduce(16)
      const met = (): Set<SocketId> =>
        new Set([
          ...first.peers,
          ...last.events.flatMap(event => (event.type === 'peer' ? [event.peer] : [])),
        ])
      await last.until('peer', () => met().size === 11)
    })

    test('comes back after the server was away, under a new name', async () => {
      const [a, heardA, selfA] = await connect()
      const [, heardB] = await connect()
      await fixture.stopServer()
      expect(await heardA.until('closed')).toMatchObject({ willRetry: true, reason: 'network' })
      expect(a.state).not.toBe('open')
      a.send(selfA, text('into the void'))
      await fixture.startServer()
      const again = await heardA.until('open', event => event.self !== selfA)
      const againB = await heardB.until('open', event => event !== heardB.events[0])
      a.send(againB.self, text('here again'))
      const message = await heardB.until('message')
      expect(message.from).toBe(again.self)
    })

    test('says nothing after close', async () => {
      const [a, heardA, selfA] = await connect()
      a.close()
      a.close()
      expect(a.state).toBe('closed')
      const seen = heardA.events.length
      const [b] = await connect()
      b.send(selfA, text('too late'))
      await new Promise(resolve => setTimeout(resolve, 100))
      expect(heardA.events.length).toBe(seen)
    })
  })
}
