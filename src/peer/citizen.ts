// One member's part in the room's public life: the book of the ledger, what it allows, the own receipts and device, proofs
// against who contradicted itself, and what a person orders. The trainer and the gossip are peer.ts's.
import type { Governed } from '../core/gossip/halts.ts'
import type { UpdateHeader } from '../core/gossip/update.ts'
import { highestNonce, isGuardian } from '../core/governance/pause.ts'
import { lineageOf } from '../core/governance/state.ts'
import type { Limits } from '../core/governance/standing.ts'
import { CROWD_MEMBERS } from '../core/gossip/pacing.ts'
import { LEASE_MS } from '../core/gossip/presence.ts'
import type { Entry, EntryBody, ProofBody } from '../core/ledger/entry.ts'
import { proofCut, type Membership } from '../core/ledger/members.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { ComputeState } from '../ports/governance-view.ts'
import type { Clock } from '../ports/clock.ts'
import type { Phase } from '../ports/session.ts'
import type { BackendReport } from '../ports/trainer.ts'
import { DeviceDesk } from './device-desk.ts'
import { Overseer } from './overseer.ts'
import { ReceiptJournal } from './receipt-journal.ts'
import type { ProposalFacts, RoomBook } from './room-book.ts'
import { RoomTime } from './room-time.ts'
import type { Training } from './training.ts'
import type { Standing } from './update-exchange.ts'
import type { Wire } from './wire.ts'

/** Finders of a contradiction write the proof one after the other, so that one is usually enough. */
const PROOF_STEP_MS = 400
const PROOF_STEPS = 12
const PROOF_AGAIN_MS = 5_000
/** In a crowd who is here shows by anything that it signed: updates, entries, votes; so it counts a little longer. */
const CROWD_LEASE_MS = 12_000
/** A leaving host waits at most this long for the seal that names its heir. */
const HANDOVER_MS = 5_000

interface FoundProof {
  readonly proof: ProofBody
  /** From which sequence on the accused's chain ends; none for contradictory statements. */
  readonly cut: number
}

export interface CitizenHost {
  readonly wire: Wire
  readonly self: MemberId
  readonly clock: Clock
  readonly ownDevice: string
  readonly startHash: string
  training(): Training | null
  report(): BackendReport | null
  round(): number
  /** The newest frozen common state, and what most say of it. */
  modelHash(): string
  sealableModel(): { readonly round: number; readonly hash: string }
  validityOf(header: Pick<UpdateHeader, 'round' | 'orders'>): 'good' | 'void' | 'unknown'
  isEjected(member: MemberId): boolean
  after(ms: number, callback: () => void): void
}

export class Citizen {
  readonly time: RoomTime
  readonly overseer: Overseer
  readonly devices: DeviceDesk
  readonly journal: ReceiptJournal
  /** Of contradictions, found here or by others, and those that this member is about to write. */
  private readonly proofs = new Map<MemberId, FoundProof>()
  private readonly proving = new Set<FoundProof>()
  /** When each member last signed something that came here, and that was news. */
  private readonly signedAt = new Map<MemberId, number>()
  /** What the work since the last receipt was done under. */
  private work = { licence: '', device: '' }
  private handingOver = false
  private stating: Promise<void> = Promise.resolve()

  constructor(
    readonly book: RoomBook,
    private readonly host: CitizenHost,
  ) {
    const { clock, self, wire } = host
    this.time = new RoomTime(clock)
    this.overseer = new Overseer(
      self,
      clock,
      this.time,
      () => book.live.governance,
      hash => {
        const { motions, holds } = book.live.governance
        return motions.get(hash)?.unixMs ?? holds.get(hash)?.unixMs
      },
    )
    this.journal = new ReceiptJournal(wire.traffic)
    this.devices = new DeviceDesk(
      self,
      host.ownDevice,
      () => book.live.governance,
      body => this.append(body),
    )
  }

  get members(): ReadonlyMap<MemberId, Membership> {
    return this.book.members()
  }

  get lineage(): string {
    return lineageOf(this.book.live.governance)
  }

  append(body: EntryBody): Promise<Entry> {
    return this.host.wire.ledger.append(body)
  }

