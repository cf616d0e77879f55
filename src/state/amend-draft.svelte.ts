// New terms as they are typed, starting from those in force. How the room is sealed is not among them: its seals rest on it.
import type { GovernanceTerms } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'
import { GFLOP_DECIMALS, writeAmount } from './amount.ts'
import { CAPS, capFlop, type CapName } from './limits-draft.svelte.ts'
import { readMoment, writeMoment } from './when.ts'

export type AmendFault = CapName | 'guardians' | 'quorum' | 'resumeQuorum' | 'heartbeat' | 'expires'

const MIN_HEARTBEAT_SECONDS = 5
const MAX_NAMED = 64

export class AmendDraft {
  guardians = $state.raw<readonly MemberId[]>([])
  issuers = $state.raw<readonly MemberId[]>([])
  quorum = $state<number | null>(1)
  resumeQuorum = $state<number | null>(1)
  licensing = $state<GovernanceTerms['licensing']>('open')
  caps = $state<Record<CapName, string>>({ memberFlop: '', roundFlop: '', lineageFlop: '' })
  heartbeatSeconds = $state<number | null>(null)
  expires = $state('')

  readonly #before: GovernanceTerms
  /** Moments are typed to the minute; one that was not touched keeps its seconds. */
  readonly #expiresBefore: string
  readonly #now: () => number

  readonly faults: readonly AmendFault[] = $derived.by(() => {
    const faults: AmendFault[] = CAPS.filter(name => capFlop(this.caps[name]) === null)
    const count = this.guardians.length
    if (count < 1 || count > MAX_NAMED) faults.push('guardians')
    for (const name of ['quorum', 'resumeQuorum'] as const) {
      const value = this[name]
      if (value === null || !Number.isInteger(value) || value < 1 || value > count) faults.push(name)
    }
    const seconds = this.heartbeatSeconds
    if (seconds !== null && !(Number.isFinite(seconds) && seconds >= MIN_HEARTBEAT_SECONDS))
      faults.push('heartbeat')
    if (this.expires !== this.#expiresBefore && this.expires !== '') {
      const moment = readMoment(this.expires)
      if (moment === null || moment <= this.#now()) faults.push('expires')
    }
    return faults
  })

  constructor(before: GovernanceTerms, now: () => number) {
    this.#before = before
    this.#now = now
    this.guardians = before.guardians
    this.issuers = before.issuers
    this.quorum = before.quorum
    this.resumeQuorum = before.resumeQuorum
    this.licensing = before.licensing
    for (const name of CAPS) this.caps[name] = writeAmount(BigInt(before.budget[name]), GFLOP_DECIMALS)
    this.heartbeatSeconds = before.heartbeatMs === 0 ? null : before.heartbeatMs / 1000
    this.#expiresBefore = before.expiresUnixMs === 0 ? '' : writeMoment(before.expiresUnixMs)
    this.expires = this.#expiresBefore
  }

  toggle(list: 'guardians' | 'issuers', member: MemberId): void {
    const now = this[list]
    this[list] = now.includes(member) ? now.filter(other => other !== member) : [...now, member].sort()
  }

  /** Only while there is no fault; else null. */
  terms(): GovernanceTerms | null {
    if (this.faults.length > 0) return null
    const expires = this.expires === '' ? 0 : (readMoment(this.expires) ?? 0)
    return {
      guardians: this.guardians,
      quorum: this.quorum!,
      resumeQuorum: this.resumeQuorum!,
      issuers: this.issuers,
      licensing: this.licensing,
      budget: {
        memberFlop: String(capFlop(this.caps.memberFlop)),
        roundFlop: String(capFlop(this.caps.roundFlop)),
        lineageFlop: String(capFlop(this.caps.lineageFlop)),
      },
      sealing: this.#before.sealing,
      heartbeatMs: this.heartbeatSeconds === null ? 0 : Math.round(this.heartbeatSeconds * 1000),
      expiresUnixMs: this.expires === this.#expiresBefore ? this.#before.expiresUnixMs : expires,
    }
  }

  isSame(terms: GovernanceTerms): boolean {
    return JSON.stringify(sorted(terms)) === JSON.stringify(sorted(this.#before))
  }
}

/** Keys in one order; lists are sorted by their rule. */
function sorted(terms: GovernanceTerms): readonly unknown[] {
  const { guardians, quorum, resumeQuorum, issuers, licensing, budget, sealing, heartbeatMs, expiresUnixMs } =
    terms
  return [
    ...[guardians, quorum, resumeQuorum, issuers, licensing, sealing, heartbeatMs, expiresUnixMs],
    ...CAPS.map(name => budget[name]),
  ]
}
