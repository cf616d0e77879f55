// Rounds of a sponsored run that an appraiser keeps for the settlement: the state before each, and its updates. Bounded in
// bytes: when it is full it keeps half as many, spread evenly over the run. Which one of a stretch stays is drawn with a
// secret: an owner that knew would bring good updates to those rounds only.
import type { FrozenRound } from '../core/gossip/window.ts'
import type { Update } from '../core/gossip/update.ts'
import { createRng } from '../core/num/rng.ts'
import { readHalves, writeHalves } from '../core/params/half-vector.ts'

export interface KeptRound {
  readonly round: number
  readonly params: () => Float32Array
  /** In order of arrival. */
  readonly updates: readonly Update[]
  /** Of the round before, where it was seen: late copies are found by them. */
  readonly previous: readonly Update[]
}

interface Kept extends KeptRound {
  readonly bytes: number
  /** The lowest of a stretch stays. */
  readonly lot: number
}

const MAX_BYTES = 48 * 1024 * 1024
const MAX_ROUNDS = 256

export class RoundArchive {
  private kept: Kept[] = []
  private stride = 1

  /** @param secret of this tab alone, unguessable */
  constructor(
    private readonly fromRound: number,
    private readonly secret: string,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /** Rounds come in ascending order. */
  add({ before, updates }: FrozenRound, previous: readonly Update[]): void {
    const { round } = before
    const lot = createRng(`${this.secret}/${round}`).next()
    const rival = this.kept.at(-1)
    const isRival = rival !== undefined && this.stretchOf(rival.round) === this.stretchOf(round)
    if (isRival && rival.lot <= lot) return
    if (isRival) this.kept.pop()
    // States are half-precision values already: nothing is lost.
    const count = before.params.length
    const halves = new Uint8Array(2 * count)
    writeHalves(before.params, halves, 0)
    const bytes = [...updates, ...previous].reduce((sum, { payload }) => sum + payload.length, 2 * count)
    const params = (): Float32Array => readHalves(halves, 0, count)!
    this.kept.push({ round, params, updates, previous, bytes, lot })
    while (this.kept.length > 1 && (this.kept.length > MAX_ROUNDS || this.bytes > this.maxBytes)) this.thin()
  }

  get bytes(): number {
    return this.kept.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** At most `count` rounds, one drawn from each of as many equal stretches, oldest first. */
  sample(count: number): readonly KeptRound[] {
    const { kept } = this
    if (kept.length <= count) return [...kept]
    const at = (i: number): number => Math.floor((i * kept.length) / count)
    return Array.from({ length: count }, (_, i) => lowest(kept.slice(at(i), at(i + 1))))
  }

  clear(): void {
    this.kept = []
  }

  private stretchOf(round: number): number {
    return Math.floor((round - this.fromRound) / this.stride)
  }

  private thin(): void {
    this.stride *= 2
    const stretches = new Map<number, Kept[]>()
    for (const one of this.kept) {
      const stretch = this.stretchOf(one.round)
      stretches.set(stretch, [...(stretches.get(stretch) ?? []), one])
    }
    this.kept = [...stretches.values()].map(lowest)
  }
}

function lowest(some: readonly Kept[]): Kept {
  return some.reduce((best, one) => (one.lot < best.lot ? one : best))
}

const RECENT_ROUNDS = 32
const RECENT_BYTES = 32 * 1024 * 1024
/** A parameter's in memory: float32 and half, momentum included. */
const STATE_BYTES = 12

/**
 * The rounds that froze last. Who is to measure a run learns of it by a seal, when its first rounds, which teach a model the
 * most, may be frozen already.
 */
export class RecentRounds {
  private rounds: readonly FrozenRound[] = []

  add(round: FrozenRound): void {
    const affordable = Math.floor(RECENT_BYTES / (STATE_BYTES * round.before.params.length))
    this.rounds = [...this.rounds, round].slice(-Math.max(2, Math.min(RECENT_ROUNDS, affordable)))
  }

  get all(): readonly FrozenRound[] {
    return this.rounds
  }

  clear(): void {
    this.rounds = []
  }
}