  /** So many that presence is heard from neighbours alone. */
  get isInCrowd(): boolean {
    return this.book.here.members > CROWD_MEMBERS
  }

  /** Whether presence of this member must reach everybody: the host's silence and the guardians' change what is allowed. */
  isForAll(member: MemberId): boolean {
    return (
      !this.isInCrowd || member === this.book.genesis.anchor || isGuardian(this.book.live.governance, member)
    )
  }

  heard(member: MemberId, unixMs: number): void {
    this.signed(member)
    this.time.hear(member, unixMs)
    this.overseer.heard(member)
    if (member === this.book.genesis.anchor) this.host.wire.seals.hostHeard()
  }

  /** Something new of this member came, its signature checked: it was here a moment ago. */
  signed(member: MemberId): void {
    this.signedAt.set(member, this.host.clock.now())
  }

  /** After an entry was admitted. */
  admitted({ author, unixMs, body }: Entry): void {
    // What catching up brings may be long ago.
    if (Math.abs(this.time.unixMs() - unixMs) < CROWD_LEASE_MS) this.signed(author)
    if (author === this.book.genesis.anchor) this.host.wire.seals.hostHeard()
    if (body.kind === 'leave') {
      this.time.forget(author)
      this.signedAt.delete(author)
    }
    // It may also have cut off the author of another one.
    if (body.kind === 'proof') this.accuse(body)
  }

  compute(): ComputeState {
    return this.overseer.compute()
  }

  governed(): Governed {
    return this.overseer.governed()
  }

  limits(): Limits {
    return this.overseer.limits(this.devices.device, this.host.training()?.tally.flop ?? 0n)
  }

  /** Limits of the next job. Work under another licence or on another device is stated first: a receipt names one of each. */
  async openJob(): Promise<Limits> {
    const limits = this.limits()
    const { device } = this.devices
    const other = limits.licence !== this.work.licence || device !== this.work.device
    if (other && (this.host.training()?.tally.steps ?? 0) > 0) {
      try {
        await this.stateReceipt()
      } catch {
        // The ledger is full until the next seal; what was done under the old licence must not be stated under the new one.
        return { ...limits, standing: 'awaiting-share', budgetFlop: 0n }
      }
    }
    this.work = { licence: limits.licence, device }
    return limits
  }

  /** Something that this member waits for comes with the next seal. */
  needsSeal(phase: Phase): boolean {
    return this.handingOver || (phase === 'training' && this.limits().standing === 'awaiting-share')
  }

  standing(header: UpdateHeader): Standing {
    const { author } = header
    const convicted = this.book.ledger.forks.has(author) || this.book.live.members.convicted.has(author)
    if (convicted || this.host.isEjected(author)) return { type: 'refused', reason: 'not-a-trainer' }
    const member = this.members.get(author)
    if (!member) return { type: 'unknown' }
    if (member.role !== 'trainer') return { type: 'refused', reason: 'not-a-trainer' }
    const validity = this.host.validityOf(header)
    if (validity === 'unknown') return { type: 'unknown' }
    const refusal = this.overseer.refuses(header)
    if (refusal) return { type: 'refused', reason: refusal }
    return { type: validity }
  }

  proposalFacts(): ProposalFacts {
    const { round, hash } = this.host.sealableModel()
    return {
      present: this.present(),
      unixMs: this.time.unixMs(),
      modelRound: round,
      modelHash: hash,
      newAnchor: null,
    }
  }

  /** Who was heard lately, this member included; sorted. */
  present(): MemberId[] {
    const { wire, clock, self } = this.host
    const now = clock.now()
    const present = new Set<MemberId>([self])
    for (const [member, { heardAt }] of wire.presence.all) if (now - heardAt < LEASE_MS) present.add(member)
    if (this.isInCrowd)
      for (const [member, at] of this.signedAt) if (now - at < CROWD_LEASE_MS) present.add(member)
    return [...present].sort()
  }

