// Sums under masks in a room whose charter asks for them: opens the sum when it is this member's turn to lead, joins those of
// others, and hands its own change of a round to one sum only. A sum that fails costs its round, never a wait: the machine closes a
// round without an update when its grace is over, and the next round has another lead. The masked round is kept before its vector
// leaves, so that no reload adds the same change up a second time among others.
import { sha256 } from '@noble/hashes/sha2.js'
import type { GossipEvent } from '../core/gossip/machine.ts'
import type { Update } from '../core/gossip/update.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import { kindOf } from '../core/privacy/secure-messages.ts'
import { quantise } from '../core/privacy/secure-quantise.ts'
import { defaultThreshold, type SumConfig } from '../core/privacy/secure-record.ts'
import {
  contextOf,
  coversMost,
  decodeOpening,
  encodeOpening,
  isOpening,
  leadOrder,
  type Opening,
} from '../core/privacy/sum-opening.ts'
import { MAX_SUM_MEMBERS, MIN_SUM_MEMBERS } from '../core/privacy/sum-bytes.ts'
import {
  readConfirmation,
  readVouchers,
  SUM_BOUND,
  SUM_CODEC,
  sumPayloadFault,
} from '../core/privacy/sum-payload.ts'
import type { Clock, Entropy } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { SumsView } from '../ports/swarm-view.ts'
import type { SumPart, SumRelay } from './sum-relay.ts'
import { isEqual, SumSession, type SessionHost } from './sum-session.ts'

/** Whose turn it could be where members see each other come and go at different moments. */
const PLAUSIBLE_LEADS = 3
const SESSIONS_KEPT = 2
/** Messages that come before their opening: none of them is long. */
const EARLY = { count: 256, bytes: 8 * 1024 }

export interface SumDeskDeps {
  readonly room: RoomId
  readonly self: MemberId
  readonly parameters: number
  readonly clock: Clock
  readonly entropy: Entropy
  readonly store: Store
  relay(): SumRelay
  round(): number
  /** Who trains now as far as this member knows, itself included. */
  trainers(): readonly MemberId[]
  /** By the ledger. */
  isTrainer(member: MemberId): boolean
  dispatch(event: GossipEvent): void
  blame(member: MemberId): void
  fail(cause: unknown): void
}

interface Contribution {
  readonly change: Float32Array
  readonly steps: number
  readonly samples: number
}

export class SumDesk {
  private readonly sessions = new Map<number, SumSession>()
  private early: SumPart[] = []
  /** At the lead, by round: sums begun. */
  private readonly attempts = new Map<number, number>()
  private readonly own = new Map<number, Contribution>()
  /** The last round whose change went into a sum. */
  private maskedThrough = -1
  private readonly recalled: Promise<void>
  private sending: Promise<void> = Promise.resolve()
  /** Rounds that this member trained in and that went on without a sum. */
  private readonly emptied = new Set<number>()
  private counted = 0
  private missed = 0
  private last: SumsView['last'] = 'none'
  private closed = false

  constructor(private readonly deps: SumDeskDeps) {
    this.recalled = this.recall().catch((cause: unknown) => deps.fail(cause))
  }

  get view(): SumsView {
    const { counted, missed, last } = this
    return { counted, missed, last, trainers: this.deps.trainers().length, needed: MIN_SUM_MEMBERS }
  }

  close(): void {
    this.closed = true
  }

  /** Opens the sum of the open round if it is this member's turn, or came to be: who led may have gone. */
  private lead(round: number, present: readonly MemberId[]): void {
    const { deps } = this
    const mayLead =
      present.length >= MIN_SUM_MEMBERS && this.maskedThrough < round && !this.isBusy(round, present)
    const order = mayLead ? leadOrder(deps.room, round, present) : []
    if (order[0] !== deps.self) return
    const members = order.slice(0, MAX_SUM_MEMBERS).sort()
    const attempt = (this.attempts.get(round) ?? -1) + 1
    this.attempts.set(round, attempt)
    const opening = { attempt, nonce: deps.entropy.bytes(16), members }
    const session = this.create(round, deps.self, opening)
    this.say(session, encodeOpening(opening))
    session.start()
    this.give(session)
  }

