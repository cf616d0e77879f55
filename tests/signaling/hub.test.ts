import { describe, expect, it } from 'vitest'
import { createHub, type Hub, type HubEffect } from '../../signaling/hub.ts'
import { createRng, type Rng } from '../../src/core/num/rng.ts'
import type { ServerFrame, SocketId } from '../../src/protocol/signaling.ts'
import { joinFrame } from './support.ts'

const id = (n: number) => `socket-${String(n).padStart(9, '0')}` as SocketId

function hubOf(rng: Rng, caps: { maxRooms?: number; maxMembersPerRoom?: number } = {}): Hub {
  return createHub({
    maxRooms: 100,
    maxMembersPerRoom: 200,
    ...caps,
    random: below => rng.below(below),
    iceServers: () => [{ urls: 'stun:stun.example:3478' }],
  })
}

const join = (hub: Hub, n: number, room = 'a') =>
  hub.step({ type: 'frame', socket: id(n), frame: joinFrame(room) })
const framesTo = (effects: readonly HubEffect[], socket: SocketId): readonly ServerFrame[] =>
  effects.flatMap(effect => (effect.type === 'send' && effect.socket === socket ? [effect.frame] : []))

describe('the hub', () => {
  it('welcomes the first member alone and introduces the second to it', () => {
    const hub = hubOf(createRng(1))
    expect(join(hub, 1)).toEqual([
      {
        type: 'send',
        socket: id(1),
        frame: {
          t: 'welcome',
          self: id(1),
          peers: [],
          size: 1,
          iceServers: [{ urls: 'stun:stun.example:3478' }],
        },
      },
    ])
    const effects = join(hub, 2)
    expect(framesTo(effects, id(2))).toMatchObject([{ t: 'welcome', peers: [id(1)], size: 2 }])
    expect(framesTo(effects, id(1))).toEqual([{ t: 'peer', peer: id(2) }])
  })

  it('passes payloads on inside a room only', () => {
    const hub = hubOf(createRng(1))
    join(hub, 1)
    join(hub, 2)
    join(hub, 3, 'b')
    const send = (to: number) =>
      hub.step({ type: 'frame', socket: id(1), frame: { t: 'send', to: id(to), data: 'c2VhbGVk' } })
    expect(send(2)).toEqual([
      { type: 'send', socket: id(2), frame: { t: 'from', from: id(1), data: 'c2VhbGVk' } },
    ])
    for (const stranger of [3, 1, 99]) {
      expect(send(stranger)).toEqual([
        { type: 'send', socket: id(1), frame: { t: 'error', code: 'unknown-peer', to: id(stranger) } },
      ])
    }
  })

  it('wants a join first, and only one', () => {
    const hub = hubOf(createRng(1))
    const early = hub.step({ type: 'frame', socket: id(1), frame: { t: 'introduce', count: 1 } })
    expect(framesTo(early, id(1))).toEqual([{ t: 'error', code: 'not-joined' }])
    join(hub, 1)
    expect(framesTo(join(hub, 1, 'b'), id(1))).toEqual([{ t: 'error', code: 'not-joined' }])
    expect(hub.rooms).toBe(1)
  })

  it('turns members away from a full room, and rooms away when there are too many', () => {
    const hub = hubOf(createRng(1), { maxRooms: 2, maxMembersPerRoom: 3 })
    for (const n of [1, 2, 3]) join(hub, n)
    expect(join(hub, 4)).toEqual([
      { type: 'send', socket: id(4), frame: { t: 'error', code: 'room-full' } },
      { type: 'close', socket: id(4), code: 4001 },
    ])
    join(hub, 5, 'b')
    expect(join(hub, 6, 'c')).toEqual([
      { type: 'send', socket: id(6), frame: { t: 'error', code: 'server-full' } },
      { type: 'close', socket: id(6), code: 4002 },
    ])
    expect([hub.rooms, hub.members]).toEqual([2, 4])
    hub.step({ type: 'leave', socket: id(5) })
    expect(framesTo(join(hub, 6, 'c'), id(6))).toMatchObject([{ t: 'welcome' }])
  })

  it('introduces evenly: over many joins every member is chosen about as often', () => {
    const hub = hubOf(createRng('even'))
    for (let n = 0; n < 40; n++) join(hub, n)
    const chosen = new Map<SocketId, number>()
    for (let n = 100; n < 2100; n++) {
      for (const effect of join(hub, n)) {
        if (effect.type !== 'send' || effect.frame.t !== 'welcome') continue
        for (const peer of effect.frame.peers) chosen.set(peer, (chosen.get(peer) ?? 0) + 1)
      }
      hub.step({ type: 'leave', socket: id(n) })
    }
    // 2,000 draws of 8 out of 40: 400 each, standard deviation about 18.
    expect(chosen.size).toBe(40)
    expect(Math.min(...chosen.values())).toBeGreaterThan(400 - 90)
    expect(Math.max(...chosen.values())).toBeLessThan(400 + 90)
  })

  it.each([1, 2, 3, 4, 5])('keeps its promises through a random crowd (seed %i)', seed => {
    const rng = createRng(`crowd ${seed}`)
    const hub = hubOf(rng, { maxMembersPerRoom: 20, maxRooms: 4 })
    const roomName = new Map<SocketId, string>()
    const known = new Map<SocketId, Set<SocketId>>()
    const meet = (a: SocketId, b: SocketId) => {
      known.get(a)?.add(b)
      known.get(b)?.add(a)
    }
    const inRoom = (name: string) => [...roomName.values()].filter(other => other === name).length

    for (let step = 0; step < 4000; step++) {
      const n = rng.below(90)
      const self = id(n)
      const other = id(rng.below(90))
      switch (rng.below(5)) {
        case 0: {
          const name = `room ${rng.below(6)}`
          const effects = join(hub, n, name)
          const welcome = framesTo(effects, self).find(frame => frame.t === 'welcome')
          if (roomName.has(self)) {
            expect(effects).toHaveLength(1)
          } else if (welcome?.t === 'welcome') {
            expect(welcome.peers.length).toBe(Math.min(8, inRoom(name)))
            expect(new Set(welcome.peers).size).toBe(welcome.peers.length)
            roomName.set(self, name)
            known.set(self, new Set())
            expect(welcome.size).toBe(inRoom(name))
            for (const peer of welcome.peers) {
              expect(roomName.get(peer)).toBe(name)
              expect(framesTo(effects, peer)).toEqual([{ t: 'peer', peer: self }])
              meet(self, peer)
            }
          } else {
            expect(inRoom(name) === 20 || (inRoom(name) === 0 && hub.rooms === 4)).toBe(true)
          }
          break
        }
        case 1: {
          const friends = [...(known.get(self) ?? [])]
          const told = hub.step({ type: 'leave', socket: self }).map(effect => effect.socket)
          expect(new Set(told)).toEqual(new Set(friends))
          expect(told).toHaveLength(friends.length)
          for (const friend of friends) known.get(friend)?.delete(self)
          known.delete(self)
          roomName.delete(self)
          break
        }
        case 2: {
          const count = 1 + rng.below(16)
          const before = known.get(self)?.size ?? 0
          const effects = hub.step({ type: 'frame', socket: self, frame: { t: 'introduce', count } })
          const name = roomName.get(self)
          if (name === undefined) break
          for (const frame of framesTo(effects, self)) {
            if (frame.t !== 'peer') throw new Error(`unexpected ${frame.t}`)
            expect(known.get(self)?.has(frame.peer)).toBe(false)
            expect(framesTo(effects, frame.peer)).toEqual([{ t: 'peer', peer: self }])
            meet(self, frame.peer)
          }
          expect(known.get(self)?.size).toBe(Math.min(before + count, inRoom(name) - 1))
          break
        }
        default: {
          const effects = hub.step({
            type: 'frame',
            socket: self,
            frame: { t: 'send', to: other, data: 'AA' },
          })
          const reaches = self !== other && roomName.has(self) && roomName.get(self) === roomName.get(other)
          expect(framesTo(effects, other).some(frame => frame.t === 'from')).toBe(reaches)
          if (reaches) meet(self, other)
        }
      }
      expect(hub.members).toBe(roomName.size)
      expect(hub.rooms).toBe(new Set(roomName.values()).size)
    }
    for (const socket of roomName.keys()) hub.step({ type: 'leave', socket })
    expect([hub.rooms, hub.members]).toEqual([0, 0])
  })
})
