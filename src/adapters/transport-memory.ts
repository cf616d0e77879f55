// The Transport port inside one process: members of a memory network, for tests and for the simulator under a virtual
// clock. The network links everyone up to the mesh size and keeps a random overlay above it, by the same rules as the real
// transport but with a bird's-eye view. Its controls cut, heal, suspend and kill. Identities are not proven here.
import {
  OVERLAY_LIMITS,
  membersToCall,
  memberToDrop,
  memberToExplore,
  type OverlayLimits,
  type OverlayView,
} from '../core/overlay/partners.ts'
import type { MemberId } from '../core/num/ids.ts'
import { createRng } from '../core/num/rng.ts'
import type { Clock } from '../ports/clock.ts'
import {
  MAX_MESSAGE_BYTES,
  type LinkStats,
  type Priority,
  type Transport,
  type TransportEvent,
} from '../ports/transport.ts'
import { systemClock } from './clock-system.ts'
import { MemoryLink, type SharedLine } from './link-memory.ts'

export interface MemoryNetworkOptions {
  readonly clock?: Clock
  /** Seeds partner choice and losses. */
  readonly seed?: string
  readonly latencyMs?: (from: MemberId, to: MemberId) => number
  /** Comes on top of the latency, between nothing and this much. */
  readonly jitterMs?: (from: MemberId, to: MemberId) => number
  /** Chance that a message needs another round trip. */
  readonly lossRate?: (from: MemberId, to: MemberId) => number
  readonly bytesPerSecond?: (from: MemberId, to: MemberId) => number
  /** What all links of a member share, each way. */
  readonly lines?: (member: MemberId) => Lines
  /** Whether two members can link at all: address translators may keep them apart. Always, unless told. */
  readonly canLink?: (a: MemberId, b: MemberId) => boolean
  /** How long a cut link may take to come back unnoticed; 5,000 by default. */
  readonly graceMs?: number
  readonly limits?: OverlayLimits
}

export interface Lines {
  readonly up: SharedLine
  readonly down: SharedLine
}

/** What one direction of a link came to, over all links of the two that there were. */
export interface LinkRecord {
  readonly from: MemberId
  readonly to: MemberId
  sentBytes: number
  /** The most that ever waited. */
  peakBufferedBytes: number
}

export interface MemoryNetwork {
  /** Joins the room as this member. A second call for one member is its process starting anew. */
  transport(member: MemberId): Transport
  connect(a: MemberId, b: MemberId): void
  /** Cuts the wire between two members; the link is lost unless connect() comes within the grace period. */
  disconnect(a: MemberId, b: MemberId): void
  /** Cuts every wire between different groups; members named nowhere form a group of their own. */
  partition(groups: readonly (readonly MemberId[])[]): void
  /** Restores all wires, and the links that the room should have. */
  heal(): void
  /** Everybody calls one that no neighbour knows, as real members do now and then. */
  explore(): void
  /** The process dies without a word: others notice after the grace period. */
  kill(member: MemberId): void
  /**
   * The process stands still: its wires carry nothing, and links are lost after the grace period as if it had died. What
   * happens to it meanwhile is told when it resumes.
   */
  suspend(member: MemberId): void
  resume(member: MemberId): void
  /** Of every direction over which anything went. */
  records(): LinkRecord[]
  /** What waits in the queues of a member's links now. */
  bufferedBytes(member: MemberId): number
  /** Who refuses whom. */
  refusals(): { readonly by: MemberId; readonly member: MemberId }[]
  /** Links that exist, for tests that nothing stays open. */
  openLinks(): number
}

interface Pair {
  readonly ends: readonly [MemberId, MemberId]
  readonly links: ReadonlyMap<MemberId, MemoryLink>
  /** Told to both ends; until then the link does not exist for them. */
  up: boolean
  cut: boolean
  cancelGrace: (() => void) | undefined
}

interface Node {
  readonly id: MemberId
  readonly pairs: Map<MemberId, Pair>
  readonly refused: Set<MemberId>
  readonly listeners: Set<(event: TransportEvent) => void>
  alive: boolean
  /** What it missed while it stands still; null while it runs. */
  missed: TransportEvent[] | null
  /** Gone for good: closed or replaced. */
  closed: boolean
}