  /** A sum that came to nothing, or lost its lead, before this member gave anything to it is nothing to wait for. */
  private isBusy(round: number, present: readonly MemberId[]): boolean {
    const session = this.sessions.get(round)
    if (!session) return false
    return session.hasMasked || (present.includes(session.lead) && !session.hasFailed)
  }

  /** What this member's training found; kept here until a sum takes it or its round is over. */
  contribute(round: number, contribution: Contribution): void {
    this.own.set(round, contribution)
    const session = this.sessions.get(round)
    if (session) this.give(session)
  }

  /** A round may have begun, or somebody come or gone. */
  roundOpen(): void {
    void this.recalled.then(() => {
      const present = this.deps.trainers()
      if (!this.closed && present.includes(this.deps.self)) this.lead(this.deps.round(), present)
    })
  }

  heard(part: SumPart): void {
    if (isOpening(part.payload)) return this.join(part)
    const session = this.sessions.get(part.round)
    if (session?.lead === part.lead && session.isOf(part.payload))
      session.hear(part.author, part.payload, part.signature)
    // Over a faster way than the opening that it belongs to.
    else if (this.early.length < EARLY.count && part.payload.length <= EARLY.bytes) this.early.push(part)
  }

  tick(): void {
    const { deps } = this
    const round = deps.round()
    const present = deps.trainers()
    this.roundOpen()
    for (const session of this.sessions.values()) session.tick(present, session.round < round)
    for (const old of this.sessions.keys()) if (old < round - SESSIONS_KEPT) this.sessions.delete(old)
    for (const old of this.own.keys()) if (old < round - SESSIONS_KEPT) this.own.delete(old)
    for (const old of this.attempts.keys()) if (old < round - SESSIONS_KEPT) this.attempts.delete(old)
    this.early = this.early.filter(part => part.round >= round)
    for (const old of this.emptied) if (old < round - SESSIONS_KEPT) this.emptied.delete(old)
    deps.relay().forgetBefore(round - SESSIONS_KEPT)
  }

  /** The sum of a round has come: whether it is the one that this member confirmed. */
  published(update: Update): void {
    if (update.codec !== SUM_CODEC) return
    const session = this.sessions.get(update.round)
    const own = session?.lead === update.author ? session.confirmed : null
    const isOwn = own !== null && isEqual(own, readConfirmation(update.payload))
    if (own && !isOwn) this.deps.blame(update.author)
    // One that comes late still counts.
    const wasMissed = this.emptied.delete(update.round)
    if (isOwn) {
      this.counted++
      if (wasMissed) this.missed--
      this.last = 'counted'
    } else if (this.own.has(update.round)) {
      if (!wasMissed) this.missed++
      this.last = 'left-out'
    }
  }

  /** A round was closed; `isEmpty`: nobody published a sum in time. */
  roundClosed(round: number, isEmpty: boolean): void {
    if (!isEmpty || !this.own.has(round)) return
    this.missed++
    this.emptied.add(round)
    this.last = this.deps.trainers().length < MIN_SUM_MEMBERS ? 'too-few' : 'no-sum'
  }

  /** Members that vouch for a sum and that the ledger does not know as trainers, or null where it knows them all. */
  strangersIn(update: Update): readonly MemberId[] {
    if (this.isUnreadable(update)) return []
    return readVouchers(update.payload)
      .map(({ member }) => member)
      .filter(member => !this.deps.isTrainer(member))
  }

