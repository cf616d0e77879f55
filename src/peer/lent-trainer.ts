// A Trainer whose steps a matched provider shares: to the gossip machine, receipts and the pause gate it is a trainer like any
// other. Evaluation and predictions stay with the local trainer that it wraps, and so do samples and labels except for those
// that a contract of mode 'paired' names. Whenever there is no lender, or one vanishes, stalls or returns what cannot be, the job
// is done locally from its start, so nothing is lost but time; a lender that was wrong is asked less often, and after a few
// such answers no more. A loss that rose is held against it only where the owner's own steps do better.
import { cutModel, type ModelCut } from '../core/model/split.ts'
import { createSampleOrder } from '../core/model/sample-order.ts'
import { type Samples, takeSamples } from '../core/model/samples.ts'
import { product } from '../core/model/shapes.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import { trainingFlop } from '../core/model/flops.ts'
import type { MemberId } from '../core/num/ids.ts'
import { clipNorm } from '../core/privacy/activations.ts'
import type { Clock, Entropy } from '../ports/clock.ts'
import type { LendFault, LendingPlan } from '../ports/lending-view.ts'
import type { OpenSegment } from '../ports/segment.ts'
import type { Trainer, TrainJob, TrainProgress, TrainResult } from '../ports/trainer.ts'
import { LEND_LIMITS } from '../protocol/lending.ts'
import { Dialogue, LendError, type LendLink } from './lend-dialogue.ts'
import { LossDoubt, type LentWork, type Party } from './lend-exchange.ts'
import { Handovers, PairedJob } from './lent-paired.ts'
import { createSplitReference, SplitJob, type SplitEngines, type SplitReference } from './lent-split.ts'
import { createJobDesk, jobMeter, rateStepMs } from './trainer-job.ts'
import { createSplits, type Splits } from './trainer-data.ts'
import { createPace, type Pace } from './trainer-pace.ts'

/** After a fault the provider is left alone for so long, twice as long after the next, and so on. */
const BACK_OFF_MS = 2_000
const LONGEST_BACK_OFF_MS = 60_000
/** Wrong results after which a provider is asked no more in this stay. */
const WRONGS = 3
const WRONG: ReadonlySet<LendFault> = new Set([
  'wrong-length',
  'not-finite',
  'unrelated',
  'stale',
  'false-meter',
  'unproven',
])
const SPEED_MEMORY = 0.7

export interface Lender {
  readonly plan: LendingPlan
  readonly link: LendLink
  /** Values travel as scaled bytes: a quarter of the traffic, less exact. */
  readonly coarse: boolean
}

export interface LentTrainerDeps {
  readonly model: ModelSpec
  readonly local: Trainer
  readonly clock: Clock
  readonly entropy: Entropy
  readonly openSegment: OpenSegment
  /** Without one no samples are ever handed over: what mode 'paired' would lend is done locally. */
  readonly party?: Party
  /** Who lends now; null where nobody does. Asked before every job. */
  lender(): Lender | null
  onFault(provider: MemberId, fault: LendFault): void
}

/** What came of lending so far. */
export interface LentRecord {
  jobs: number
  ownJobs: number
  steps: number
  stepsPerSecond: number
  ownFlop: bigint
  otherFlop: bigint
  dropped: number
  active: boolean
  readonly faults: Map<LendFault, number>
}

export class LentTrainer implements Trainer {
  readonly record: LentRecord = {
    jobs: 0,
    ownJobs: 0,
    steps: 0,
    stepsPerSecond: 0,
    ownFlop: 0n,
    otherFlop: 0n,
    dropped: 0,
    active: false,
    faults: new Map(),
  }
  /** Jobs that providers completed, by contract; those too whose result was not used through nobody's fault. */
  readonly completed = new Map<string, number>()
  readonly cut: ModelCut | null
  private readonly splits: Splits
  private readonly desk: ReturnType<typeof createJobDesk>
  private readonly pace: Pace
  private readonly standings = new Map<MemberId, { wrongs: number; inRow: number; notBefore: number }>()
  private readonly handovers: Handovers | null
  /** Of the samples that this member brings, without what was added to them here. */
  private base: Samples | null = null
  private engines: SplitEngines | null = null
  private reference: SplitReference | null = null
  private talk: Dialogue | null = null
  private lastJob = 0
  private stopped = false