export function createMemoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  const clock = options.clock ?? systemClock
  const limits = options.limits ?? OVERLAY_LIMITS
  const graceMs = options.graceMs ?? 5_000
  const rng = createRng(options.seed ?? 'memory-network')
  const nodes = new Map<MemberId, Node>()
  const groups = new Map<MemberId, number>()
  const cutWires = new Set<string>()
  const lines = new Map<MemberId, Lines>()
  const records = new Map<string, LinkRecord>()

  const linesOf = (member: MemberId): Lines | undefined => {
    const known = lines.get(member) ?? options.lines?.(member)
    if (known) lines.set(member, known)
    return known
  }
  const wire = (a: MemberId, b: MemberId): string => (a < b ? `${a} ${b}` : `${b} ${a}`)
  const reachable = (a: Node, b: Node): boolean =>
    a.alive &&
    b.alive &&
    !a.missed &&
    !b.missed &&
    !cutWires.has(wire(a.id, b.id)) &&
    (groups.get(a.id) ?? -1) === (groups.get(b.id) ?? -1)

  const emit = (node: Node, event: TransportEvent): void => {
    if (!node.alive) return
    if (node.missed) return void node.missed.push(event)
    for (const listener of [...node.listeners]) listener(event)
  }

  const viewOf = (node: Node): OverlayView => {
    const links = new Map<MemberId, readonly MemberId[]>()
    for (const other of node.pairs.keys()) links.set(other, [...(nodes.get(other)?.pairs.keys() ?? [])])
    const candidates: MemberId[] = []
    for (const other of nodes.values()) {
      if (other === node || node.pairs.has(other.id) || !reachable(node, other)) continue
      if (node.refused.has(other.id) || other.refused.has(node.id)) continue
      if (options.canLink?.(node.id, other.id) === false) continue
      candidates.push(other.id)
    }
    return { self: node.id, links, pending: new Set(), candidates }
  }

  const link = (a: Node, b: Node): void => {
    if (a === b || a.pairs.has(b.id) || a.refused.has(b.id) || b.refused.has(a.id)) return
    if (options.canLink?.(a.id, b.id) === false) return
    const one = (from: Node, to: Node): MemoryLink =>
      new MemoryLink(
        clock,
        {
          latencyMs: () => options.latencyMs?.(from.id, to.id) ?? 0,
          isLost: () => options.lossRate !== undefined && rng.next() < options.lossRate(from.id, to.id),
          jitterMs: () => (options.jitterMs ? rng.next() * options.jitterMs(from.id, to.id) : 0),
          bytesPerSecond: () => options.bytesPerSecond?.(from.id, to.id) ?? Infinity,
          up: linesOf(from.id)?.up,
          down: linesOf(to.id)?.down,
        },
        bytes => emit(to, { type: 'message', from: from.id, bytes }),
      )
    const links = new Map([
      [a.id, one(a, b)],
      [b.id, one(b, a)],
    ])
    const pair: Pair = { ends: [a.id, b.id], links, up: false, cut: false, cancelGrace: undefined }
    a.pairs.set(b.id, pair)
    b.pairs.set(a.id, pair)
    clock.after(0, () => {
      if (a.pairs.get(b.id) !== pair) return
      pair.up = true
      emit(a, { type: 'up', member: b.id })
      emit(b, { type: 'up', member: a.id })
    })
  }

  const unlink = (pair: Pair, reason: 'closed' | 'lost' | 'refused'): void => {
    pair.cancelGrace?.()
    const [a, b] = pair.ends.map(id => nodes.get(id))
    for (const [from, direction] of pair.links) {
      keepRecord(records, from, otherOf(pair, from), direction)
      direction.close()
    }
    const told: [Node, MemberId][] = []
    if (a?.pairs.get(pair.ends[1]) === pair) told.push([a, pair.ends[1]])
    if (b?.pairs.get(pair.ends[0]) === pair) told.push([b, pair.ends[0]])
    for (const [node, other] of told) node.pairs.delete(other)
    if (!pair.up) return
    for (const [node, other] of told) emit(node, { type: 'down', member: other, reason })
  }

  /** Lets every member call and drop until nobody wants to, which the limits make a short while. */
  const settle = (): void => {
    for (const node of nodes.values()) {
      if (!node.alive) continue
      if (nodes.size <= limits.meshMembers || node.pairs.size < limits.degree) {
        for (const other of membersToCall(viewOf(node), limits, rng)) {
          const called = nodes.get(other)
          if (!called) continue
          link(node, called)
          const spare = memberToDrop(viewOf(called), limits, rng)
          const pair = spare === undefined ? undefined : called.pairs.get(spare)
          if (pair) unlink(pair, 'closed')
        }
      }
    }
  }

  /** Groups that were apart, or held together by a liar, have all the links that they look for among themselves. */
  const explore = (): void => {
    for (const node of nodes.values()) {
      const far = node.alive ? memberToExplore(viewOf(node), limits, rng) : undefined
      const called = far === undefined ? undefined : nodes.get(far)
      if (called) link(node, called)
    }
    settle()
  }

  const setCut = (pair: Pair, cut: boolean): void => {
    if (pair.cut === cut) return
    pair.cut = cut
    for (const direction of pair.links.values()) direction.setFlowing(!cut)
    pair.cancelGrace?.()
    pair.cancelGrace = cut
      ? clock.after(graceMs, () => {
          pair.cancelGrace = undefined
          unlink(pair, 'lost')
          settle()
        })
      : undefined
  }

  const review = (): void => {
    for (const node of nodes.values()) {
      for (const [other, pair] of node.pairs) {
        const far = nodes.get(other)
        setCut(pair, !far || !reachable(node, far))
      }
    }
  }

  const leave = (node: Node, reason: 'closed' | 'lost'): void => {
    const pairs = [...node.pairs.values()]
    node.alive = false
    node.closed = true
    for (const pair of pairs) unlink(pair, reason)
    if (nodes.get(node.id) === node) nodes.delete(node.id)
  }

  const createTransport = (node: Node): Transport => ({
    self: node.id,
    links: () => [...node.pairs].flatMap(([other, pair]) => (pair.up ? [other] : [])),
    send(to, bytes, priority: Priority) {
      if (bytes.byteLength > MAX_MESSAGE_BYTES) {
        throw new RangeError(`message of ${bytes.byteLength} bytes is over ${MAX_MESSAGE_BYTES}`)
      }
      const pair = node.pairs.get(to)
      return pair?.up === true && pair.links.get(node.id)!.send(bytes, priority)
    },
    stats(member): LinkStats | undefined {
      const pair = node.pairs.get(member)
      if (!pair?.up) return undefined
      const outward = pair.links.get(node.id)
      const inward = pair.links.get(member)
      if (!outward || !inward) return undefined
      return {
        sentBytes: outward.sentBytes,
        receivedBytes: inward.receivedBytes,
        bufferedBytes: outward.bufferedBytes,
        rttMs: outward.conditions.latencyMs() + inward.conditions.latencyMs(),
        path: 'memory',
      }
    },
    ban(member) {
      node.refused.add(member)
      const pair = node.pairs.get(member)
      if (pair) unlink(pair, 'refused')
      settle()
    },
    subscribe(listener) {
      node.listeners.add(listener)
      return () => node.listeners.delete(listener)
    },
    close() {
      if (node.closed) return
      leave(node, 'closed')
      node.listeners.clear()
      settle()
    },
  })

  return {
    transport(member) {
      const old = nodes.get(member)
      if (old) leave(old, 'lost')
      const node: Node = {
        id: member,
        pairs: new Map(),
        refused: new Set(),
        listeners: new Set(),
        alive: true,
        missed: null,
        closed: false,
      }
      nodes.set(member, node)
      settle()
      return createTransport(node)
    },
    connect(a, b) {
      cutWires.delete(wire(a, b))
      review()
      const [first, second] = [nodes.get(a), nodes.get(b)]
      if (first && second && reachable(first, second)) link(first, second)
    },
    disconnect(a, b) {
      cutWires.add(wire(a, b))
      review()
    },
    partition(sets) {
      groups.clear()
      sets.forEach((set, index) => {
        for (const member of set) groups.set(member, index)
      })
      review()
    },
    heal() {
      groups.clear()
      cutWires.clear()
      review()
      settle()
      explore()
    },
    explore,
    kill(member) {
      const node = nodes.get(member)
      if (!node) return
      node.alive = false
      node.listeners.clear()
      review()
      clock.after(graceMs, () => {
        if (nodes.get(member) === node) nodes.delete(member)
      })
    },
    suspend(member) {
      const node = nodes.get(member)
      if (!node || node.missed) return
      node.missed = []
      review()
    },
    resume(member) {
      const node = nodes.get(member)
      const missed = node?.missed
      if (!node || !missed) return
      node.missed = null
      for (const event of missed) emit(node, event)
      review()
      settle()
    },
    records() {
      const all = new Map([...records].map(([key, record]) => [key, { ...record }]))
      for (const node of nodes.values())
        for (const [to, pair] of node.pairs) keepRecord(all, node.id, to, pair.links.get(node.id)!)
      return [...all.values()]
    },
    bufferedBytes(member) {
      let sum = 0
      for (const pair of nodes.get(member)?.pairs.values() ?? []) sum += pair.links.get(member)!.bufferedBytes
      return sum
    },
    refusals() {
      return [...nodes.values()].flatMap(node => [...node.refused].map(member => ({ by: node.id, member })))
    },
    openLinks() {
      const pairs = new Set<Pair>()
      for (const node of nodes.values()) for (const pair of node.pairs.values()) pairs.add(pair)
      return pairs.size
    },
  }
}

function otherOf({ ends: [a, b] }: Pair, member: MemberId): MemberId {
  return member === a ? b : a
}

function keepRecord(
  records: Map<string, LinkRecord>,
  from: MemberId,
  to: MemberId,
  { sentBytes, peakBufferedBytes }: MemoryLink,
): void {
  const key = `${from} ${to}`
  const record = records.get(key) ?? { from, to, sentBytes: 0, peakBufferedBytes: 0 }
  record.sentBytes += sentBytes
  record.peakBufferedBytes = Math.max(record.peakBufferedBytes, peakBufferedBytes)
  records.set(key, record)
}
