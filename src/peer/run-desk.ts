// Carries out what a person orders about sponsored runs: checks what can be checked before signing, so that nothing pointless
// enters the ledger, and turns it into one entry. Refusals are kinds; the screens word them.
import { planRun } from '../core/incentives/runs/plan.ts'
import type { RunFault, RunRecord } from '../core/incentives/runs/records.ts'
import { entryHash } from '../core/ledger/chain.ts'
import type { EntryBody } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { RunAction, RunActionResult, RunRefusal, RunsView } from '../ports/runs-view.ts'
import type { AppraisalProgress } from '../ports/runs-view.ts'
import type { Citizen } from './citizen.ts'
import { LedgerRefusal } from './ledger-sync.ts'
import { RunPreviews } from './run-preview.ts'
import { isSealedPair, runsView } from './run-view.ts'

const MONEY = /^[1-9][0-9]{0,14}$/
const MAX_TEXT = 120
const MAX_REASON = 280

export interface RunDeskHost {
  readonly self: MemberId
  round(): number
  stepsPerSecond(): number
  /** The data that this member joined with; null without any. */
  data(): {
    readonly root: string
    readonly samples: number
    readonly perClass: readonly number[]
  } | null
  progressOf(run: string): AppraisalProgress
}

type Draft = EntryBody | RunRefusal

export class RunDesk {
  private readonly previews: RunPreviews

  constructor(
    private readonly citizen: Citizen,
    private readonly host: RunDeskHost,
  ) {
    this.previews = new RunPreviews(
      citizen.book,
      () => citizen.present(),
      () => citizen.time.unixMs(),
    )
  }

  /** Runs of the room as they would be if it were sealed now. */
  get preview(): ReturnType<RunPreviews['now']> {
    return this.previews.now()
  }

  view(): RunsView {
    const { book } = this.citizen
    return runsView({
      self: this.host.self,
      sealed: book.sealed.runs,
      preview: this.preview,
      round: this.host.round(),
      cutOf: member => book.live.credits.cuts.get(member) ?? Infinity,
      progressOf: run => this.host.progressOf(run),
    })
  }

  async act(action: RunAction): Promise<RunActionResult> {
    const drafted = this.draft(action)
    if (typeof drafted === 'string') return { status: 'refused', why: drafted }
    try {
      const entry = await this.citizen.append(drafted)
      return { status: 'done', hash: entryHash(entry) }
    } catch (cause) {
      if (cause instanceof LedgerRefusal) return { status: 'refused', why: 'ledger-full' }
      throw cause
    }
  }

  private draft(action: RunAction): Draft {
    if (!this.citizen.members.has(this.host.self)) return 'not-member'
    switch (action.type) {
      case 'quote':
        return this.quote(action)
      case 'asset':
        return this.asset(action)
      case 'offer':
        return this.offer(action)
      case 'capacity':
        return this.capacity(action)
      case 'withdraw': {
        const run = this.live(action.run)
        if (typeof run === 'string') return run
        const { self } = this.host
        const takesPart =
          run.offers.some(({ owner, present }) => owner === self && present === 1) ||
          run.capacities.some(({ provider }) => provider === self)
        return takesPart ? { kind: 'withdraw', run: action.run } : 'not-party'
      }
      case 'begin':
        return this.begin(action)
      case 'contract': {
        const run = this.live(action.run)
        if (typeof run === 'string') return run
        const pair = run.pairs.find(({ contract }) => contract === action.contract)
        if (!pair || (pair.owner !== this.host.self && pair.provider !== this.host.self)) return 'not-party'
        const { runs } = this.citizen.book.sealed.runs
        if (!isSealedPair(runs.get(action.run), action.contract)) return 'wrong-phase'
        return pair.broken === 1 ? 'stale' : { kind: 'contract', run: action.run, contract: action.contract }
      }
      case 'exposure': {
        const before = this.preview.runs.limits.get(this.host.self) ?? 1
        const sound = Number.isInteger(action.limit) && action.limit > before && action.limit <= 200
        return sound ? { kind: 'exposure', limit: action.limit } : 'invalid'
      }
      case 'abort': {
        const run = this.live(action.run)
        if (typeof run === 'string') return run
        if (run.sponsor !== this.host.self) return 'not-sponsor'
        const reason = action.reason.trim()
        return reason.length <= MAX_REASON ? { kind: 'abort', run: action.run, reason } : 'invalid'
      }
      default:
        return action satisfies never
    }
  }

  private live(hash: string): RunRecord | RunFault {
    const run = this.preview.runs.runs.get(hash)
    if (!run) return 'unknown-run'
    return run.phase === 'open' || run.phase === 'training' ? run : 'wrong-phase'
  }

