// What a member's tab does for sponsored runs without being asked: brings the samples that were agreed and no more, signs for the
// compute that the person offered or asked for, measures the others where the lot fell on it, and states what it found. What
// it may do follows from the sealed ledger alone.
import type { FrozenRound } from '../core/gossip/window.ts'
import type { PairRecord, RunRecord } from '../core/incentives/runs/records.ts'
import type { EntryBody, MeasureBody } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { LendingPlan } from '../ports/lending-view.ts'
import type { AppraisalProgress } from '../ports/runs-view.ts'
import type { Citizen } from './citizen.ts'
import { LedgerRefusal } from './ledger-sync.ts'
import { RecentRounds } from './round-archive.ts'
import type { RunDesk } from './run-desk.ts'

/** Activations are clipped to this norm, thousandths; the published experiments' default. */
const CLIP_MILLI = 3_000
/** Drops are stated anew after so many rounds. */
const STATE_EVERY_ROUNDS = 20
/** A provider stops when so many times what is stated at once was not acknowledged. */
const UNACKNOWLEDGED = 3

export interface Measurement {
  readonly toRound: number
  readonly rounds: number
  readonly values: MeasureBody['values']
}

/** The part of an appraiser that the steward needs; peer/appraiser.ts is it. */
export interface RunAppraiser {
  /** Whose updates are measured; may change while the run trains. */
  owners: readonly MemberId[]
  frozen(round: FrozenRound): void
  /** Sums of validation-loss drops so far; null before the first. */
  drops(): Measurement | null
  /** Shares over all rounds; resolves null when it was cancelled. */
  shapley(signal: AbortSignal, onProgress: (fraction: number) => void): Promise<Measurement | null>
  close(): void
}

export interface StewardHost {
  readonly self: MemberId
  /** The newest round whose common state is frozen. */
  frozenRound(): number
  /** Null where this member holds no samples to measure on. */
  openAppraiser(run: RunRecord): RunAppraiser | null
  /** Whether anything that an owner handed over under this contract is still here. */
  holdsShard(contract: string): boolean
  /** Jobs completed under this contract since the tab began, as this side saw it. */
  jobsOf(contract: string): number
  /** Samples that this member trains on; null for all that it has. */
  bring(samples: number | null): void
  onChange(): void
}

interface Duty {
  readonly appraiser: RunAppraiser
  readonly cancel: AbortController
  progress: AppraisalProgress
  statedRound: number
}

export class RunSteward {
  private readonly duties = new Map<string, Duty>()
  private readonly recent = new RecentRounds()
  /** Contracts that this tab has signed or is signing. */
  private readonly signing = new Set<string>()
  /** Contracts whose data this tab states, or has stated, to be deleted. */
  private readonly deleting = new Set<string>()
  /** Jobs that this member had stated when its tab began, by contract. */
  private readonly statedBefore = new Map<string, number>()
  private readonly stating = new Set<string>()
  private brought: number | null = null
  private closed = false

  constructor(
    private readonly citizen: Citizen,
    private readonly desk: RunDesk,
    private readonly host: StewardHost,
  ) {}

  /** The equilibrium leaves this owner out: it rests until the run is over, or it withdraws. */
  get rests(): boolean {
    return this.agreed() === 0
  }

  /** Something that people wait for comes with the next seal. */
  get needsSeal(): boolean {
    const { pending, runs } = this.citizen.book.live.runs
    const isAwaited = pending.some(({ body }) =>
      ['quote', 'begin', 'abort', 'offer', 'capacity', 'withdraw', 'exposure'].includes(body.kind),
    )
    if (isAwaited) return true
    if (!pending.some(({ body }) => body.kind === 'measure')) return false
    const { runs: next } = this.desk.preview.runs
    return [...runs.values()].some(
      ({ hash, phase, remeasured }) =>
        phase === 'training' &&
        (next.get(hash)?.phase !== 'training' || next.get(hash)?.remeasured !== remeasured),
    )
  }

  progressOf(run: string): AppraisalProgress {
    return this.duties.get(run)?.progress ?? { status: 'none' }
  }

  /** The pair that this member belongs to now: agreed at a seal, signed by both, which need not be sealed yet. */
  plan(): LendingPlan | null {
    for (const { hash } of this.training()) {
      const run = this.desk.preview.runs.runs.get(hash)
      const sealed = this.citizen.book.sealed.runs.runs.get(hash)
      const pair = run?.pairs.find(
        ({ owner, provider, broken, ownerSigned, providerSigned, contract }) =>
          (owner === this.host.self || provider === this.host.self) &&
          broken === 0 &&
          ownerSigned === 1 &&
          providerSigned === 1 &&
          sealed?.pairs.some(one => one.contract === contract && one.broken === 0),
      )
      if (!pair || this.isUnacknowledged(run!, pair)) continue
      const { contract, owner, provider, mode } = pair
      const samples = run!.plan.find(row => row.owner === owner)?.samples ?? 0
      return { contract, owner, provider, mode, clipMilli: CLIP_MILLI, noiseMilli: 0, samples }
    }
    return null
  }

