// Statements of one epoch as a bounded set with tallies. Of one author and phase the newest views are kept; of one place the
// first two seals (they convict) and further ones that others named too, for somebody may have counted them. What a flood
// pushes out is its author's own.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '../num/hex.ts'
import type { MemberId } from '../num/ids.ts'
import { areContradicting } from './evidence.ts'
import type { SealStatement } from './seal.ts'

type Path = SealStatement['path']
type Phase = SealStatement['phase']
/** By seal, then by author. */
export type Tally = ReadonlyMap<string, ReadonlyMap<MemberId, SealStatement>>

const VIEWS_KEPT = 8
const SEALS_PER_PLACE = 2
const NONE: Tally = new Map()

export class SealStatements {
  private readonly tallies = new Map<string, Map<string, Map<MemberId, SealStatement>>>()
  /** By author, then path and phase: the views kept. */
  private readonly views = new Map<MemberId, Map<string, number[]>>()
  private cachedDigest: string | undefined
  private count = 0

  /** @param relevance authors, besides this one, that make a further seal of one place worth keeping */
  constructor(private readonly relevance: number) {}

  get size(): number {
    return this.count
  }

  has({ path, phase, view, seal, author }: SealStatement): boolean {
    return this.at(path, phase, view).get(seal)?.has(author) ?? false
  }

  /** Whether it would be kept. */
  takes(statement: SealStatement): boolean {
    const { path, phase, view, seal, author } = statement
    const tally = this.at(path, phase, view)
    const named = tally.get(seal)
    if (named?.has(author)) return false
    let own = 0
    for (const authors of tally.values()) if (authors.has(author)) own++
    if (own >= SEALS_PER_PLACE && (named?.size ?? 0) < this.relevance) return false
    const views = this.views.get(author)?.get(`${path}/${phase}`) ?? []
    return views.length < VIEWS_KEPT || view >= Math.min(...views)
  }

  /** False when it is known or not kept. */
  add(statement: SealStatement): boolean {
    if (!this.takes(statement)) return false
    const { path, phase, view, seal, author } = statement
    const tally = obtain(this.tallies, placeOf(path, phase, view), () => new Map())
    obtain(tally, seal, () => new Map<MemberId, SealStatement>()).set(author, statement)
    this.count++
    this.cachedDigest = undefined
    const views = obtain(
      obtain(this.views, author, () => new Map<string, number[]>()),
      `${path}/${phase}`,
      () => [],
    )
    if (!views.includes(view)) views.push(view)
    if (views.length > VIEWS_KEPT) this.drop(author, path, phase, views)
    return true
  }

  at(path: Path, phase: Phase, view: number): Tally {
    return this.tallies.get(placeOf(path, phase, view)) ?? NONE
  }

  /** Views in which anybody spoke, highest first. */
  viewsOf(path: Path, phase: Phase): number[] {
    const views = new Set<number>()
    for (const byPlace of this.views.values())
      for (const view of byPlace.get(`${path}/${phase}`) ?? []) views.add(view)
    return [...views].sort((a, b) => b - a)
  }

  /** The highest view of a path that each author spoke in. */
  reached(path: Path): Map<MemberId, number> {
    const reached = new Map<MemberId, number>()
    for (const [author, byPlace] of this.views)
      for (const [place, views] of byPlace)
        if (place.startsWith(path)) reached.set(author, Math.max(reached.get(author) ?? -1, ...views))
    return reached
  }

  /** One that excludes this one, if its author said such a thing. */
  contradicting(statement: SealStatement): SealStatement | undefined {
    const { path, phase, view, author } = statement
    const phases: readonly Phase[] = path === 'host' && phase !== 'vote' ? ['propose', 'commit'] : [phase]
    for (const each of phases) {
      const views =
        each === phase && path === 'quorum' ? [view] : this.views.get(author)?.get(`${path}/${each}`)
      for (const held of views ?? [])
        for (const authors of this.at(path, each, held).values()) {
          const other = authors.get(author)
          if (other && areContradicting(other, statement)) return other
        }
    }
    return undefined
  }

  all(): SealStatement[] {
    const all: SealStatement[] = []
    for (const tally of this.tallies.values())
      for (const authors of tally.values()) all.push(...authors.values())
    return all
  }

  /** Hex; equal for equal sets. */
  digest(): string {
    this.cachedDigest ??= digestOf(this.all())
    return this.cachedDigest
  }

  private drop(author: MemberId, path: Path, phase: Phase, views: number[]): void {
    const lowest = Math.min(...views)
    views.splice(views.indexOf(lowest), 1)
    const place = placeOf(path, phase, lowest)
    const tally = this.tallies.get(place)
    if (!tally) return
    for (const [seal, authors] of tally) {
      if (authors.delete(author)) this.count--
      if (authors.size === 0) tally.delete(seal)
    }
    if (tally.size === 0) this.tallies.delete(place)
  }
}

function digestOf(statements: readonly SealStatement[]): string {
  const names = statements.map(s => `${s.path}/${s.phase}/${s.view}/${s.seal}/${s.author}`).sort()
  return bytesToHex(sha256(new TextEncoder().encode(names.join('\n'))))
}

function placeOf(path: Path, phase: Phase, view: number): string {
  return `${path}/${phase}/${view}`
}

function obtain<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

/** All authors of a tally. */
export function authorsOf(tally: Tally): Set<MemberId> {
  const authors = new Set<MemberId>()
  for (const named of tally.values()) for (const author of named.keys()) authors.add(author)
  return authors
}
