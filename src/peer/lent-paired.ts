// The owner's side of mode 'paired': hands the agreed samples, sealed, to the one member that signed for them, and has it train
// on them. Nothing is sent before the provider has proven by its signature that it is the contract's party; one contract is
// for one shard. The provider's first loss must follow from the parameters and the samples, and its result must not make the
// model worse on the owner's own. Throws LendError.
import { sha256 } from '@noble/hashes/sha2.js'
import { forwardFlop, trainingFlop } from '../core/model/flops.ts'
import { scoreLogits } from '../core/model/reference/loss.ts'
import { createSegment, type Segment } from '../core/model/reference/segment.ts'
import { type Samples, takeSamples } from '../core/model/samples.ts'
import { classCount, product } from '../core/model/shapes.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import { bytesToHex } from '../core/num/hex.ts'
import {
  agreementText,
  chunkCount,
  encodeShard,
  ephemeralPublic,
  sealChunk,
  SHARD,
  shardBytes,
  shardKey,
  type Agreement,
} from '../core/privacy/sealed-shard.ts'
import { signedText } from '../core/room/signed-text.ts'
import type { LendingPlan } from '../ports/lending-view.ts'
import type { TrainJob } from '../ports/trainer.ts'
import { LEND_LIMITS } from '../protocol/lending.ts'
import { type Dialogue, LendError } from './lend-dialogue.ts'
import {
  CHECK_FLOP,
  checkedSamples,
  collectResult,
  judgeLoss,
  judgeResult,
  type LentWork,
  openJob,
  type Party,
  REPLY_MS,
} from './lend-exchange.ts'

/** Chunks on their way that are not answered yet. */
const AHEAD = 16
/** What one request for work should take: a pause or a stop waits no longer. */
const SLICE_MS = 250
const WORK_MS = 20_000
/** The provider's first loss may differ from the reference's by this part: engines round differently. */
const AUDIT_SLACK = 1e-2

interface Session {
  readonly contract: string
  readonly secret: Uint8Array
  readonly ownKey: Uint8Array
  /** Names the shard: a session's key seals one. */
  readonly shard: string
  /** The provider said that it has all of it. */
  held: boolean
}

/** What this member handed over, and to whom; for as long as its tab lives. */
export class Handovers {
  private session: Session | null = null
  /** Contract to shard: consent was for one. */
  private readonly shards = new Map<string, string>()
  private readonly names = new WeakMap<Samples, string>()
  private readonly width: number

  constructor(
    model: ModelSpec,
    private readonly party: Party,
  ) {
    this.width = product(model.input)
  }

  /** Whether these samples may go out under this plan: as many as agreed at the most, and no others than before. */
  mayHand({ contract, samples: agreed }: LendingPlan, samples: Samples): boolean {
    const size = shardBytes(samples.y.length, this.width, samples.x instanceof Uint8Array)
    if (samples.y.length > agreed || size > SHARD.mostBytes) return false
    const before = this.shards.get(contract)
    return before === undefined || before === this.nameOf(samples)
  }

  /** The provider has lost it. */
  lost(): void {
    if (this.session) this.session.held = false
  }

  /** Resolves when the provider holds the samples; goes on where an earlier link broke, ends when it is no longer agreed. */
  async handOver(
    talk: Dialogue,
    { contract, provider }: LendingPlan,
    samples: Samples,
    isAgreed: () => boolean,
  ): Promise<void> {
    const { party } = this
    const { job } = talk
    const session = this.sessionFor(contract, this.nameOf(samples))
    if (session.held) return
    await talk.say({ type: 'greet', job, contract, key: session.ownKey }, REPLY_MS)
    const welcome = await talk.hear(['welcome'], REPLY_MS)
    const agreement: Agreement = { contract, ownerKey: session.ownKey, providerKey: welcome.key }
    const theirs = signedText('lend', party.room, agreementText('provider', agreement))
    if (!(await party.signer.verify(provider, theirs, welcome.signature)))
      throw new LendError('unproven', 'the keys are not signed by the provider')
    const key = shardKey(session.secret, welcome.key, agreement)
    if (!key) throw new LendError('unproven', 'a key of small order')
    const signature = await party.signer.sign(
      signedText('lend', party.room, agreementText('owner', agreement)),
    )
    const shard = encodeShard(samples, this.width)
    try {
      await talk.say({ type: 'prove', job, signature, sizeBytes: shard.length }, REPLY_MS)
      const total = chunkCount(shard.length)
      let { next: taken } = await talk.hear(['take'], REPLY_MS)
      let sent = taken
      this.shards.set(contract, session.shard)
      while (taken < total) {
        for (; sent < Math.min(total, taken + AHEAD); sent++) {
          if (!isAgreed()) throw new LendError('refused', 'the contract ended')
          const sealed = sealChunk(key, contract, sent, shard)
          await talk.say({ type: 'shard', job, index: sent, total, sealed }, REPLY_MS)
        }
        const { next } = await talk.hear(['take'], REPLY_MS)
        if (next <= taken) throw new LendError('false-meter', 'takes what it has taken')
        taken = next
      }
      session.held = true
    } finally {
      key.fill(0)
      shard.fill(0)
    }
  }