  constructor(private readonly deps: LentTrainerDeps) {
    this.cut = cutModel(deps.model)
    this.splits = createSplits(deps.model)
    this.desk = createJobDesk(deps.model, this.splits)
    this.handovers = deps.party ? new Handovers(deps.model, deps.party) : null
    // Every step waits for messages anyway, which is a turn of the event loop.
    this.pace = createPace(deps.clock, { wait: () => Promise.resolve(), close: () => undefined })
  }

  get report(): Trainer['report'] {
    return this.deps.local.report
  }

  /** The owner's own training samples; null before there are any. For what is measured on demand. */
  get trainingSamples(): Samples | null {
    try {
      return this.splits.get('train')
    } catch {
      // reason: no samples yet is an answer here, not an error.
      return null
    }
  }

  async setData(...[split, data]: Parameters<Trainer['setData']>): Promise<void> {
    this.desk.assertOpen()
    this.splits.set(split, data)
    if (split === 'train') this.base = this.splits.get('train')
    await this.deps.local.setData(split, data)
  }

  async addExamples(...[data]: Parameters<Trainer['addExamples']>): Promise<void> {
    this.desk.assertOpen()
    this.splits.add(data)
    await this.deps.local.addExamples(data)
  }

  train(job: TrainJob, onProgress?: (progress: TrainProgress) => void): Promise<TrainResult> {
    return this.desk.run(job, async samples => {
      this.stopped = false
      const lender = this.lenderFor(job)
      if (!lender) return this.deps.local.train(job, onProgress)
      const own: TrainJob = {
        ...job,
        params: job.params.slice(),
        drift: job.drift && { ...job.drift, correction: job.drift.correction?.slice() ?? null },
      }
      let told = 0
      const tell = (progress: TrainProgress): void => {
        if (progress.step <= told) return
        told = progress.step
        onProgress?.(progress)
      }
      try {
        return await this.runLent(own, samples, lender, tell)
      } catch (cause) {
        this.desk.assertOpen()
        const { provider } = lender.plan
        // Nobody else's fault: an engine here broke. The local trainer knows how to open a device again.
        if (!(cause instanceof LendError)) this.closeEngines()
        else if (!(cause instanceof LossDoubt)) this.blame(provider, cause)
        this.record.ownJobs++
        if (this.stopped) return nothingDone(own)
        const result = await this.deps.local.train(own, tell)
        // Of a job that was cut short nothing can be said.
        if (cause instanceof LossDoubt && result.steps === job.steps) {
          if (cause.isClearedBy(result.params)) this.complete(lender.plan)
          else this.blame(provider, cause)
        }
        return result
      }
    })
  }

  stop(): void {
    this.stopped = true
    this.pace.stop()
    this.deps.local.stop()
  }

  setPaused(paused: boolean): void {
    this.pace.setPaused(paused)
    this.deps.local.setPaused(paused)
  }

  setEffort(effort: number): void {
    this.pace.setEffort(effort)
    this.deps.local.setEffort(effort)
  }

  async evaluate(...args: Parameters<Trainer['evaluate']>): ReturnType<Trainer['evaluate']> {
    this.desk.assertOpen()
    return this.deps.local.evaluate(...args)
  }

  async predict(...args: Parameters<Trainer['predict']>): Promise<Float32Array> {
    this.desk.assertOpen()
    return this.deps.local.predict(...args)
  }

  close(): void {
    if (this.desk.closed) return
    this.desk.close()
    this.pace.close()
    this.talk?.close()
    this.closeEngines()
    this.handovers?.close()
    this.deps.local.close()
  }

  private closeEngines(): void {
    this.engines?.front.close()
    this.engines?.tail?.close()
    this.engines = null
  }

