// The owner's side of one job in mode 'split': runs the first layer (and the last, where the model has three or more) here
// and everything between at the provider, step by step, and takes nothing on trust. The first outputs must follow from the
// parameters that both began with, everything must be finite and of the right length, and the result must not make the model
// worse on the owner's own samples. Labels and samples never enter a message. Throws LendError.
import { trainingFlop } from '../core/model/flops.ts'
import { crossEntropyGradient, scoreLogits } from '../core/model/reference/loss.ts'
import { createSegment, type Segment } from '../core/model/reference/segment.ts'
import { classCount, product } from '../core/model/shapes.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import type { ModelCut, ModelPart } from '../core/model/split.ts'
import { addNoise, clipRows, noiseWords, unclipGradient } from '../core/privacy/activations.ts'
import type { SegmentEngine } from '../ports/segment.ts'
import type { DriftControl, TrainJob } from '../ports/trainer.ts'
import { type Dialogue, LendError } from './lend-dialogue.ts'
import { checkedSamples, collectResult, judgeLoss, judgeResult, openJob, REPLY_MS } from './lend-exchange.ts'

/** Outputs may differ from the reference's by this part of the largest: engines round differently, scaled bytes more. */
const EXACT_SLACK = 1e-3
const COARSE_SLACK = 2e-2
export interface SplitTerms {
  /** Norm that a sample's activations are clipped to; 0 for none. */
  readonly clip: number
  readonly noise: number
  readonly contract: string
  readonly coarse: boolean
  /** 32 bytes of chance for this job's noise. */
  readonly noiseKey: Uint8Array
}

export interface SplitEngines {
  readonly front: SegmentEngine
  readonly tail: SegmentEngine | null
}

interface Witness {
  readonly x: Float32Array
  readonly y: Uint16Array
  /** As the provider's outputs gave it. */
  readonly loss: number
}

/** Reference segments of the whole model, for checks; kept between jobs. */
export interface SplitReference {
  readonly front: Segment
  readonly middle: Segment
  readonly tail: Segment | null
}

export function createSplitReference({ front, middle, tail }: ModelCut): SplitReference {
  return {
    front: createSegment(front.spec),
    middle: createSegment(middle.spec),
    tail: tail && createSegment(tail.spec),
  }
}

export class SplitJob {
  /** Steps done. */
  steps = 0
  private readonly classes: number
  private readonly checked: number
  private readonly words: ReturnType<typeof noiseWords>
  private first: Witness | null = null
  private last: Witness | null = null

  constructor(
    private readonly model: ModelSpec,
    private readonly cut: ModelCut,
    private readonly engines: SplitEngines,
    private readonly reference: SplitReference,
    private readonly dialogue: Dialogue,
    private readonly terms: SplitTerms,
    /** Copied parameters: they are this job's own. */
    private readonly job: TrainJob,
  ) {
    this.classes = classCount(model)
    this.checked = Math.min(job.batchSize, checkedSamples(model))
    this.words = noiseWords(terms.noiseKey)
  }

  async open(): Promise<void> {
    const { job, cut, engines, dialogue, terms } = this
    const { optimizer } = job
    await engines.front.begin({ ...this.partOf(cut.front), optimizer })
    if (cut.tail) await engines.tail!.begin({ ...this.partOf(cut.tail), optimizer })
    await openJob(
      dialogue,
      { mode: 'split', contract: terms.contract, coarse: terms.coarse },
      job,
      this.partOf(cut.middle),
    )
  }

