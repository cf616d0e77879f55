// The overlay policy in rooms of up to 200 members who see only their own links: a server that introduces at random,
// links that take a while, members that come, leave and die.
import { describe, expect, test } from 'vitest'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { createRng, shuffle, type Rng } from '../../../src/core/num/rng.ts'
import {
  memberToDrop,
  memberToExplore,
  membersToCall,
  OVERLAY_LIMITS,
  type OverlayView,
} from '../../../src/core/overlay/partners.ts'

const id = (n: number): MemberId => `member-${n}` as MemberId

interface Node {
  /** Linked member to what it last told about its own links. */
  readonly links: Map<MemberId, readonly MemberId[]>
  readonly pending: Map<MemberId, number>
  /** Members heard of through introductions, with the step before which they are not called again. */
  readonly heard: Map<MemberId, number>
}

const LINK_STEPS = 3
const GOSSIP_STEPS = 4
const EXPLORE_STEPS = 20

class Room {
  readonly nodes = new Map<MemberId, Node>()
  #step = 0
  #joined = 0

  constructor(readonly rng: Rng) {}

  join(): MemberId {
    const self = id(this.#joined++)
    const node: Node = { links: new Map(), pending: new Map(), heard: new Map() }
    this.nodes.set(self, node)
    this.#introduce(self, 8)
    return self
  }

  leave(self: MemberId): void {
    this.nodes.delete(self)
    for (const node of this.nodes.values()) {
      node.links.delete(self)
      node.pending.delete(self)
      node.heard.delete(self)
    }
  }

  #introduce(self: MemberId, count: number): void {
    const others = [...this.nodes.keys()].filter(other => other !== self)
    for (const other of shuffle(others, this.rng).slice(0, count)) {
      if (!this.nodes.get(self)!.heard.has(other)) this.nodes.get(self)!.heard.set(other, 0)
      if (!this.nodes.get(other)!.heard.has(self)) this.nodes.get(other)!.heard.set(self, 0)
    }
  }