  /**
   * A host that leaves hands its office to whoever is here longest, and stays for the seal that makes it so: a room without
   * its host would have to wait for a succession, which small rooms can not have.
   */
  async passAnchorOn(): Promise<void> {
    const { clock, self } = this.host
    const heir = this.heir()
    if (!heir) return
    await this.append({ kind: 'handover', to: heir }).catch(() => undefined)
    this.handingOver = true
    const deadline = clock.now() + HANDOVER_MS
    while (this.book.genesis.anchor === self && clock.now() < deadline)
      await new Promise<void>(resolve => this.host.after(100, resolve))
  }

  /** Of those present who is here longest; null when nobody is, or this member is no anchor. */
  private heir(): MemberId | null {
    if (this.book.genesis.anchor !== this.host.self) return null
    const others = this.proposalFacts().present.flatMap(id => {
      const member = id === this.host.self ? undefined : this.members.get(id)
      return member?.present ? [member] : []
    })
    others.sort((a, b) => a.joinedUnixMs - b.joinedUnixMs || (a.member < b.member ? -1 : 1))
    return others[0]?.member ?? null
  }

  /** Writes a proof into the ledger unless somebody else's arrives first. */
  accuse(proof: ProofBody): void {
    this.keepProof(proof)
    const place = [...this.members.keys()].sort().indexOf(this.host.self)
    this.proveAll(PROOF_STEP_MS * (Math.max(0, place) % PROOF_STEPS))
  }

  /** Of each author the proof that cuts deepest. */
  private keepProof(proof: ProofBody): void {
    const { against } = proof
    const cut = proofCut(proof)
    if (against === this.host.self || (this.proofs.get(against)?.cut ?? Infinity) <= cut) return
    this.proofs.set(against, { proof, cut })
  }

  /** Whatever the ledger lacks: a proof leaves it again when its own author is cut off before it. */
  private proveAll(afterMs: number): void {
    for (const found of this.proofs.values()) {
      if (this.isProved(found) || this.proving.has(found)) continue
      this.proving.add(found)
      this.prove(found, afterMs)
    }
  }

  /** Again until it stands in the ledger: who found it may not have joined yet, or the ledger may be full. */
  private prove(found: FoundProof, afterMs: number): void {
    this.host.after(afterMs, () => {
      if (this.isProved(found)) this.proving.delete(found)
      else if (!this.members.has(this.host.self)) this.prove(found, PROOF_AGAIN_MS)
      else
        this.append(found.proof).then(
          () => this.proving.delete(found),
          // Meanwhile the accused is out here all the same.
          () => this.prove(found, PROOF_AGAIN_MS),
        )
    })
  }

  /** Without the proof of a fork those that saw one of the two entries and those that saw both could not agree on a seal. */
  private isProved({ proof, cut }: FoundProof): boolean {
    return (this.book.live.members.convicted.get(proof.against) ?? Infinity) <= cut
  }

  async registerDevice(): Promise<void> {
    const training = this.host.training()
    const report = this.host.report()
    if (training && report) await this.devices.register(report, training.benchmarkFlops())
  }

  /** Calls run one after the other: each receipt refers to the one before. */
  stateReceipt(): Promise<void> {
    const stated = this.stating.then(() => this.writeReceipt())
    this.stating = stated.catch(() => undefined)
    return stated
  }

  /** What the next order must exceed. */
  nextNonce(): number {
    return highestNonce(this.book.live.governance) + 1
  }

  private async writeReceipt(): Promise<void> {
    const training = this.host.training()
    const report = this.host.report()
    if (!training || !report || training.tally.steps === 0) return
    if (this.devices.isHandedOver(this.work.device)) {
      // What a job did in the moment of handing over can no longer be stated without breaking a rule.
      training.takeTally()
      return
    }
    await this.devices.keepUp(report, training.tally.flop, training.tally.computeMs)
    const account = this.book.live.governance.accounts.get(this.host.self)
    const draft = this.journal.close(training, {
      lineage: this.lineage,
      ...this.work,
      last: account?.lastReceipt
        ? {
            hash: account.lastReceipt,
            toRound: account.lastRound,
            toStep: account.steps,
            modelAfter: account.modelAfter,
          }
        : null,
      round: this.host.round(),
      modelHash: this.host.modelHash(),
      startHash: this.host.startHash,
    })
    try {
      if (draft) await this.append(draft.body)
    } catch (cause) {
      draft?.giveBack()
      throw cause
    }
  }
}
