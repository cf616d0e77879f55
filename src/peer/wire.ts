// Everything a peer says and hears: decodes messages, keeps their order, and hands each to the part that knows it
// (ledger, presence, updates, states). Blame is laid here: on an author for what it signed, on a link partner for what it
// sent.
import type { ModelState } from '../core/gossip/state.ts'
import type { Entry, ProofBody } from '../core/ledger/entry.ts'
import { proofOfContradiction } from '../core/ledger/evidence.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { Packer } from '../ports/packer.ts'
import type { RefusalReason } from '../ports/session.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import type { Priority, Transport, TransportEvent } from '../ports/transport.ts'
import type { LendMessage } from '../protocol/lending.ts'
import { decodeMessage, encodeMessage, type PeerMessage } from '../protocol/messages.ts'
import type { PresenceStatement } from '../protocol/presence.ts'
import { Archive } from './archive.ts'
import type { Checked, PeerContext } from './context.ts'
import { History } from './history.ts'
import { LedgerSync } from './ledger-sync.ts'
import { PresenceSync } from './presence-sync.ts'
import { RefusalBook } from './refusals.ts'
import type { ClosedEpoch, ProposalFacts, RoomBook } from './room-book.ts'
import { SealSync } from './seal-sync.ts'
import type { Anchor } from './state-donor.ts'
import { StateSync } from './state-sync.ts'
import { SumRelay, type SumRelayHost } from './sum-relay.ts'
import { Traffic } from './traffic.ts'
import { UpdateExchange, type UpdateHost } from './update-exchange.ts'

export interface WireHost extends UpdateHost {
  readonly parameters: number
  /** Null in rooms without sums under masks. */
  readonly sums: SumRelayHost | null
  anchors(): readonly Anchor[]
  isMember(member: MemberId): boolean
  /** Whether its presence is passed on to those who have no link to it. */
  isForAll(member: MemberId): boolean
  onEntry(entry: Entry): void
  /** Somebody contradicted itself: to be put into the ledger, once. */
  onProof(proof: ProofBody): void
  /** The ledger stands on a newer seal. */
  onSealed(closed: ClosedEpoch | null): void
  sealFacts(): ProposalFacts
  onPresence(statement: PresenceStatement): void
  /** Something else of this member came that was news, its signature checked. */
  onSigned(member: MemberId): void
  onState(state: ModelState, hash: string): void
  onStateFailed(): void
  /** Lent compute: taken at once, worked on later. */
  onLend(from: MemberId, message: LendMessage, sizeBytes: number): void
  onLinkDown(member: MemberId): void
  onLinkUp(): void
  onChange(): void
  /** Something of ours broke while a message was handled. */
  onFault(cause: unknown): void
}

export interface WirePorts {
  readonly transport: Transport
  readonly signer: Signer
  readonly clock: Clock
  /** A failed write must be an error: who forgets its vote may vote twice. */
  readonly store: Store
  readonly packer: Packer
  /** Shared by members of one process. */
  readonly checked?: Checked
}

const ANTI_ENTROPY_TICKS = 8
const HEADS_TICKS = 40
const SEAL_STATUS_TICKS = 8
/** Messages of one link that may wait for their turn. */
const MAX_WAITING = 2_000

export class Wire {
  readonly refusals = new RefusalBook()
  readonly traffic: Traffic
  readonly updates: UpdateExchange
  readonly archive: Archive
  readonly ledger: LedgerSync
  readonly seals: SealSync
  readonly history: History
  readonly presence: PresenceSync
  readonly states: StateSync
  readonly sums: SumRelay | null
  private readonly unsubscribe: () => void
  /** What each link has said and was not handled yet. */
  private readonly queues = new Map<MemberId, { tail: Promise<void>; waiting: number }>()
  private letIn: () => void = () => undefined
  private readonly opened = new Promise<void>(resolve => (this.letIn = resolve))
  private isOpen = false
  private ticks = 0
  private closed = false