  #view(self: MemberId, node: Node): OverlayView {
    const candidates = [...node.heard].flatMap(([other, notBefore]) =>
      notBefore <= this.#step && !node.links.has(other) && !node.pending.has(other) ? [other] : [],
    )
    return { self, links: node.links, pending: new Set(node.pending.keys()), candidates }
  }

  #pair(self: MemberId, other: MemberId): void {
    this.nodes.get(self)!.pending.set(other, this.#step + LINK_STEPS)
    this.nodes.get(other)?.pending.set(self, this.#step + LINK_STEPS)
  }

  step(): void {
    this.#step++
    for (const [self, node] of shuffle([...this.nodes], this.rng)) {
      for (const [other, due] of node.pending) {
        if (due > this.#step) continue
        node.pending.delete(other)
        const far = this.nodes.get(other)
        if (!far) continue
        node.links.set(other, [...far.links.keys()])
        far.pending.delete(self)
        far.links.set(self, [...node.links.keys()])
      }
      if (this.#step % GOSSIP_STEPS === 0) {
        for (const other of node.links.keys()) {
          const far = this.nodes.get(other)!
          far.links.set(
            self,
            [...node.links.keys()].filter(neighbour => neighbour !== other),
          )
          for (const neighbour of node.links.keys())
            if (!far.heard.has(neighbour)) far.heard.set(neighbour, 0)
          far.heard.delete(other)
        }
        node.heard.delete(self)
      }
      const view = this.#view(self, node)
      for (const other of membersToCall(view, OVERLAY_LIMITS, this.rng)) this.#pair(self, other)
      const surplus = memberToDrop(view, OVERLAY_LIMITS, this.rng)
      if (surplus !== undefined) {
        node.links.delete(surplus)
        node.heard.set(surplus, this.#step + 20)
        const far = this.nodes.get(surplus)!
        far.links.delete(self)
        far.heard.set(self, this.#step + 20)
      }
      if (node.links.size < OVERLAY_LIMITS.degree && view.candidates.length === 0) this.#introduce(self, 4)
      if (this.rng.below(EXPLORE_STEPS) === 0) {
        this.#introduce(self, 2)
        const far = memberToExplore(this.#view(self, node), OVERLAY_LIMITS, this.rng)
        if (far !== undefined) this.#pair(self, far)
      }
    }
  }

  run(steps: number): void {
    for (let i = 0; i < steps; i++) this.step()
  }

  groups(): number {
    const left = new Set(this.nodes.keys())
    let groups = 0
    for (const start of this.nodes.keys()) {
      if (!left.delete(start)) continue
      groups++
      const queue = [start]
      for (const at of queue)
        for (const next of this.nodes.get(at)!.links.keys()) if (left.delete(next)) queue.push(next)
    }
    return groups
  }

  degrees(): number[] {
    return [...this.nodes.values()].map(node => node.links.size)
  }
}

/** Somebody is always between a link that was dropped for a newcomer and the next one. */
function expectFewLinks(room: Room, seed: string): void {
  const degrees = room.degrees()
  const short = degrees.filter(degree => degree < OVERLAY_LIMITS.degree)
  expect(short.length / degrees.length, seed).toBeLessThanOrEqual(0.1)
  expect(Math.min(...degrees), seed).toBeGreaterThanOrEqual(3)
  expect(degrees.reduce((sum, degree) => sum + degree, 0) / degrees.length, seed).toBeLessThan(8.5)
}

describe.each([1, 2, 3].map(n => `overlay-${n}`))('a room under seed %s', seed => {
  test('of up to eight is a full mesh at every size, also on the way down', () => {
    const room = new Room(createRng(seed))
    const members: MemberId[] = []
    for (let n = 1; n <= 8; n++) {
      members.push(room.join())
      room.run(30)
      expect(room.degrees(), seed).toEqual(Array(n).fill(n - 1))
    }
    for (let n = 9; n <= 14; n++) members.push(room.join())
    room.run(60)
    expect(room.groups(), seed).toBe(1)
    for (const member of members.splice(0, 7)) room.leave(member)
    room.run(100)
    expect(room.degrees(), seed).toEqual(Array(7).fill(6))
  })

  test.each([50, 200])('of %i stays one group of few links each while members come and go', size => {
    const room = new Room(createRng(`${seed} ${size}`))
    for (let n = 0; n < size; n++) {
      room.join()
      if (n % 8 === 0) room.step()
    }
    room.run(60)
    expect(room.groups(), seed).toBe(1)
    expectFewLinks(room, seed)

    let apart = 0
    let most = 0
    for (let i = 0; i < 4000 / size; i++) {
      if (room.rng.below(3) === 0) room.join()
      if (room.rng.below(3) === 0) room.leave([...room.nodes.keys()][room.rng.below(room.nodes.size)]!)
      room.run(2)
      const settled = [...room.nodes.values()].every(node => node.links.size > 0)
      if (settled && room.groups() > 1) apart++
      most = Math.max(most, ...room.degrees())
    }
    expect(apart, `${seed}: times apart`).toBe(0)
    expect(most, `${seed}: most links`).toBeLessThanOrEqual(OVERLAY_LIMITS.maxDegree + 4)
    room.run(60)
    expect(room.groups(), seed).toBe(1)
    expectFewLinks(room, seed)
  })

  test('whose half dies at once heals', () => {
    const room = new Room(createRng(`${seed} half`))
    for (let n = 0; n < 60; n++) room.join()
    room.run(80)
    for (const member of shuffle([...room.nodes.keys()], room.rng).slice(0, 30)) room.leave(member)
    room.run(60)
    expect(room.groups(), seed).toBe(1)
    expectFewLinks(room, seed)
  })

  test('that fell into two groups finds together again', () => {
    const room = new Room(createRng(`${seed} groups`))
    for (let n = 0; n < 40; n++) room.join()
    room.run(80)
    const side = new Map([...room.nodes.keys()].map((member, i) => [member, i % 2]))
    for (const [self, node] of room.nodes) {
      for (const known of [node.links, node.heard, node.pending]) {
        for (const other of [...known.keys()]) if (side.get(other) !== side.get(self)) known.delete(other)
      }
    }
    room.run(200)
    expect(room.groups(), seed).toBe(1)
  })
})

describe('a member that lacks no link', () => {
  const others = (from: number, to: number): MemberId[] =>
    Array.from({ length: to - from }, (_, i) => id(from + i))
  /** Six links, each of which says that it is linked to the members named. */
  const view = (near: readonly MemberId[], candidates: readonly MemberId[]): OverlayView => ({
    self: id(0),
    links: new Map(others(1, 7).map(member => [member, near])),
    pending: new Set(),
    candidates,
  })
  const explored = (seen: OverlayView): (MemberId | undefined)[] => {
    const rng = createRng('explore')
    return Array.from({ length: 400 }, () => memberToExplore(seen, OVERLAY_LIMITS, rng))
  }

  test('calls anybody now and then, though its neighbours say that they know them all', () => {
    const far = others(7, 13)
    const called = explored(view(far, far))
    expect(new Set(called)).toEqual(new Set([...far, undefined]))
    const share = called.filter(member => member !== undefined).length / called.length
    expect(share).toBeGreaterThan(0.4)
    expect(share).toBeLessThan(0.6)
  })

  test('prefers whom no neighbour knows', () => {
    const called = explored(view(others(7, 26), others(7, 27)))
    const share = called.filter(member => member === id(26)).length / called.length
    expect(share).toBeGreaterThan(0.45)
    expect(new Set(called).size).toBeGreaterThan(10)
  })
})

describe('a full member', () => {
  const view = (links: [string, string[]][]): OverlayView => ({
    self: id(0),
    links: new Map(links.map(([member, near]) => [member as MemberId, near as MemberId[]])),
    pending: new Set(),
    candidates: [],
  })
  const lone = (n: number): [string, string[]] => [`x${n}`, [`y${n}`]]

  test('drops a link that a common neighbour bridges, never the newest', () => {
    const links = Array.from({ length: 8 }, (_, i) => lone(i))
    links[3] = ['x3', ['x5', 'y3']]
    const rng = createRng('drop')
    expect(memberToDrop(view([...links, ['new', ['x1', 'x2', 'x3']]]), OVERLAY_LIMITS, rng)).toBe('x3')
  })

  test('drops nothing at the limit, nor in a small room', () => {
    const rng = createRng('drop')
    expect(
      memberToDrop(view(Array.from({ length: 8 }, (_, i) => lone(i))), OVERLAY_LIMITS, rng),
    ).toBeUndefined()
    const small = Array.from({ length: 7 }, (_, i): [string, string[]] => [`x${i}`, []])
    expect(memberToDrop(view(small), { ...OVERLAY_LIMITS, maxDegree: 3 }, rng)).toBeUndefined()
  })
})
