// Runs local jobs on the trainer port for the gossip machine, within the limits that governance sets, adds up what the
// trainer metered, and measures models on held-out samples without letting measuring eat the time for training.
import type { ModelState } from '../core/gossip/state.ts'
import { headRange, joinHead, sharedParameters, type HeadRange } from '../core/params/head.ts'
import { trainingFlop } from '../core/model/flops.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import { LocalDrift } from './local-drift.ts'
import type { Clock } from '../ports/clock.ts'
import type { ComputeLimits, Evaluation, Trainer, TrainResult } from '../ports/trainer.ts'

/** Held-out samples per measurement while training; the first ones of the test split, the same for everybody. */
const QUICK_SAMPLES = 1_000
/** Measuring may take one part in this many of the time. */
const MEASURE_SHARE = 8
const MIN_MEASURE_GAP_MS = 1_500
const SPEED_MEMORY = 0.7

/** Work since the last receipt. */
export interface WorkTally {
  steps: number
  samples: number
  flop: bigint
  computeMs: number
}

export class Training {
  /** Newest parameters of this member's own local model. */
  own: Float32Array
  step = 0
  stepsInRound = 0
  totalSteps = 0
  totalSamples = 0
  stepsPerSecond = 0
  lastLoss: number | null = null
  tally: WorkTally = { steps: 0, samples: 0, flop: 0n, computeMs: 0 }
  private readonly range: HeadRange
  private readonly shared: number
  private readonly drift: LocalDrift
  // Since this member came, for the device's benchmark; the tally starts anew with every receipt.
  private totalFlop = 0n
  private totalComputeMs = 0
  private nextMeasureAt = -Infinity
  private measuring = false

  constructor(
    private readonly charter: CharterBody,
    private readonly author: string,
    private readonly trainer: Trainer,
    private readonly clock: Clock,
    /** Of the whole model; a head of one's own starts from its end. */
    start: Float32Array,
  ) {
    this.own = start
    this.range = headRange(charter.model)
    this.shared = sharedParameters(charter.model, charter.terms.head)
    this.drift = new LocalDrift(charter.terms, this.shared)
  }

  /** The room's parameters as a whole model: with this member's own head where heads are not shared. */
  whole(body: Float32Array): Float32Array {
    return this.shared === this.range.size
      ? body
      : joinHead(this.range, body, this.own.subarray(this.range.from))
  }

  /** The head to keep for the next start; null where heads are shared. */
  get head(): Float32Array | null {
    return this.shared === this.range.size ? null : this.own.slice(this.range.from)
  }

  /** A local job from the room's parameters. The result's `params` are the part that is shared. */
  async run(
    round: number,
    body: Float32Array,
    steps: number,
    limits: ComputeLimits | null,
  ): Promise<TrainResult> {
    const { terms, seed } = this.charter
    const learningRate = terms.learningRateMicro / 1e6
    this.step = 0
    this.stepsInRound = steps
    const startedAt = this.clock.now()
    const params = this.whole(body)
    const job = {
      params,
      steps,
      batchSize: terms.batchSize,
      optimizer:
        terms.optimizer === 'sgd'
          ? { type: 'sgd' as const, learningRate }
          : { type: 'adam' as const, learningRate, keepMoments: true },
      seed: `${seed}/${this.author}/${round}`,
      drift: this.drift.control(params.length),
      limits,
    }
    const result = await this.trainer.train(job, ({ step, loss }) => {
      this.step = step
      this.lastLoss = loss
    })
    this.step = result.steps
    if (result.steps > 0) {
      this.own = result.params
      this.drift.jobDone(params, result.params, result.steps)
      this.lastLoss = result.meanLoss
      // Without pauses: a member that was paused gets the share of steps that it would have had.
      const activeMs = this.clock.now() - startedAt - result.pausedMs
      const speed = result.steps / Math.max(1e-3, activeMs / 1000)
      this.stepsPerSecond =
        this.stepsPerSecond === 0 ? speed : SPEED_MEMORY * this.stepsPerSecond + (1 - SPEED_MEMORY) * speed
    }
    this.totalSteps += result.steps
    this.totalSamples += result.samples
    this.tally.steps += result.steps
    this.tally.samples += result.samples
    this.tally.flop += result.flop
    this.tally.computeMs += result.computeMs
    this.totalFlop += result.flop
    this.totalComputeMs += result.computeMs
    return this.shared === this.range.size
      ? result
      : { ...result, params: result.params.slice(0, this.shared) }
  }

  roundMixed(before: ModelState, after: ModelState, steps: number): void {
    this.drift.roundMixed(before, after, steps)
  }

  /**
   * FLOP per second of computing, from all work so far. Before any, what the choice of the backend measured: an estimate,
   * since its batches may be smaller than the charter's. 0n while nothing is known.
   */
  benchmarkFlops(): bigint {
    const computeMicros = BigInt(Math.round(this.totalComputeMs * 1_000))
    if (this.totalFlop > 0n && computeMicros > 0n) return (this.totalFlop * 1_000_000n) / computeMicros
    const { model, terms } = this.charter
    return BigInt(Math.round(this.trainer.report.stepsPerSecond * terms.batchSize * trainingFlop(model)))
  }

  takeTally(): WorkTally {
    const tally = this.tally
    this.tally = { steps: 0, samples: 0, flop: 0n, computeMs: 0 }
    return tally
  }

  /** Work that was taken and could not be stated: it still counts against every limit. */
  giveBack({ steps, samples, flop, computeMs }: WorkTally): void {
    this.tally.steps += steps
    this.tally.samples += samples
    this.tally.flop += flop
    this.tally.computeMs += computeMs
  }

  /** Both models on the quick held-out samples; null when it is too early for another measurement. */
  async measure(swarm: Float32Array): Promise<{ own: Evaluation; swarm: Evaluation } | null> {
    const startedAt = this.clock.now()
    if (this.measuring || startedAt < this.nextMeasureAt) return null
    this.measuring = true
    try {
      const own = await this.trainer.evaluate(this.own, 'test', QUICK_SAMPLES)
      return { own, swarm: await this.trainer.evaluate(this.whole(swarm), 'test', QUICK_SAMPLES) }
    } finally {
      this.measuring = false
      const took = this.clock.now() - startedAt
      this.nextMeasureAt = this.clock.now() + Math.max(MIN_MEASURE_GAP_MS, MEASURE_SHARE * took)
    }
  }

  /** Both models on all held-out samples. */
  async measureWhole(swarm: Float32Array): Promise<{ own: Evaluation; swarm: Evaluation }> {
    return {
      own: await this.trainer.evaluate(this.own, 'test'),
      swarm: await this.trainer.evaluate(this.whole(swarm), 'test'),
    }
  }
}