  close(): void {
    this.session?.secret.fill(0)
    this.session = null
  }

  private sessionFor(contract: string, shard: string): Session {
    const { session } = this
    if (session?.contract === contract && session.shard === shard) return session
    this.close()
    const secret = this.party.entropy.bytes(SHARD.keyBytes)
    this.session = { contract, secret, ownKey: ephemeralPublic(secret), shard, held: false }
    return this.session
  }

  private nameOf(samples: Samples): string {
    let name = this.names.get(samples)
    if (name === undefined) {
      name = bytesToHex(sha256(encodeShard(samples, this.width)))
      this.names.set(samples, name)
    }
    return name
  }
}

export class PairedJob implements LentWork {
  steps = 0
  slice = 1
  private readonly reference: Segment
  private readonly classes: number
  private readonly width: number

  constructor(
    private readonly model: ModelSpec,
    private readonly talk: Dialogue,
    /** Copied parameters: they are this job's own. */
    private readonly job: TrainJob,
    /** Those that were handed over. */
    private readonly samples: Samples,
    private readonly now: () => number,
  ) {
    this.reference = createSegment(model)
    this.classes = classCount(model)
    this.width = product(model.input)
  }

  async open({ contract }: LendingPlan): Promise<void> {
    const { talk, job } = this
    // Losses and parameters are few: they travel as they are.
    await openJob(talk, { mode: 'paired', contract, coarse: false }, job, job)
  }

  async advance(indices: Int32Array): Promise<Float32Array> {
    const { talk, job } = this
    const count = indices.length / job.batchSize
    const since = this.now()
    await talk.say({ type: 'work', job: talk.job, step: this.steps + 1, indices }, REPLY_MS)
    const { values } = await talk.hear(['losses'], WORK_MS, this.steps + count)
    if (values.length !== count) throw new LendError('wrong-length', `${values.length} losses of ${count}`)
    if (!values.every(Number.isFinite)) throw new LendError('not-finite', 'loss')
    if (this.steps === 0) this.audit(indices.subarray(0, job.batchSize), values[0]!)
    this.steps += count
    this.slice = this.nextSlice(count, this.now() - since)
    return values
  }

  async finish(): Promise<Float32Array> {
    const { talk, job, model, steps } = this
    const flop = BigInt(trainingFlop(model)) * BigInt(steps * job.batchSize)
    const result = await collectResult(talk, job.params.length, steps, flop)
    judgeResult(result, job.params, job, steps)
    const witnesses = this.witnesses()
    judgeLoss(result, this.lossOf(job.params, witnesses), params => this.lossOf(params, witnesses))
    return result
  }

  /** The first batch's loss must be what the start gives on the samples that were handed over. */
  private audit(batch: Int32Array, stated: number): void {
    if (batch.length * forwardFlop(this.model) > CHECK_FLOP) return
    const loss = this.lossOf(this.job.params, batch)
    if (Math.abs(stated - loss) > AUDIT_SLACK * Math.max(1, loss))
      throw new LendError('unrelated', `first loss ${stated.toFixed(3)}, here ${loss.toFixed(3)}`)
  }

  /** Spread evenly, so that an ordered set shows all its classes. */
  private witnesses(): Int32Array {
    const all = this.samples.y.length
    const count = Math.min(all, checkedSamples(this.model))
    return Int32Array.from({ length: count }, (_, i) => Math.floor((i * all) / count))
  }

  private lossOf(params: Float32Array, indices: Int32Array): number {
    const count = indices.length
    const x = new Float32Array(count * this.width)
    const y = new Uint16Array(count)
    takeSamples(this.samples, indices, this.width, x, y)
    const logits = this.reference.forward(params, x, count)
    return scoreLogits(logits, y, count, this.classes).loss / count
  }

  private nextSlice(count: number, tookMs: number): number {
    const { batchSize } = this.job
    const wanted = Math.floor((count * SLICE_MS) / Math.max(1, tookMs))
    const most = Math.min(LEND_LIMITS.workSteps, Math.floor(LEND_LIMITS.indices / batchSize), 2 * count)
    return Math.max(1, Math.min(most, wanted))
  }
}