  /** One minibatch; its mean loss before the update, nats. */
  async step(x: Float32Array, y: Uint16Array): Promise<number> {
    const { cut, engines, dialogue, terms, classes } = this
    const { job } = dialogue
    const count = y.length
    const step = this.steps + 1
    const clipped = await engines.front.forward(x, count)
    const norms = clipRows(clipped, count, cut.sentValues, terms.clip)
    const values = terms.noise > 0 ? clipped.slice() : clipped
    addNoise(values, terms.noise, this.words)
    await dialogue.say({ type: 'forward', job, step, count, values }, REPLY_MS)

    const { values: outputs } = await dialogue.hear(['outputs'], REPLY_MS, step)
    this.expect(outputs, count * cut.returnedValues, 'outputs')
    if (step === 1) this.audit(values, outputs)
    const logits = engines.tail ? await engines.tail.forward(outputs, count) : outputs
    const few = Math.min(count, this.checked)
    const part = scoreLogits(logits, y, few, classes).loss / few
    const witness = { x: x.slice(0, few * product(this.model.input)), y: y.slice(0, few), loss: part }
    this.first ??= witness
    this.last = witness
    const loss = crossEntropyGradient(logits, y, count, classes)
    const gradient = engines.tail ? (await engines.tail.backward(logits))! : logits
    await dialogue.say({ type: 'gradient', job, step, values: gradient }, REPLY_MS)
    await engines.tail?.apply()

    const { values: back } = await dialogue.hear(['backprop'], REPLY_MS, step)
    this.expect(back, count * cut.sentValues, 'gradient of the activations')
    unclipGradient(back, clipped, norms, cut.sentValues, terms.clip)
    await engines.front.backward(back)
    await engines.front.apply()
    this.steps = step
    return loss
  }

  /** The whole model's parameters after the steps, checked. */
  async finish(): Promise<Float32Array> {
    const { cut, engines, dialogue, job } = this
    const { from, to } = cut.middle
    const result = await collectResult(dialogue, to - from, this.steps, this.providerFlop())
    const params = job.params.slice()
    params.set(await engines.front.read(), cut.front.from)
    params.set(result, from)
    if (cut.tail) params.set(await engines.tail!.read(), cut.tail.from)
    this.judge(params, result)
    return params
  }

  /** What the provider's part of the steps so far comes to, nominal. */
  providerFlop(): bigint {
    return BigInt(trainingFlop(this.cut.middle.spec)) * BigInt(this.steps * this.job.batchSize)
  }

  /** Loss of the first samples of a batch under these parameters, seen through the same clipping and without noise. */
  private lossOf(params: Float32Array, { x, y }: Witness): number {
    const { cut, reference, terms, classes } = this
    const slice = ({ from, to }: ModelPart): Float32Array => params.subarray(from, to)
    const count = y.length
    const sent = reference.front.forward(slice(cut.front), x, count)
    clipRows(sent, count, cut.sentValues, terms.clip)
    let values = reference.middle.forward(slice(cut.middle), sent, count)
    if (cut.tail) values = reference.tail!.forward(slice(cut.tail), values, count)
    return scoreLogits(values, y, count, classes).loss / count
  }

  /** The provider's first outputs must be what the common start gives. */
  private audit(sent: Float32Array, outputs: Float32Array): void {
    const { cut, reference, job, terms } = this
    const { from, to } = cut.middle
    const expected = reference.middle.forward(job.params.subarray(from, to), sent, this.checked)
    const size = this.checked * cut.returnedValues
    let largest = 0
    let gap = 0
    for (let i = 0; i < size; i++) {
      largest = Math.max(largest, Math.abs(expected[i]!))
      gap = Math.max(gap, Math.abs(expected[i]! - outputs[i]!))
    }
    if (gap > (terms.coarse ? COARSE_SLACK : EXACT_SLACK) * Math.max(largest, 1e-3))
      throw new LendError('unrelated', 'outputs do not follow from the parameters')
  }

  private judge(params: Float32Array, result: Float32Array): void {
    const { job, cut } = this
    if (!params.every(Number.isFinite)) throw new LendError('not-finite', 'result')
    judgeResult(result, job.params.subarray(cut.middle.from, cut.middle.to), job, this.steps)
    for (const witness of [this.first, this.last]) {
      if (witness) judgeLoss(params, witness.loss, whole => this.lossOf(whole, witness))
    }
  }

  private expect(values: Float32Array, size: number, what: string): void {
    if (values.length !== size) throw new LendError('wrong-length', `${what}: ${values.length} of ${size}`)
    if (!values.every(Number.isFinite)) throw new LendError('not-finite', what)
  }

  private partOf({ from, to }: ModelPart): {
    readonly params: Float32Array
    readonly drift: DriftControl | null
  } {
    const { params, drift } = this.job
    if (drift === null) return { params: params.subarray(from, to), drift }
    const correction = drift.correction?.subarray(from, to) ?? null
    return { params: params.subarray(from, to), drift: { proximal: drift.proximal, correction } }
  }
}