  constructor(
    private readonly ports: WirePorts,
    private readonly book: RoomBook,
    /** Failures to write here stop nobody. */
    forgiving: Store,
    private readonly host: WireHost,
  ) {
    const { transport, signer, clock, store, packer } = ports
    const context: PeerContext = {
      room: book.charter.room,
      self: signer.id,
      transport,
      signer,
      clock,
      checked: ports.checked,
      send: (to, message, priority) => this.send(to, message, priority),
      refuse: (member, reason) => this.refuse(member, reason),
      strike: (member, reason) => this.strike(member, reason),
    }
    this.traffic = new Traffic(transport)
    this.updates = new UpdateExchange(context, host)
    this.archive = new Archive(book.charter.room, forgiving, packer)
    this.ledger = new LedgerSync(
      context,
      book,
      this.archive,
      forgiving,
      entry => host.onEntry(entry),
      proof => host.onProof(proof),
      ports.checked?.entries,
    )
    this.history = new History(context, book, this.archive)
    this.seals = new SealSync(context, book, this.archive, store, {
      facts: () => host.sealFacts(),
      modelHashOf: round => host.anchors().find(anchor => anchor.round === round)?.hash,
      onSealed: closed => {
        this.ledger
          .epochClosed(closed)
          // Own votes are needed until the seal that they led to is kept.
          .then(kept => (kept === null ? undefined : this.seals.forgetVotes(kept)))
          .catch((cause: unknown) => host.onFault(cause))
        host.onSealed(closed)
      },
      onEquivocation: (first, second) => {
        this.refuse(first.author, 'equivocation')
        host.onProof(proofOfContradiction(first, second))
      },
      onHeard: member => host.onSigned(member),
      onMissing: from => (from ? this.ledger.heads.compare(from) : this.ledger.heads.compareWithNextLink()),
      onChange: () => host.onChange(),
    })
    this.presence = new PresenceSync(
      context,
      member => host.isMember(member),
      member => host.isForAll(member),
      statement => host.onPresence(statement),
    )
    this.states = new StateSync(
      context,
      () => host.anchors(),
      host.parameters,
      (state, hash) => host.onState(state, hash),
      () => host.onStateFailed(),
    )
    this.sums = host.sums && new SumRelay(context, host.sums)
    this.unsubscribe = transport.subscribe(event => this.onTransport(event))
  }

  /**
   * What was kept is back: from now on messages are handled, those that waited first. A member that heard proposals before
   * it had its own votes back could vote twice.
   */
  open(): void {
    if (this.isOpen || this.closed) return
    this.isOpen = true
    for (const member of this.ports.transport.links()) this.linkUp(member)
    this.letIn()
  }

  /** A quarter of a second has passed. */
  tick(): void {
    this.ticks++
    this.updates.tick(this.ports.clock.now())
    this.ledger.tick()
    this.presence.tick()
    this.traffic.sample()
    if (this.ticks % ANTI_ENTROPY_TICKS === 0) this.updates.compareWithNextLink()
    if (this.ticks % HEADS_TICKS === 0) this.ledger.heads.compareWithNextLink()
    if (this.ticks % SEAL_STATUS_TICKS === 0) this.seals.compareWithNextLink()
  }

  refuse(member: MemberId | null, reason: RefusalReason): void {
    this.refusals.record(member, reason, this.ports.clock.unixMs())
    this.host.onChange()
  }

  /** Bulk, so that it never holds up what rounds and seals wait for. Bytes queued; 0: no link, or its queue is full. */
  lend(to: MemberId, message: LendMessage, coarse: boolean): number {
    const bytes = encodeMessage({ type: 'lend', message, coarse })
    return !this.closed && this.ports.transport.send(to, bytes, 'bulk') ? bytes.length : 0
  }

  /** Resolves when everything that came in so far was handled. */
  async drained(): Promise<void> {
    await Promise.all([...this.queues.values()].map(({ tail }) => tail))
  }

  close(): void {
    this.closed = true
    this.unsubscribe()
    this.states.close()
    this.seals.close()
    this.history.close()
  }

  private onTransport(event: TransportEvent): void {
    switch (event.type) {
      case 'up':
        if (this.isOpen) this.linkUp(event.member)
        break
      case 'down':
        this.traffic.linkDown(event.member)
        this.ledger.linkDown(event.member)
        this.states.linkDown(event.member)
        this.seals.linkDown(event.member)
        this.queues.delete(event.member)
        this.host.onLinkDown(event.member)
        break
      case 'message':
        this.onMessage(event.from, event.bytes)
        break
      case 'violation':
        this.refuse(event.member, 'malformed')
        break
      default:
        event satisfies never
    }
    this.host.onChange()
  }