  tick(): void {
    if (this.closed) return
    const samples = this.agreed()
    const bring = samples === 0 ? null : samples
    if (bring !== this.brought) {
      this.brought = bring
      this.host.bring(bring)
    }
    this.sign()
    void this.stateDeletions()
    void this.stateServices()
    this.appraise()
  }

  /**
   * As a provider that was handed samples: says of contracts that are over that nothing of them is here. After a reload too: memory
   * kept nothing. With `leaving`, of those as well that end with this.
   */
  async stateDeletions(leaving = false): Promise<void> {
    const live = new Set(leaving ? [] : this.training().map(({ hash }) => hash))
    for (const { hash, pairs } of this.sealed)
      for (const { contract, mode, provider, broken } of pairs) {
        if (mode !== 'paired' || provider !== this.host.self) continue
        // What the next seal may still undo is not over.
        if (broken === 0 && live.has(hash)) {
          this.deleting.delete(contract)
          continue
        }
        const next = this.desk.preview.runs.runs.get(hash)?.pairs.find(pair => pair.contract === contract)
        const wasHanded = next?.ownerSigned === 1 && next.providerSigned === 1
        if (!wasHanded || next.deleted === 1) continue
        if (this.deleting.has(contract) || this.host.holdsShard(contract)) continue
        this.deleting.add(contract)
        if (!(await this.state({ kind: 'deletion', run: hash, contract }))) this.deleting.delete(contract)
      }
  }

  /** Says what was lent so far, as owner or as provider: now and then, and all of it where it ends. With `leaving`, ends everywhere. */
  async stateServices(leaving = false): Promise<void> {
    const round = this.host.frozenRound()
    for (const { hash, phase, toRound } of this.sealed) {
      const run = phase === 'training' ? this.desk.preview.runs.runs.get(hash) : undefined
      for (const pair of run?.pairs ?? []) {
        const { contract, owner, provider, broken } = pair
        if (owner !== this.host.self && provider !== this.host.self) continue
        const jobs = this.jobsDone(pair)
        const stated = this.statedJobs(pair)
        const isEnd = leaving || broken === 1 || round >= toRound
        if (jobs < stated + (isEnd ? 1 : statedAtOnce(run!)) || this.stating.has(contract)) continue
        this.stating.add(contract)
        await this.state({ kind: 'service', run: hash, contract, jobs })
        this.stating.delete(contract)
      }
    }
  }

  close(): void {
    this.closed = true
    for (const duty of this.duties.values()) this.end(duty)
    this.duties.clear()
  }

  /** A round can not change any more. */
  frozen(round: FrozenRound): void {
    for (const { appraiser } of this.duties.values()) appraiser.frozen(round)
    if (this.sealed.some(({ phase }) => phase === 'open' || phase === 'training')) this.recent.add(round)
    else this.recent.clear()
  }

  private statedJobs({ owner, ownerJobs, providerJobs }: PairRecord): number {
    return owner === this.host.self ? ownerJobs : providerJobs
  }

  /** With those before a reload, as far as they were stated. */
  private jobsDone(pair: PairRecord): number {
    const { contract } = pair
    const before = this.statedBefore.get(contract) ?? this.statedJobs(pair)
    this.statedBefore.set(contract, before)
    return before + this.host.jobsOf(contract)
  }

  /** Whoever computes for an owner that does not say so is not paid for it. */
  private isUnacknowledged(run: RunRecord, pair: PairRecord): boolean {
    if (pair.provider !== this.host.self) return false
    return this.jobsDone(pair) - pair.ownerJobs > UNACKNOWLEDGED * statedAtOnce(run)
  }

  private get sealed(): readonly RunRecord[] {
    return [...this.citizen.book.sealed.runs.runs.values()]
  }

  /** Runs whose rounds are still to come. */
  private training(): readonly RunRecord[] {
    const round = this.host.frozenRound()
    return this.sealed.filter(({ phase, toRound }) => phase === 'training' && round < toRound)
  }

