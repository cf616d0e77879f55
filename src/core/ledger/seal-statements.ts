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
const KINDS: Readonly<Record<Path, Readonly<Record<Phase, string>>>> = {
  host: { propose: 'host/propose', vote: 'host/vote', commit: 'host/commit' },
  quorum: { propose: 'quorum/propose', vote: 'quorum/vote', commit: 'quorum/commit' },
}

export class SealStatements {
  /** By path and phase, then view, seal, author. */
  private readonly tallies = new Map<string, Map<number, Map<string, Map<MemberId, SealStatement>>>>()
  /** By path and phase, then author: the views kept. */
  private readonly views = new Map<string, Map<MemberId, number[]>>()
  private readonly reachedBy = { host: new Map<MemberId, number>(), quorum: new Map<MemberId, number>() }
  /** What each author said, by name, and the digest of it. */
  private readonly said = new Map<MemberId, { readonly names: Set<string>; digest: string }>()

  /** @param relevance authors, besides this one, that make a further seal of one place worth keeping */
  constructor(private readonly relevance: number) {}

  has({ path, phase, view, seal, author }: SealStatement): boolean {
    return this.at(path, phase, view).get(seal)?.has(author) ?? false
  }

  /** Whether it would be kept. */
  takes({ path, phase, view, seal, author }: SealStatement): boolean {
    const tally = this.at(path, phase, view)
    const named = tally.get(seal)
    if (named?.has(author)) return false
    let own = 0
    for (const authors of tally.values()) if (authors.has(author)) own++
    if (own >= SEALS_PER_PLACE && (named?.size ?? 0) < this.relevance) return false
    const views = this.views.get(KINDS[path][phase])?.get(author)
    return views === undefined || views.length < VIEWS_KEPT || view >= Math.min(...views)
  }

  /** False when it is known or not kept. */
  add(statement: SealStatement): boolean {
    if (!this.takes(statement)) return false
    const { path, phase, view, seal, author } = statement
    const kind = KINDS[path][phase]
    const tally = obtain(
      obtain(this.tallies, kind, () => new Map()),
      view,
      () => new Map(),
    )
    obtain(tally, seal, () => new Map<MemberId, SealStatement>()).set(author, statement)
    const said = obtain(this.said, author, () => ({ names: new Set<string>(), digest: '' }))
    said.names.add(nameOf(kind, view, seal))
    said.digest = ''
    this.reachedBy[path].set(author, Math.max(view, this.reachedBy[path].get(author) ?? -1))
    const views = obtain(
      obtain(this.views, kind, () => new Map<MemberId, number[]>()),
      author,
      () => [],
    )
    if (!views.includes(view)) views.push(view)
    if (views.length > VIEWS_KEPT) this.drop(author, kind, views)
    return true
  }

  at(path: Path, phase: Phase, view: number): Tally {
    return this.tallies.get(KINDS[path][phase])?.get(view) ?? NONE
  }

  /** Views in which anybody spoke, highest first. */
  viewsOf(path: Path, phase: Phase): number[] {
    const byView = this.tallies.get(KINDS[path][phase])
    return byView ? [...byView.keys()].sort((a, b) => b - a) : []
  }

  /** The highest view of a path that each author spoke in. */
  reached(path: Path): ReadonlyMap<MemberId, number> {
    return this.reachedBy[path]
  }

  /** One that excludes this one, if its author said such a thing. */
  contradicting(statement: SealStatement): SealStatement | undefined {
    const { path, phase, view, author } = statement
    const phases: readonly Phase[] = path === 'host' && phase !== 'vote' ? ['propose', 'commit'] : [phase]
    for (const each of phases) {
      const views =
        each === phase && path === 'quorum' ? [view] : this.views.get(KINDS[path][each])?.get(author)
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
    for (const byView of this.tallies.values())
      for (const tally of byView.values()) for (const authors of tally.values()) all.push(...authors.values())
    return all
  }

  /** Hex; equal for equal sets and the same text beside them. */
  digest(beside: string): string {
    const parts: string[] = [beside]
    for (const [author, said] of this.said) {
      said.digest ||= hashOfLines([...said.names].sort())
      parts.push(`${author}/${said.digest}`)
    }
    return hashOfLines(parts.sort())
  }

  private drop(author: MemberId, kind: string, views: number[]): void {
    const lowest = Math.min(...views)
    views.splice(views.indexOf(lowest), 1)
    const byView = this.tallies.get(kind)
    const tally = byView?.get(lowest)
    if (!byView || !tally) return
    for (const [seal, authors] of tally) {
      if (authors.delete(author)) this.said.get(author)?.names.delete(nameOf(kind, lowest, seal))
      if (authors.size === 0) tally.delete(seal)
    }
    if (tally.size === 0) byView.delete(lowest)
  }
}

function nameOf(kind: string, view: number, seal: string): string {
  return `${kind}/${view}/${seal}`
}

function hashOfLines(lines: readonly string[]): string {
  return bytesToHex(sha256(new TextEncoder().encode(lines.join('\n'))))
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
