// The provider's side of mode 'paired': samples that owners handed over under a contract, in memory and nowhere else. A chunk is
// taken only after the contract's other party has signed the keys that it is sealed with, and only the next one; whatever
// deviates ends the handover and overwrites what was there. So does the end of the contract. Nothing here knows a store.
import type { Samples } from '../core/model/samples.ts'
import { classCount, product } from '../core/model/shapes.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import type { MemberId } from '../core/num/ids.ts'
import {
  agreementText,
  chunkCount,
  decodeShard,
  ephemeralPublic,
  openChunk,
  SHARD,
  shardBytes,
  shardKey,
  type Agreement,
} from '../core/privacy/sealed-shard.ts'
import { signedText } from '../core/room/signed-text.ts'
import type { LendingPlan } from '../ports/lending-view.ts'
import type { HandoverMessage, LendMessage, LendRefusal } from '../protocol/lending.ts'
import type { Party } from './lend-exchange.ts'

/** Samples that nobody trained on for so long are deleted: the owner hands them over again when it goes on. */
const IDLE_MS = 10 * 60_000

export interface ShardHost {
  now(): number
  readonly model: ModelSpec
  readonly party: Party
  /** The plan under which this member serves that owner; null without one. */
  planFor(owner: MemberId): LendingPlan | null
  say(to: MemberId, message: LendMessage): Promise<void>
}

interface Handover {
  readonly agreement: Agreement
  readonly key: Uint8Array
  readonly signature: Uint8Array
  job: number
  usedAt: number
  /** Null until the owner has signed. */
  bytes: Uint8Array | null
  next: number
  samples: Samples | null
}

export class ShardKeeper {
  private readonly held = new Map<MemberId, Handover>()
  private readonly width: number
  private readonly classes: number

  constructor(private readonly host: ShardHost) {
    this.width = product(host.model.input)
    this.classes = classCount(host.model)
  }

  /** Why it was refused; null where it was taken and answered. */
  async take(from: MemberId, message: HandoverMessage): Promise<LendRefusal | null> {
    switch (message.type) {
      case 'greet':
        return this.greet(from, message)
      case 'prove':
        return this.prove(from, message)
      case 'shard':
        return this.add(from, message)
      case 'welcome':
      case 'take':
        return 'bad-request'
      default:
        return message satisfies never
    }
  }

  /** Null until the last chunk was in order, and after the contract's end. */
  samplesOf(owner: MemberId, contract: string): Samples | null {
    const handover = this.held.get(owner)
    if (handover?.agreement.contract !== contract) return null
    handover.usedAt = this.host.now()
    return handover.samples
  }

  /** Whether anything of a contract's data is here. */
  holds(contract: string): boolean {
    return [...this.held.values()].some(({ agreement }) => agreement.contract === contract)
  }

  /** Deletes what no contract allows any more, and what lies idle, as in a room that stands still for good. */
  sweep(): void {
    for (const [owner, { agreement, usedAt }] of this.held) {
      const isOver = this.planOf(owner)?.contract !== agreement.contract
      if (isOver || this.host.now() - usedAt > IDLE_MS) this.wipe(owner)
    }
  }

  wipeAll(): void {
    for (const owner of [...this.held.keys()]) this.wipe(owner)
  }

  private planOf(owner: MemberId): LendingPlan | null {
    const plan = this.host.planFor(owner)
    return plan?.mode === 'paired' ? plan : null
  }

  private wipe(owner: MemberId): void {
    const handover = this.held.get(owner)
    handover?.bytes?.fill(0)
    handover?.key.fill(0)
    this.held.delete(owner)
  }

  private end(owner: MemberId, reason: LendRefusal): LendRefusal {
    this.wipe(owner)
    return reason
  }

  private async greet(
    from: MemberId,
    { job, contract, key }: Extract<HandoverMessage, { type: 'greet' }>,
  ): Promise<LendRefusal | null> {
    const { party } = this.host
    if (this.planOf(from)?.contract !== contract) return this.end(from, 'no-contract')
    const before = this.held.get(from)
    if (before && job <= before.job) return 'stale'
    // The same keys again: a link came back, and the handover goes on where it was.
    const goesOn =
      before?.agreement.contract === contract && before.agreement.ownerKey.every((byte, i) => byte === key[i])
    if (goesOn) before.job = job
    else {
      this.wipe(from)
      const secret = party.entropy.bytes(SHARD.keyBytes)
      const agreement = { contract, ownerKey: key, providerKey: ephemeralPublic(secret) }
      const shared = shardKey(secret, key, agreement)
      secret.fill(0)
      if (!shared) return 'unproven'
      const text = signedText('lend', party.room, agreementText('provider', agreement))
      const signature = await party.signer.sign(text)
      const fresh = { job, usedAt: this.host.now(), bytes: null, next: 0, samples: null }
      this.held.set(from, { agreement, key: shared, signature, ...fresh })
    }
    const { agreement, signature } = this.held.get(from)!
    await this.host.say(from, { type: 'welcome', job, key: agreement.providerKey, signature })
    return null
  }

  private async prove(
    from: MemberId,
    { job, signature, sizeBytes }: Extract<HandoverMessage, { type: 'prove' }>,
  ): Promise<LendRefusal | null> {
    const handover = this.held.get(from)
    if (handover?.job !== job) return 'stale'
    const { party } = this.host
    const text = signedText('lend', party.room, agreementText('owner', handover.agreement))
    if (!(await party.signer.verify(from, text, signature))) return this.end(from, 'unproven')
    const most = shardBytes(this.planOf(from)?.samples ?? 0, this.width, false)
    if (sizeBytes > most) return this.end(from, 'bad-shard')
    if (this.held.get(from) !== handover) return 'stale'
    handover.bytes ??= new Uint8Array(sizeBytes)
    if (handover.bytes.length !== sizeBytes) return this.end(from, 'bad-shard')
    await this.host.say(from, { type: 'take', job, next: handover.next })
    return null
  }

  private async add(
    from: MemberId,
    { job, index, total, sealed }: Extract<HandoverMessage, { type: 'shard' }>,
  ): Promise<LendRefusal | null> {
    const handover = this.held.get(from)
    if (handover?.job !== job) return 'stale'
    const { bytes, key, agreement, next } = handover
    if (!bytes) return this.end(from, 'unproven')
    if (this.planOf(from)?.contract !== agreement.contract) return this.end(from, 'no-contract')
    const isNext = index === next && total === chunkCount(bytes.length)
    const plain = isNext ? openChunk(key, agreement.contract, index, total, sealed) : null
    const at = index * SHARD.chunkBytes
    if (!plain || plain.length !== Math.min(SHARD.chunkBytes, bytes.length - at))
      return this.end(from, 'bad-shard')
    bytes.set(plain, at)
    plain.fill(0)
    handover.usedAt = this.host.now()
    handover.next++
    if (handover.next === total) {
      const most = this.planOf(from)!.samples
      handover.samples = decodeShard(bytes, this.width, this.classes, most)
      if (!handover.samples) return this.end(from, 'bad-shard')
    }
    await this.host.say(from, { type: 'take', job, next: handover.next })
    return null
  }
}