  /** Samples to bring; 0 for who is priced out of all runs that it offered to; null outside of runs. */
  private agreed(): number | null {
    const rows = this.training().flatMap(({ plan }) =>
      plan.filter(({ owner, standing }) => owner === this.host.self && standing !== 'left'),
    )
    return rows.length === 0 ? null : Math.max(...rows.map(({ samples }) => samples))
  }

  /**
   * Who offered with 'split', or lends, has agreed to whoever the matching names; raw data to somebody ('paired') the owner
   * signs by hand, knowing to whom.
   */
  private sign(): void {
    const { self } = this.host
    for (const { hash, pairs } of this.training())
      for (const pair of pairs) {
        if (pair.broken === 1) {
          // The same two may come together again, and sign anew.
          this.signing.delete(pair.contract)
          continue
        }
        const mine = pair.owner === self && pair.mode === 'split' && pair.ownerSigned === 0
        const lent = pair.provider === self && pair.providerSigned === 0
        if ((!mine && !lent) || this.signing.has(pair.contract)) continue
        const next = this.desk.preview.runs.runs.get(hash)?.pairs
        const known = next?.find(({ contract }) => contract === pair.contract)
        if (mine ? known?.ownerSigned === 1 : known?.providerSigned === 1) continue
        this.signing.add(pair.contract)
        void this.state({ kind: 'contract', run: hash, contract: pair.contract }).then(stated => {
          if (!stated) this.signing.delete(pair.contract)
        })
      }
  }

  private appraise(): void {
    const live = new Map(this.sealed.filter(({ phase }) => phase === 'training').map(run => [run.hash, run]))
    for (const [hash, duty] of this.duties) {
      if (live.has(hash)) continue
      this.end(duty)
      this.duties.delete(hash)
    }
    for (const [hash, run] of live) {
      if (!run.appraisers.includes(this.host.self)) continue
      let duty = this.duties.get(hash)
      if (!duty) {
        const appraiser = this.host.openAppraiser(run)
        if (!appraiser) continue
        appraiser.owners = run.offers.map(({ owner }) => owner)
        for (const round of this.recent.all) appraiser.frozen(round)
        duty = {
          appraiser,
          cancel: new AbortController(),
          progress: { status: 'following', rounds: 0 },
          statedRound: run.fromRound,
        }
        this.duties.set(hash, duty)
      }
      duty.appraiser.owners = run.offers.map(({ owner }) => owner)
      this.follow(run, duty)
    }
  }

  private follow(run: RunRecord, duty: Duty): void {
    if (duty.progress.status !== 'following') return
    const drops = duty.appraiser.drops()
    if (drops && drops.rounds !== duty.progress.rounds) {
      duty.progress = { status: 'following', rounds: drops.rounds }
      this.host.onChange()
    }
    const isOver = this.host.frozenRound() >= run.toRound
    const first = run.remeasured === 0 && run.quote.remeasureRounds > 0
    const due = first ? run.quote.remeasureRounds : STATE_EVERY_ROUNDS
    const step = duty.statedRound === run.fromRound ? due : STATE_EVERY_ROUNDS
    if (drops && drops.toRound > duty.statedRound && (isOver || drops.toRound >= duty.statedRound + step)) {
      const before = duty.statedRound
      duty.statedRound = drops.toRound
      void this.state({ kind: 'measure', run: run.hash, method: 'drops', ...drops }).then(stated => {
        if (!stated) duty.statedRound = before
      })
    }
    if (isOver) this.share(run, duty)
  }

  private share(run: RunRecord, duty: Duty): void {
    duty.progress = { status: 'computing', fraction: 0 }
    const retry = (): void => {
      if (!this.closed) duty.progress = { status: 'following', rounds: 0 }
    }
    duty.appraiser
      .shapley(duty.cancel.signal, fraction => {
        duty.progress = { status: 'computing', fraction }
        this.host.onChange()
      })
      .then(async found => {
        if (!found || this.closed) return
        const stated = await this.state({ kind: 'measure', run: run.hash, method: 'shapley', ...found })
        if (!stated) return retry()
        duty.progress = { status: 'stated' }
        this.host.onChange()
      }, retry)
  }

  private end({ appraiser, cancel }: Duty): void {
    cancel.abort()
    appraiser.close()
  }

  /** False when the ledger is full for now: the next tick tries again. */
  private async state(body: EntryBody): Promise<boolean> {
    try {
      await this.citizen.append(body)
      return true
    } catch (cause) {
      if (cause instanceof LedgerRefusal) return false
      throw cause
    }
  }
}

/** Jobs after which both sides state them: often enough in short runs too. */
function statedAtOnce({ quote }: RunRecord): number {
  return Math.max(1, Math.min(STATE_EVERY_ROUNDS, Math.floor(quote.rounds / 4)))
}