  private quote({ quote }: RunAction & { type: 'quote' }): Draft {
    const title = quote.title.trim()
    const amounts = [quote.rewardMicro, quote.dataPriceMicro, quote.computePriceMicro]
    const whole = [quote.unitSamples, quote.rounds, quote.appraisers, quote.growthMillionths]
    const sound =
      title !== '' &&
      title.length <= MAX_TEXT &&
      amounts.every(amount => MONEY.test(amount)) &&
      /^(?:0|[1-9][0-9]{0,14})$/.test(quote.alphaMicro) &&
      whole.every(value => Number.isInteger(value) && value >= 1) &&
      quote.appraisers <= 15 &&
      quote.rounds <= 1e6 &&
      quote.unitSamples <= 1e9 &&
      quote.growthMillionths <= 1e9 &&
      Number.isInteger(quote.remeasureRounds) &&
      quote.remeasureRounds >= 0 &&
      quote.remeasureRounds < quote.rounds &&
      isMillionths(quote.qualityFloorMillionths, 999_999) &&
      isMillionths(quote.fineMillionths, 1_000_000) &&
      isMillionths(quote.floorMillionths, 950_000) &&
      Number.isInteger(quote.expiresUnixMs) &&
      (quote.expiresUnixMs === 0 || quote.expiresUnixMs > this.citizen.time.unixMs())
    if (!sound) return 'invalid'
    // Contributions are measured on single updates, which nobody sees here.
    if (this.citizen.book.charter.body.terms.privacy.type === 'masks') return 'under-masks'
    const balance = this.preview.balances.get(this.host.self) ?? 0n
    if (BigInt(quote.rewardMicro) > balance) return 'insufficient'
    return { kind: 'quote', ...quote, title }
  }

  private asset(action: RunAction & { type: 'asset' }): Draft {
    const data = this.host.data()
    if (!data || data.root === '' || data.samples === 0) return 'no-data'
    const { driftMillionths, ...rest } = action.appraisal
    // Only what an entry holds: a caller may hand over more.
    const parts = {
      completeMillionths: rest.completeMillionths,
      duplicateMillionths: rest.duplicateMillionths,
      nearDuplicateMillionths: rest.nearDuplicateMillionths,
      balanceMillionths: rest.balanceMillionths,
      noiseMillionths: rest.noiseMillionths,
      outlierMillionths: rest.outlierMillionths,
    }
    const sound =
      Object.values(parts).every(value => isMillionths(value, 1_000_000)) &&
      isMillionths(driftMillionths, 1e9) &&
      isMillionths(action.qualityMillionths, 1_000_000) &&
      action.qualityMillionths > 0 &&
      action.licence.length <= 80
    if (!sound) return 'invalid'
    return {
      kind: 'asset',
      root: data.root,
      samples: data.samples,
      classes: data.perClass,
      appraisal: { ...parts, driftMillionths },
      qualityMillionths: action.qualityMillionths,
      consent: action.consent,
      licence: action.licence.trim(),
    }
  }

  private offer({ run: hash, qualityMillionths, samples, mode }: RunAction & { type: 'offer' }): Draft {
    const run = this.live(hash)
    if (typeof run === 'string') return run
    const { self } = this.host
    if (run.sponsor === self) return 'own-run'
    const asset = this.preview.runs.assets.get(self)
    if (!asset) return 'unknown-asset'
    if (asset.body.root !== this.host.data()?.root) return 'wrong-root'
    if (!isMillionths(qualityMillionths, 1_000_000) || qualityMillionths === 0) return 'invalid'
    if (qualityMillionths < run.quote.qualityFloorMillionths) return 'below-floor'
    if (!Number.isInteger(samples) || samples < 1) return 'invalid'
    if (samples > asset.body.samples) return 'too-many-samples'
    if (mode === 'split' && run.quote.lending === 'none') return 'mode-not-allowed'
    if (mode === 'paired' && run.quote.lending !== 'any') return 'mode-not-allowed'
    const before = run.offers.find(({ owner }) => owner === self)
    const isAgreed = before !== undefined && run.phase === 'training'
    if (isAgreed && qualityMillionths !== before.qualityMillionths) return 'wrong-phase'
    const twin = run.offers.some(({ owner, root }) => owner !== self && root === asset.body.root)
    if (twin) return 'duplicate-data'
    return { kind: 'offer', run: hash, asset: asset.hash, qualityMillionths, samples, mode }
  }

  private capacity({ run: hash, unitCostMillionths, modes }: RunAction & { type: 'capacity' }): Draft {
    const run = this.live(hash)
    if (typeof run === 'string') return run
    const { lending } = run.quote
    if (lending === 'none' || (modes === 'any' && lending !== 'any')) return 'mode-not-allowed'
    const speedMilli = Math.max(1, Math.min(1e9, Math.round(1000 * this.host.stepsPerSecond())))
    const sound = Number.isInteger(unitCostMillionths) && unitCostMillionths >= 1 && unitCostMillionths <= 1e9
    return sound ? { kind: 'capacity', run: hash, unitCostMillionths, speedMilli, modes } : 'invalid'
  }

  /** A market that would not open is refused here, while something can still be done about it. */
  private begin({ run: hash }: RunAction & { type: 'begin' }): Draft {
    const run = this.live(hash)
    if (typeof run === 'string') return run
    if (run.sponsor !== this.host.self) return 'not-sponsor'
    if (run.phase !== 'open') return 'wrong-phase'
    const plan = planRun(run.quote, run.offers)
    if (!plan.ok) {
      if (plan.refusal.kind === 'too-few') return 'too-few-owners'
      return plan.refusal.kind === 'reward-too-small' ? 'reward-too-small' : 'invalid'
    }
    return { kind: 'begin', run: hash, round: this.host.round() }
  }
}

function isMillionths(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most
}