  /** Null where this job is better, or can only be, done here. */
  private lenderFor(job: TrainJob): Lender | null {
    if (job.steps === 0 || job.batchSize > LEND_LIMITS.batch) return null
    const lender = this.deps.lender()
    if (!lender) return null
    if (lender.plan.mode === 'split' ? !this.canSplit(job) : !this.canHand(job, lender.plan)) return null
    const standing = this.standings.get(lender.plan.provider)
    const isAvoided = standing && (standing.wrongs >= WRONGS || this.deps.clock.now() < standing.notBefore)
    if (lender.link.isUp && !isAvoided) return lender
    this.record.ownJobs++
    return null
  }

  private canSplit(job: TrainJob): boolean {
    const { cut } = this
    if (!cut || cut.middle.to - cut.middle.from > LEND_LIMITS.parameters) return false
    return job.batchSize * Math.max(cut.sentValues, cut.returnedValues) <= LEND_LIMITS.values
  }

  private canHand({ params }: TrainJob, plan: LendingPlan): boolean {
    const { base, handovers } = this
    return params.length <= LEND_LIMITS.parameters && base !== null && handovers?.mayHand(plan, base) === true
  }

  private async runLent(
    job: TrainJob,
    samples: Samples,
    { plan, link, coarse }: Lender,
    tell: (progress: TrainProgress) => void,
  ): Promise<TrainResult> {
    const { model, clock } = this.deps
    const { pace, record } = this
    // As they are now: what comes meanwhile was not asked about.
    const lent = plan.mode === 'split' ? samples : this.base!
    const meter = jobMeter(model, job)
    await pace.begin(rateStepMs(model, job))
    this.desk.assertOpen()
    if (!meter.mayStep()) return { ...nothingDone(job), pausedMs: pace.pausedMs, exhausted: true }
    if (pace.stopped) return { ...nothingDone(job), pausedMs: pace.pausedMs }
    // Seconds first, so that the numbers of a tab that was reloaded are above those that it used before.
    this.lastJob = Math.max(this.lastJob + 1, Math.floor(clock.unixMs() / 1_000) >>> 0)
    const talk = new Dialogue(link, clock, this.lastJob, coarse)
    this.talk = talk
    record.active = true
    let computeMs = 0
    const timed = async <T>(work: Promise<T>): Promise<T> => {
      const start = clock.now()
      const value = await work
      computeMs += clock.now() - start
      return value
    }
    try {
      const work = await timed(
        plan.mode === 'split'
          ? this.openSplit(job, lent, plan, talk, coarse)
          : this.openPaired(job, lent, plan, talk),
      )
      const order = createSampleOrder(job.seed, lent.y.length)
      let lossSum = 0
      let exhausted = false
      while (work.steps < job.steps && !pace.stopped) {
        const most = Math.min(work.slice, job.steps - work.steps)
        let count = 0
        for (; count < most && meter.mayStep(); count++) meter.count()
        exhausted = count === 0
        if (exhausted) break
        const before = computeMs
        const indices = new Int32Array(count * job.batchSize)
        for (let i = 0; i < count; i++)
          order.next(indices.subarray(i * job.batchSize, (i + 1) * job.batchSize))
        const losses = await timed(work.advance(indices))
        for (let i = 0; i < count; i++) {
          lossSum += losses[i]!
          tell({ step: work.steps - count + i + 1, loss: losses[i]! })
          this.countStep(job, plan, (computeMs - before) / count)
        }
        await pace.rest(computeMs - before, meter.waitMs(pace.activeMs))
        this.desk.assertOpen()
      }
      const params = await timed(work.finish())
      record.jobs++
      if (work.steps > 0) this.complete(plan)
      this.standings.delete(plan.provider)
      return {
        params,
        steps: work.steps,
        samples: work.steps * job.batchSize,
        meanLoss: lossSum / work.steps,
        computeMs,
        pausedMs: pace.pausedMs,
        flop: meter.flop,
        exhausted,
      }
    } catch (cause) {
      // The provider must not wait for a job that is over.
      link.send({ type: 'cancel', job: talk.job }, coarse)
      throw cause
    } finally {
      record.active = false
      record.dropped += talk.dropped
      talk.close()
      this.talk = null
    }
  }

