// Where members and links stand on the Swarm page. Small rooms are a ring, yourself nearest to the reader; in larger ones
// you are the centre, who is linked to you the ring around it, and the others dots beyond. Sorted by id, so that nobody
// jumps about while others come and go. Pure.
import type { MemberId } from '../core/num/ids.ts'
import { OVERLAY_LIMITS } from '../core/overlay/partners.ts'
import type { MemberView, Refusal } from '../ports/session.ts'
import type { SwarmView } from '../ports/swarm-view.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

export interface SwarmNode extends Point {
  readonly member: MemberView
  readonly radius: number
  readonly published: boolean
  readonly refused: boolean
  /** Names stand only where there is room for them. */
  readonly named: boolean
}

export interface SwarmEdge {
  readonly from: Point
  readonly to: Point
  /** At the other end of an own link; null for a link between others, which is presumed. */
  readonly link: MemberId | null
  readonly key: string
}

export interface SwarmMap {
  readonly nodes: readonly SwarmNode[]
  readonly edges: readonly SwarmEdge[]
  /** Full mesh: everybody links to everybody. */
  readonly mesh: boolean
  /** Members that are not drawn. */
  readonly hidden: number
}

const CENTRE: Point = { x: 0, y: 0 }
const RING = { x: 138, y: 112 }
const INNER = { x: 92, y: 76 }
const OUTER = [
  { x: 184, y: 150 },
  { x: 156, y: 126 },
] as const
const FEW = { x: 156, y: 128 }
const FEW_MEMBERS = 20
const PER_RING = 60
/** Links beyond this many are dots as well; no member of this program has so many. */
const MAX_INNER = 16
const MAX_NAMED = 10

export function swarmMap(
  here: readonly MemberView[],
  { links, round }: Pick<SwarmView, 'links' | 'round'>,
  refusals: readonly Refusal[],
): SwarmMap {
  const published = new Set(round.published)
  const refused = new Set(refusals.map(({ member }) => member))
  const own = new Set(links)
  const sorted = [...here].sort((a, b) => Number(b.self) - Number(a.self) || (a.id < b.id ? -1 : 1))
  const node = (member: MemberView, at: Point, radius: number, named: boolean): SwarmNode => ({
    member,
    ...at,
    radius,
    named,
    published: published.has(member.id),
    refused: refused.has(member.id),
  })
  const mesh = sorted.length <= OVERLAY_LIMITS.meshMembers
  if (mesh) {
    const nodes = sorted.map((member, i) => node(member, onRing(RING, i, sorted.length), 19, true))
    return { nodes, edges: meshEdges(nodes, own), mesh, hidden: 0 }
  }
  const [self, ...others] = sorted
  const inner = others.filter(({ id }) => own.has(id)).slice(0, MAX_INNER)
  const near = new Set(inner)
  const far = others.filter(member => !near.has(member))
  const nodes = [node(self!, CENTRE, 22, true)]
  inner.forEach((member, i) =>
    nodes.push(node(member, onRing(INNER, i, inner.length), 15, inner.length <= MAX_NAMED)),
  )
  const rings = far.length <= PER_RING ? [far] : [far.slice(0, PER_RING), far.slice(PER_RING, 2 * PER_RING)]
  rings.forEach((members, ring) => {
    const radius = Math.max(4.5, Math.min(11, 390 / members.length))
    members.forEach((member, i) =>
      nodes.push(
        node(
          member,
          onRing(far.length <= FEW_MEMBERS ? FEW : OUTER[ring]!, i + (ring + 1) / 2, members.length),
          radius,
          false,
        ),
      ),
    )
  })
  const edges = nodes
    .slice(1, 1 + inner.length)
    .map(({ member, x, y }) => ({ from: CENTRE, to: { x, y }, link: member.id, key: member.id }))
  return { nodes, edges, mesh, hidden: Math.max(0, far.length - rings.flat().length) }
}

/** Place 0 is the lowest, nearest to the reader. */
function onRing({ x, y }: Point, place: number, places: number): Point {
  const angle = Math.PI / 2 + (2 * Math.PI * place) / places
  return places === 1 && x === RING.x ? CENTRE : { x: x * Math.cos(angle), y: y * Math.sin(angle) }
}

/** Own links as they are; between others those that the overlay aims at, as far as both are in reach from here. */
function meshEdges(nodes: readonly SwarmNode[], own: ReadonlySet<MemberId>): SwarmEdge[] {
  return nodes.flatMap((a, i) =>
    nodes.slice(i + 1).flatMap((b): SwarmEdge[] => {
      const link = a.member.self ? b.member.id : null
      const drawn = link === null ? own.has(a.member.id) && own.has(b.member.id) : own.has(link)
      return drawn ? [{ from: pointOf(a), to: pointOf(b), link, key: `${a.member.id}/${b.member.id}` }] : []
    }),
  )
}

const pointOf = ({ x, y }: Point): Point => ({ x, y })
