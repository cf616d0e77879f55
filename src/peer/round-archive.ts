// Rounds of a sponsored run that an appraiser keeps for the settlement: the state before each, and its updates. Bounded in
// bytes: when it is full every second round goes, so that what stays is spread evenly over the run.
import type { FrozenRound } from '../core/gossip/window.ts'
import { readHalves, writeHalves } from '../core/params/half-vector.ts'
import type { Update } from '../core/gossip/update.ts'

export interface KeptRound {
  readonly round: number
  readonly params: () => Float32Array
  readonly updates: readonly Update[]
}

const MAX_BYTES = 48 * 1024 * 1024
const MAX_ROUNDS = 256

export class RoundArchive {
  private kept: (KeptRound & { readonly bytes: number })[] = []
  private stride = 1
  private bytes = 0

  constructor(private readonly fromRound: number) {}

  add({ before, updates }: FrozenRound): void {
    if ((before.round - this.fromRound) % this.stride !== 0) return
    // States are half-precision values already: nothing is lost.
    const count = before.params.length
    const halves = new Uint8Array(2 * count)
    writeHalves(before.params, halves, 0)
    const bytes = halves.byteLength + updates.reduce((sum, { payload }) => sum + payload.length, 0)
    this.kept.push({ round: before.round, params: () => readHalves(halves, 0, count)!, updates, bytes })
    this.bytes += bytes
    while (this.kept.length > 1 && (this.bytes > MAX_BYTES || this.kept.length > MAX_ROUNDS)) this.thin()
  }

  /** At most `count` rounds, spread evenly, oldest first. */
  sample(count: number): readonly KeptRound[] {
    const { kept } = this
    if (kept.length <= count) return kept
    return Array.from({ length: count }, (_, i) => kept[Math.floor(((i + 0.5) * kept.length) / count)]!)
  }

  clear(): void {
    this.kept = []
    this.bytes = 0
  }

  private thin(): void {
    this.stride *= 2
    this.kept = this.kept.filter(({ round }) => (round - this.fromRound) % this.stride === 0)
    this.bytes = this.kept.reduce((sum, { bytes }) => sum + bytes, 0)
  }
}