  private linkUp(member: MemberId): void {
    this.ledger.heads.linkUp(member)
    this.seals.linkUp(member)
    this.presence.linkUp(member)
    this.updates.linkUp(member)
    this.host.onLinkUp()
  }

  /** Of one link, one message after the other, so that entries are admitted before what depends on them. */
  private onMessage(from: MemberId, bytes: Uint8Array): void {
    const queue = this.queues.get(from) ?? { tail: this.opened, waiting: 0 }
    this.queues.set(from, queue)
    if (queue.waiting >= MAX_WAITING) {
      // Nobody is to blame for what waits here until this member is ready; it will be compared anyway.
      if (this.isOpen) this.strike(from, 'flooding')
      return
    }
    queue.waiting++
    queue.tail = queue.tail.then(() => this.take(from, bytes)).finally(() => queue.waiting--)
  }

  private async take(from: MemberId, bytes: Uint8Array): Promise<void> {
    if (this.closed) return
    try {
      const message = decodeMessage(bytes)
      if (message) await this.handle(from, message, bytes.length)
      else this.strike(from, 'malformed')
    } catch (cause) {
      // One message that we cannot handle must not silence the link: the next one gets its turn.
      this.host.onFault(cause)
    }
  }

  private async handle(from: MemberId, message: PeerMessage, sizeBytes: number): Promise<void> {
    switch (message.type) {
      case 'presence':
        return this.presence.onPresence(from, message)
      case 'have':
        return this.updates.onHave(from, message.updates)
      case 'want':
        return this.updates.onWant(from, message.ids)
      case 'update':
        return this.updates.onUpdate(from, message)
      case 'digest':
        return this.updates.onDigest(from, message.rounds)
      case 'state-want':
        return this.states.onWant(from, message)
      case 'state-chunk':
        return this.states.onChunk(from, message)
      case 'state-none':
        return this.states.onNone(from, message)
      case 'heads':
        return this.ledger.heads.onHeads(from, message.heads)
      case 'heads-digest':
        return this.ledger.heads.onDigest(from, message.digests)
      case 'heads-part':
        return this.ledger.heads.onPart(from, message.buckets, message.heads)
      case 'entries-want':
        return this.ledger.heads.onEntriesWant(from, message.after)
      case 'entries-have':
        return this.ledger.offers.onHave(from, message.hashes)
      case 'entries-get':
        return this.ledger.offers.onGet(from, message.hashes)
      case 'entries':
        return this.takeEntries(from, message.entries, false)
      case 'backlog':
        return this.takeEntries(from, message.entries, true)
      case 'seal-status':
        return this.seals.onStatus(from, message)
      case 'seal-statements':
        return this.seals.onStatements(from, message.statements)
      case 'seal-want':
        return this.seals.onSealWant(from, message.seal)
      case 'seal':
        return this.seals.onSeal(from, message.seal)
      case 'certificates-want':
        return this.seals.latecomers.onCertificatesWant(from, message.after)
      case 'certificates':
        return this.seals.latecomers.onCertificates(from, message.certificates)
      case 'snapshot-want':
        return this.seals.latecomers.onSnapshotWant(from, message.seal)
      case 'snapshot':
        return this.seals.latecomers.onSnapshot(from, message.seal, message.bytes)
      case 'archive-want':
        return this.seals.latecomers.onArchiveWant(from, message.seal)
      case 'archive':
        return this.history.onArchive(message.seal, message.bytes)
      case 'sum':
        return this.sums ? this.sums.onPart(from, message) : this.strike(from, 'malformed')
      case 'lend':
        return this.host.onLend(from, message.message, sizeBytes)
      default:
        message satisfies never
    }
  }

  private async takeEntries(
    from: MemberId,
    entries: readonly Uint8Array[],
    isBacklog: boolean,
  ): Promise<void> {
    await this.ledger.onEntries(from, entries, isBacklog)
    this.seals.entriesArrived()
  }

  private send(to: MemberId, message: PeerMessage, priority: Priority = 'control'): boolean {
    return !this.closed && this.ports.transport.send(to, encodeMessage(message), priority)
  }

  strike(member: MemberId, reason: RefusalReason): void {
    this.refuse(member, reason)
    if (this.refusals.strike(member, this.ports.clock.now())) this.ports.transport.ban(member)
  }
}