  private async openSplit(
    job: TrainJob,
    samples: Samples,
    plan: LendingPlan,
    talk: Dialogue,
    coarse: boolean,
  ): Promise<LentWork> {
    const { model, entropy } = this.deps
    const cut = this.cut!
    const terms = {
      clip: clipNorm(plan.clipMilli, cut.sentValues),
      noise: plan.noiseMilli / 1_000,
      contract: plan.contract,
      coarse,
      noiseKey: entropy.bytes(32),
    }
    this.engines ??= await this.openEngines(cut)
    this.reference ??= createSplitReference(cut)
    const split = new SplitJob(model, cut, this.engines, this.reference, talk, terms, job)
    await split.open()
    const sampleSize = product(model.input)
    return {
      get steps() {
        return split.steps
      },
      slice: 1,
      async advance(indices) {
        const x = new Float32Array(indices.length * sampleSize)
        const y = new Uint16Array(indices.length)
        takeSamples(samples, indices, sampleSize, x, y)
        return [await split.step(x, y)]
      },
      finish: () => split.finish(),
    }
  }

  private async openPaired(
    job: TrainJob,
    samples: Samples,
    plan: LendingPlan,
    talk: Dialogue,
  ): Promise<LentWork> {
    const { model, clock } = this.deps
    const isAgreed = (): boolean => this.deps.lender()?.plan.contract === plan.contract
    await this.handovers!.handOver(talk, plan, samples, isAgreed)
    const paired = new PairedJob(model, talk, job, samples, () => clock.now())
    await paired.open(plan)
    return paired
  }

  private async openEngines({ front, tail }: ModelCut): Promise<SplitEngines> {
    const { openSegment } = this.deps
    return {
      front: await openSegment({ spec: front.spec, wantsInput: false }),
      tail: tail && (await openSegment({ spec: tail.spec, wantsInput: true })),
    }
  }

  private complete({ contract }: LendingPlan): void {
    this.completed.set(contract, (this.completed.get(contract) ?? 0) + 1)
  }

  private countStep({ batchSize }: TrainJob, { mode }: LendingPlan, stepMs: number): void {
    const { record } = this
    const part = mode === 'split' ? this.cut!.middle.spec : this.deps.model
    const lent = BigInt(trainingFlop(part)) * BigInt(batchSize)
    record.steps++
    record.otherFlop += lent
    record.ownFlop += BigInt(trainingFlop(this.deps.model)) * BigInt(batchSize) - lent
    const speed = 1_000 / Math.max(1e-3, stepMs)
    record.stepsPerSecond =
      record.stepsPerSecond === 0 ? speed : SPEED_MEMORY * record.stepsPerSecond + (1 - SPEED_MEMORY) * speed
  }

  private blame(provider: MemberId, { kind, refusal }: LendError): void {
    // It was reloaded, or deleted what it held: it gets the samples again, or asks why not.
    if (refusal === 'no-shard') this.handovers?.lost()
    const { faults } = this.record
    faults.set(kind, (faults.get(kind) ?? 0) + 1)
    const before = this.standings.get(provider) ?? { wrongs: 0, inRow: 0, notBefore: 0 }
    const inRow = before.inRow + 1
    const waitMs = Math.min(LONGEST_BACK_OFF_MS, BACK_OFF_MS * 2 ** (inRow - 1))
    this.standings.set(provider, {
      wrongs: before.wrongs + (WRONG.has(kind) ? 1 : 0),
      inRow,
      notBefore: this.deps.clock.now() + waitMs,
    })
    this.deps.onFault(provider, kind)
  }
}

function nothingDone({ params }: TrainJob): TrainResult {
  return {
    params: params.slice(),
    steps: 0,
    samples: 0,
    meanLoss: NaN,
    computeMs: 0,
    pausedMs: 0,
    flop: 0n,
    exhausted: false,
  }
}
