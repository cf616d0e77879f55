// What jobs of both modes of lent compute have in common on the owner's side: how one is opened, how its result is collected,
// and what a trainer that lends asks of either. Throws LendError.
import type { ModelSpec } from '../core/model/spec.ts'
import { forwardFlop } from '../core/model/flops.ts'
import type { Entropy } from '../ports/clock.ts'
import type { RoomId } from '../core/num/ids.ts'
import type { Signer } from '../ports/signer.ts'
import type { DriftControl, TrainJob } from '../ports/trainer.ts'
import type { LendMode } from '../protocol/lending.ts'
import { type Dialogue, Collector, LendError, piecesOf } from './lend-dialogue.ts'
import { vectorHash } from './vector-hash.ts'

/** Time for the provider to open its engine, and for everything after. */
const OPEN_MS = 20_000
export const REPLY_MS = 10_000
/** Samples that outputs and results are checked on, fewer for heavy models. */
const CHECKED = 32
export const CHECK_FLOP = 50_000_000
/** A loss may rise by chance; more is no training on these samples. */
const LOSS_FACTOR = 1.2
const LOSS_SLACK = 0.1

/** As what a member proves that it is a contract's party. */
export interface Party {
  readonly room: RoomId
  readonly signer: Signer
  readonly entropy: Entropy
}

/** A job that a provider shares, as the trainer drives it. */
export interface LentWork {
  /** Steps done. */
  readonly steps: number
  /** Steps that are best asked for at once. */
  readonly slice: number
  /** Whole batches of samples, by their numbers; the mean loss of each before its update, nats. */
  advance(indices: Int32Array): Promise<ArrayLike<number>>
  /** The whole model's parameters after the steps, checked. */
  finish(): Promise<Float32Array>
}

/** The part of the parameters that the provider trains. */
interface LentPart {
  readonly params: Float32Array
  readonly drift: DriftControl | null
}

export function checkedSamples(model: ModelSpec): number {
  return Math.max(1, Math.min(CHECKED, Math.floor(CHECK_FLOP / forwardFlop(model))))
}

export async function openJob(
  dialogue: Dialogue,
  terms: { readonly mode: LendMode; readonly contract: string; readonly coarse: boolean },
  { batchSize, optimizer }: TrainJob,
  { params, drift }: LentPart,
): Promise<void> {
  const correction = drift?.correction ?? null
  await dialogue.say(
    {
      type: 'open',
      job: dialogue.job,
      ...terms,
      start: vectorHash(params),
      batchSize,
      optimizer: optimizer.type,
      keepMoments: optimizer.type === 'adam' && optimizer.keepMoments,
      learningRate: optimizer.learningRate,
      proximal: drift?.proximal ?? 0,
      corrected: correction !== null,
    },
    REPLY_MS,
  )
  if (correction) await tellVector(dialogue, 'correction', correction)
  const answer = await dialogue.hear(['need', 'ready'], OPEN_MS)
  if (answer.type === 'ready') return
  await tellVector(dialogue, 'start', params)
  await dialogue.hear(['ready'], OPEN_MS)
}

/** The provider's part after so many steps; not yet judged. `flop`: what those steps come to. */
export async function collectResult(
  dialogue: Dialogue,
  size: number,
  steps: number,
  flop: bigint,
): Promise<Float32Array> {
  await dialogue.say({ type: 'finish', job: dialogue.job, steps }, REPLY_MS)
  const result = new Collector(size)
  while (!result.whole) {
    const piece = await dialogue.hear(['params', 'done'], REPLY_MS)
    if (piece.type === 'done' || piece.what !== 'result' || !result.add(piece))
      throw new LendError('wrong-length', 'result of another size')
  }
  const done = await dialogue.hear(['done'], REPLY_MS)
  if (done.steps !== steps || done.flop !== flop)
    throw new LendError('false-meter', `${done.steps} steps, ${done.flop} FLOP stated for ${steps}`)
  return result.whole
}

/** Throws where a result is no numbers, or the start again although steps were to change it. */
export function judgeResult(
  result: Float32Array,
  start: Float32Array,
  { optimizer }: TrainJob,
  steps: number,
): void {
  if (!result.every(Number.isFinite)) throw new LendError('not-finite', 'result')
  const moves = optimizer.learningRate > 0 && steps > 0
  if (moves && result.every((value, i) => value === start[i]))
    throw new LendError('stale', 'the result is the start')
}

/**
 * Throws LossDoubt where parameters make the loss on the owner's samples worse than chance may.
 * @param lossOf mean loss under parameters of the whole model, nats, always on the same samples
 * @param before the loss that the job began with
 */
export function judgeLoss(
  params: Float32Array,
  before: number,
  lossOf: (params: Float32Array) => number,
): void {
  const after = lossOf(params)
  if (!isLossFair(after, before)) throw new LossDoubt(after, before, lossOf)
}

/** False for NaN too. */
function isLossFair(after: number, before: number): boolean {
  return after <= LOSS_FACTOR * before + LOSS_SLACK
}

/**
 * A result that made the model worse. Training can do that by itself, at a large rate in few steps: only the same job done
 * here, which it is anyway, tells whether the provider was wrong.
 */
export class LossDoubt extends LendError {
  constructor(
    private readonly after: number,
    before: number,
    private readonly lossOf: (params: Float32Array) => number,
  ) {
    super('unrelated', `loss ${after.toFixed(3)} after ${before.toFixed(3)}`)
  }

  /** Whether the owner's own result of that job is about as bad. */
  isClearedBy(own: Float32Array): boolean {
    return isLossFair(this.after, this.lossOf(own))
  }
}

async function tellVector(
  dialogue: Dialogue,
  what: 'start' | 'correction',
  vector: Float32Array,
): Promise<void> {
  for (const piece of piecesOf(dialogue.job, what, vector)) await dialogue.say(piece, REPLY_MS)
}