  /** Whether those who are said to have confirmed a sum did. What has no such form is refused elsewhere. */
  async isVouched(update: Update): Promise<boolean> {
    if (this.isUnreadable(update)) return true
    const { round, author: lead, payload } = update
    return this.deps.relay().areSigned({ round, lead }, readVouchers(payload), readConfirmation(payload))
  }

  private isUnreadable({ codec, payload }: Update): boolean {
    return codec !== SUM_CODEC || sumPayloadFault(payload, this.deps.parameters) !== null
  }

  private join({ round, lead, payload }: SumPart): void {
    const { deps } = this
    const opening = decodeOpening(payload)
    if (!opening) return deps.blame(lead)
    const { members } = opening
    const present = deps.trainers()
    if (!members.includes(deps.self) || !members.includes(lead) || !present.includes(deps.self)) return
    if (!members.every(member => deps.isTrainer(member)) || !coversMost(members, present)) return
    const order = leadOrder(deps.room, round, [...new Set([...present, lead])])
    if (order.indexOf(lead) >= PLAUSIBLE_LEADS) return
    const other = this.sessions.get(round)
    const isEarlier = other && order.includes(other.lead) && order.indexOf(other.lead) < order.indexOf(lead)
    if (other?.hasMasked || isEarlier) return
    const session = this.create(round, lead, opening)
    session.start()
    this.give(session)
    const isDue = (part: SumPart): boolean =>
      part.round === round && part.lead === lead && session.isOf(part.payload)
    const due = this.early.filter(isDue)
    this.early = this.early.filter(part => !isDue(part))
    for (const part of due) session.hear(part.author, part.payload, part.signature)
  }

  private create(round: number, lead: MemberId, opening: Opening): SumSession {
    const { deps } = this
    const { members } = opening
    const config: SumConfig = {
      context: contextOf(deps.room, round, opening),
      members,
      lead,
      threshold: defaultThreshold(members.length),
      parameters: deps.parameters,
    }
    const host: SessionHost = {
      self: deps.self,
      now: () => deps.clock.now(),
      say: (session, message, signed) => this.say(session, message, signed),
      blame: member => deps.blame(member),
      summed: (session, message) => this.summed(session, message),
    }
    const session = new SumSession(round, config, deps.entropy.bytes(32), host)
    this.sessions.set(round, session)
    return session
  }

  private give(session: SumSession): void {
    void this.recalled.then(() => {
      const { round, config } = session
      const own = this.own.get(round)
      if (!own || this.closed || this.sessions.get(round) !== session || this.maskedThrough >= round) return
      session.give(quantise(own.change, SUM_BOUND, config.members.length))
    })
  }

  /** One message after the other, as they came about. */
  private say(
    { round, lead, config }: SumSession,
    payload: Uint8Array,
    signed: (signature: Uint8Array) => void = () => undefined,
  ): void {
    const isMasked = kindOf(payload) === 'masked'
    if (isMasked) this.maskedThrough = Math.max(this.maskedThrough, round)
    this.sending = this.sending
      .then(async () => {
        if (isMasked) await this.deps.store.put(this.key, encodeRound(round))
        if (!this.closed) signed(await this.deps.relay().say({ round, lead }, config.members, payload))
      })
      .catch((cause: unknown) => this.deps.fail(cause))
  }

  private summed({ round }: SumSession, payload: Uint8Array): void {
    const { steps, samples } = this.own.get(round) ?? { steps: 0, samples: 0 }
    this.deps.dispatch({
      type: 'summed',
      round,
      steps,
      samples,
      codec: SUM_CODEC,
      payload,
      payloadHash: sha256(payload),
    })
  }

  private get key(): string {
    return `sum/${this.deps.room}/${this.deps.self}`
  }

  private async recall(): Promise<void> {
    const kept = await this.deps.store.get(this.key)
    if (kept?.length === 4) this.maskedThrough = new DataView(kept.buffer, kept.byteOffset).getUint32(0)
  }
}

/** u32 big-endian. */
function encodeRound(round: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, round)
  return bytes
}
