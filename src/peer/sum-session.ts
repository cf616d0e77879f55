// One sum of one round as a member goes through it, and as its lead does: the machines of core/privacy/ with their deadlines. Says
// what must be sent and what came of it; keeps no clock, no store and no link. Ends by being dropped.
import { shapeOf, type SumConfig } from '../core/privacy/secure-record.ts'
import { kindOf, sessionOf } from '../core/privacy/secure-messages.ts'
import { SecureSumLead, type LeadEffect, type SumPhase } from '../core/privacy/secure-sum-lead.ts'
import { SecureSumMember, type SumEffect } from '../core/privacy/secure-sum.ts'
import { encodeSumPayload, type Voucher } from '../core/privacy/sum-payload.ts'
import { AFTER_QUORUM_MS } from '../core/gossip/pacing.ts'
import type { MemberId } from '../core/num/ids.ts'

/** For messages of a few kilobytes: who has not spoken after this is not waited for. */
const PHASE_MS = 2_000

export interface SessionHost {
  readonly self: MemberId
  now(): number
  /** Signs and sends, one message after the other; `signed` hears the signature. */
  say(session: SumSession, payload: Uint8Array, signed?: (signature: Uint8Array) => void): void
  /** A member broke the rules of the sum. */
  blame(member: MemberId): void
  /** The payload of the round's update, at the lead. */
  summed(session: SumSession, payload: Uint8Array): void
}

export class SumSession {
  readonly lead: MemberId
  /** The own vector is on its way: a second one of the same round would tell what the two sums differ by. */
  hasMasked = false
  /** What this member confirmed: the digest of whose vectors are in the sum. */
  confirmed: Uint8Array | null = null
  /** The lead's list left this member out, or too few stayed. */
  isOut = false
  /** At the lead: there will be no sum. */
  hasFailed = false
  private readonly member: SecureSumMember
  private readonly leading: SecureSumLead | null
  private readonly vouchers = new Map<
    MemberId,
    { readonly signature: Uint8Array; readonly over: Uint8Array }
  >()
  private readonly sharers = new Set<MemberId>()
  private readonly delivered = new Set<MemberId>()
  private phase: SumPhase | 'ended' = 'keys'
  private phaseSince: number
  private quorumAt: number | undefined
  private result: { readonly sum: Uint32Array; readonly contributors: readonly MemberId[] } | null = null

  /** `entropy`: 32 bytes of true chance, for this sum only. */
  constructor(
    readonly round: number,
    readonly config: SumConfig,
    entropy: Uint8Array,
    private readonly host: SessionHost,
  ) {
    this.lead = config.lead
    this.member = new SecureSumMember(config, host.self, entropy)
    this.leading = config.lead === host.self ? new SecureSumLead(config) : null
    this.phaseSince = host.now()
  }

  start(): void {
    this.takeMember(this.member.step({ type: 'start' }))
  }

  give(vector: Uint32Array): void {
    this.takeMember(this.member.step({ type: 'input', vector }))
  }

  /** Whether a message is of this sum and not of another that its lead has begun. */
  isOf(bytes: Uint8Array): boolean {
    const { session } = shapeOf(this.config)
    return sessionOf(bytes).every((byte, i) => byte === session[i])
  }

  hear(from: MemberId, bytes: Uint8Array, signature: Uint8Array): void {
    const kind = kindOf(bytes)
    if (kind === 'confirm') this.vouch(from, bytes, signature)
    if (kind !== 'list') this.toLead(from, bytes)
    if (kind !== 'masked' && kind !== 'reveal')
      this.takeMember(this.member.step({ type: 'message', from, bytes }))
  }

  /** `isOver`: the round went on without this sum. Nobody is waited for beyond a phase's time, or once it is not there any more. */
  tick(present: readonly MemberId[], isOver: boolean): void {
    if (!this.leading || this.phase === 'ended') return
    const now = this.host.now()
    if (this.phase !== 'masked') {
      if (now - this.phaseSince >= PHASE_MS) this.close()
      return
    }
    if (this.delivered.size >= this.config.threshold) this.quorumAt ??= now
    const awaited = [...this.sharers].filter(id => !this.delivered.has(id) && present.includes(id))
    const waitedOut = this.quorumAt !== undefined && now - this.quorumAt >= AFTER_QUORUM_MS
    if (isOver || waitedOut || (this.quorumAt !== undefined && awaited.length === 0)) this.close()
  }

  private close(): void {
    this.takeLead(this.leading!.step({ type: 'close' }))
  }

  private toLead(from: MemberId, bytes: Uint8Array): void {
    if (!this.leading) return
    const kind = kindOf(bytes)
    if (kind === 'shares') this.sharers.add(from)
    if (kind === 'masked') this.delivered.add(from)
    this.takeLead(this.leading.step({ type: 'message', from, bytes }))
  }

  private takeMember(effects: readonly SumEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'send') this.send(effect.bytes)
      else if (effect.type === 'fault') this.host.blame(effect.by)
      else if (effect.type === 'out') this.isOut = true
    }
  }

  private send(bytes: Uint8Array): void {
    const { host } = this
    const kind = kindOf(bytes)
    if (kind === 'masked') this.hasMasked = true
    if (kind === 'confirm') this.confirmed = bytes
    host.say(this, bytes, signature => {
      if (kind === 'confirm') this.vouch(host.self, bytes, signature)
    })
    this.toLead(host.self, bytes)
  }

  private takeLead(effects: readonly LeadEffect[]): void {
    const { host, leading } = this
    if (leading!.now !== this.phase) {
      this.phase = leading!.now
      this.phaseSince = host.now()
    }
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          host.say(this, effect.bytes)
          this.takeMember(this.member.step({ type: 'message', from: host.self, bytes: effect.bytes }))
          break
        case 'fault':
          host.blame(effect.by)
          break
        case 'failed':
          this.hasFailed = true
          if (effect.failure.kind === 'bad-dealer') host.blame(effect.failure.by)
          break
        case 'sum':
          this.result = effect
          this.publish()
          break
        default:
          effect satisfies never
      }
    }
  }

  private vouch(member: MemberId, over: Uint8Array, signature: Uint8Array): void {
    if (!this.leading || this.vouchers.has(member)) return
    this.vouchers.set(member, { signature, over })
    this.publish()
  }

  /** Once the sum is there and enough have confirmed whose it is; a signature may still be on its way then. */
  private publish(): void {
    const { result, confirmed, config, vouchers } = this
    if (!result || !confirmed) return
    const { sum, contributors } = result
    const agreeing: Voucher[] = []
    for (const member of contributors) {
      const voucher = vouchers.get(member)
      if (voucher && isEqual(voucher.over, confirmed)) agreeing.push({ member, signature: voucher.signature })
    }
    if (agreeing.length < config.threshold) return
    this.result = null
    this.host.summed(
      this,
      encodeSumPayload({
        members: config.members.length,
        contributors: contributors.length,
        confirmation: confirmed,
        vouchers: agreeing,
        sum,
      }),
    )
  }
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
