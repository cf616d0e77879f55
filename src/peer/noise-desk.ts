// The privacy of this member's own updates in a room whose charter asks for noise: blurs what a local job found before anything
// else sees it, and counts how often. The count is kept before the noised change is used, so that neither a reload nor a
// crash makes the member look more private than it is. Does not end anything: what to do about a large epsilon is a person's choice.
import type { PrivacyTerms } from '../core/ledger/entry.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import { epsilonAfter, type Spent } from '../core/privacy/accountant.ts'
import { privatise } from '../core/privacy/privatise.ts'
import type { Entropy } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'

export interface NoiseDeps {
  readonly store: Store
  readonly entropy: Entropy
  readonly room: RoomId
  readonly self: MemberId
}

export class NoiseDesk {
  private rounds = 0
  private told: Spent | null = null
  private readonly recalled: Promise<void>

  constructor(
    private readonly terms: PrivacyTerms,
    private readonly deps: NoiseDeps,
  ) {
    this.recalled = terms.type === 'noise' ? this.recall() : Promise.resolve()
    // Whoever blurs waits for it and hears of a failure; without a listener here it would count as unheard.
    this.recalled.catch(() => undefined)
  }

  /** What may leave the tab of a job that went from start to params. Rejects where the count can not be kept. */
  async blur(start: Float32Array, params: Float32Array): Promise<Float32Array> {
    const { terms, deps } = this
    if (terms.type !== 'noise') return params
    await this.recalled
    this.rounds += 1
    await deps.store.put(this.key, encodeCount(this.rounds))
    return privatise(start, params, terms, count => deps.entropy.bytes(count))
  }

  /** Null in rooms without noise. */
  get spent(): Spent | null {
    if (this.terms.type !== 'noise') return null
    if (this.told?.rounds !== this.rounds) this.told = epsilonAfter(this.rounds, this.terms)
    return this.told
  }

  private get key(): string {
    return `noise/${this.deps.room}/${this.deps.self}`
  }

  private async recall(): Promise<void> {
    const kept = await this.deps.store.get(this.key)
    if (kept?.length === 4) this.rounds += new DataView(kept.buffer, kept.byteOffset).getUint32(0)
  }
}

/** u32 big-endian. */
function encodeCount(rounds: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, rounds)
  return bytes
}
