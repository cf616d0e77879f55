// Agreement on seals, on the wire: drives the seal machine, hands statements and proposals on, keeps votes before they are
// sent. Statements are checked for signatures here; what they add up to is the machine's business. Latecomers:
// seal-catch-up.ts.
import { canonicalise } from '../core/ledger/canonical.ts'
import { decodeProposal, decodeSealStatement, type Proposal } from '../core/ledger/decode.ts'
import { hashOf } from '../core/ledger/chain.ts'
import type { Certificate, Seal, SealedHead, SealStatement, Snapshot } from '../core/ledger/seal.ts'
import { SealMachine, type SealEffect, type SealEvent } from '../core/ledger/seal-machine.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Store } from '../ports/store.ts'
import { LIMITS, type PeerMessage } from '../protocol/messages.ts'
import { blobs, readBlobs } from '../protocol/records.ts'
import { Allowance } from './allowance.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import { type ClosedEpoch, type ProposalFacts, type RoomBook } from './room-book.ts'
import { isSigned, SealCatchUp } from './seal-catch-up.ts'
import { statementText } from '../core/room/signed-text.ts'

const encoder = new TextEncoder()
const NO_SEAL = '00'.repeat(32)
const RETRY_MS = 2_000
const KEPT_PROPOSALS = 64
/** Small questions with large answers: proposals, and everything that was said in an epoch. */
const PROPOSALS_SERVED = { count: 48, windowMs: 20_000 }
const COMPARED = { count: 24, windowMs: 20_000 }
/** Seals that are asked for at one time; a proposer may name more than there are. */
const MAX_WANTED = 128
const CROWD_TICKS = 4
/** Of fifty members. */
const CROWD_TEXT = 50 * 44
/** What was sent over a link or came by it is there, or on its way for so long. */
const SENT_MS = 20_000
/** First byte of a kept vote. */
const VOTE_RECORD = 1

export interface SealHost {
  facts(): ProposalFacts
  modelHashOf(round: number): string | undefined
  /** The book stands on a newer seal; `closed` is null when it came by snapshot. */
  onSealed(closed: ClosedEpoch | null): void
  onEquivocation(first: SealStatement, second: SealStatement): void
  /** A statement of this member came that was news. */
  onHeard(member: MemberId): void
  /** Entries that a proposal names are missing here: compare heads with this link. */
  onMissing(from: MemberId | null): void
  onChange(): void
}

interface Wanted {
  readonly sources: Set<MemberId>
  askedAt: number
}

export class SealSync {
  readonly machine: SealMachine
  /** How this member comes to a seal that it did not see made, and helps others to. */
  readonly latecomers: SealCatchUp
  private readonly proposals = new Map<string, Proposal>()
  /** By link: when a statement went over it. */
  private readonly passed = new Map<MemberId, WeakMap<SealStatement, number>>()
  /** In a crowd: what is handed on at the next tick, since votes come by the hundred. */
  private readonly news: SealStatement[] = []
  private readonly wanted = new Map<string, Wanted>()
  private readonly proposalsServed = new Allowance(PROPOSALS_SERVED.count, PROPOSALS_SERVED.windowMs)
  private readonly compared = new Allowance(COMPARED.count, COMPARED.windowMs)
  private nextTo = 0
  private ticks = 0
  private cancelWake: () => void = () => undefined
  private closed = false
  private present = ''
  private wantText = ''
  private saying: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly context: PeerContext,
    private readonly book: RoomBook,
    archive: Archive,
    /** Must say when it could not write: a vote that is not kept is not sent. */
    private readonly store: Store,
    private readonly host: SealHost,
  ) {
    const { room, self } = context
    const mode = book.charter.body.governance.sealing
    this.machine = new SealMachine({ room, self, mode, ...book.genesis, epoch: book.epoch })
    this.latecomers = new SealCatchUp(context, book, archive, {
      finish: certificate => this.finishFromProposal(certificate),
      onAdopted: (certificate, from) => {
        this.dispatch({ type: 'final', certificate })
        this.host.onSealed(null)
        // What followed the seal could not be asked for before.
        this.host.onMissing(from)
      },
    })
  }

  /** Brings back the votes of before a restart; without them this member could vote twice. */
  async restore(): Promise<void> {
    const statements: SealStatement[] = []
    const seals = new Map<string, Seal>()
    for (const key of await this.store.keys(this.votesPrefix)) {
      const bytes = await this.store.get(key)
      const kept = bytes && this.readVote(bytes)
      if (!kept || kept.statements[0]!.epoch <= this.book.epoch) {
        await this.store.delete(key)
        continue
      }
      statements.push(...kept.statements)
      if (!kept.proposal) continue
      const hash = hashOf(kept.proposal.seal)
      this.keepProposal(hash, kept.proposal)
      seals.set(hash, kept.proposal.seal)
    }
    this.dispatch({
      type: 'restore',
      statements,
      seals: [...seals].map(([hash, seal]) => ({ hash, seal })),
    })
  }

  /** Own votes up to this epoch bind nobody any more. */
  async forgetVotes(through: number): Promise<void> {
    try {
      for (const key of await this.store.keys(this.votesPrefix))
        if (Number(key.slice(this.votesPrefix.length).split('/')[0]) <= through) await this.store.delete(key)
    } catch {
      // reason: what stays costs space alone, and the next start looks again.
    }
  }

  /** Called a few times a second; `urgent`: something waits for the next seal. */
  tick(urgent: boolean): void {
    // In a crowd, where the list is long and never the same, once a second is enough.
    const isDue = this.ticks++ % CROWD_TICKS === 0 || !this.isCrowd
    const present = isDue ? this.host.facts().present : null
    if (present && present.join() !== this.present) {
      this.present = present.join()
      this.dispatch({ type: 'present', members: present })
    }
    if (this.news.length > 0) this.handOn(this.news.splice(0))
    const { size: open, openBytes } = this.book.ledger
    const { members } = this.book.here
    const want = `${open} ${openBytes} ${String(urgent)} ${members}`
    if (want !== this.wantText) {
      this.wantText = want
      this.dispatch({ type: 'want', open, openBytes, urgent, members })
    }
    const now = this.context.clock.now()
    for (const [hash, wanted] of this.wanted) if (now - wanted.askedAt > RETRY_MS) this.askFor(hash, wanted)
    this.latecomers.tick()
  }

  /** The host of the room was heard, by whatever it signed. */
  hostHeard(): void {
    this.dispatch({ type: 'host-heard' })
  }

  /** New entries may complete a proposal. */
  entriesArrived(): void {
    this.dispatch({ type: 'recheck' })
  }

  linkUp(member: MemberId): void {
    this.context.send(member, this.status())
  }

  linkDown(member: MemberId): void {
    for (const allowance of [this.proposalsServed, this.compared]) allowance.forget(member)
    this.passed.delete(member)
    this.latecomers.linkDown(member)
    for (const { sources } of this.wanted.values()) sources.delete(member)
  }

  compareWithNextLink(): void {
    const links = this.context.transport.links()
    const link = links[this.nextTo++ % Math.max(1, links.length)]
    if (link) this.linkUp(link)
  }

  onStatus(from: MemberId, { epoch, digest }: PeerMessage & { type: 'seal-status' }): void {
    if (epoch > this.book.epoch) {
      this.latecomers.isAhead(from, epoch)
    } else if (
      epoch === this.book.epoch &&
      digest !== this.machine.digest &&
      this.compared.take(from, this.context.clock.now())
    ) {
      this.offer(from, this.machine.statements)
    }
  }

  async onStatements(from: MemberId, blobs: readonly Uint8Array[]): Promise<void> {
    const news: SealStatement[] = []
    for (const bytes of blobs) {
      const statement = decodeSealStatement(bytes)
      if (!statement || statement.room !== this.context.room) return this.context.strike(from, 'malformed')
      if (this.machine.isNews(statement)) news.push(statement)
    }
    const sound = await Promise.all(news.map(statement => isSigned(statement, this.context.signer)))
    const added: SealStatement[] = []
    for (const [i, statement] of news.entries()) {
      if (!sound[i]) this.context.strike(from, 'bad-signature')
      else if (this.machine.isNews(statement)) {
        added.push(statement)
        this.noteAt(from, statement)
        this.host.onHeard(statement.author)
        this.noteSource(statement.seal, from)
        this.dispatch({ type: 'statement', statement })
      }
    }
    if (this.isCrowd) this.news.push(...added)
    else this.handOn(added)
  }

  private handOn(statements: readonly SealStatement[]): void {
    for (const link of this.context.transport.links()) this.offer(link, statements)
  }

  onSealWant(from: MemberId, seal: string): void {
    const proposal = this.proposals.get(seal)
    if (!proposal || !this.proposalsServed.take(from, this.context.clock.now())) return
    this.context.send(from, { type: 'seal', seal: encodeProposal(proposal) })
  }

  onSeal(from: MemberId, bytes: Uint8Array): void {
    const proposal = decodeProposal(bytes)
    if (!proposal) return this.context.strike(from, 'malformed')
    const hash = hashOf(proposal.seal)
    if (!this.wanted.delete(hash)) return
    this.keepProposal(hash, proposal)
    this.dispatch({ type: 'seal', seal: proposal.seal, hash })
  }

  close(): void {
    this.closed = true
    this.cancelWake()
  }

  /** Stands on this certificate from now on, from what the store kept of it. */
  resume(certificate: Certificate, snapshot: Snapshot): boolean {
    if (!this.book.adopt(certificate, snapshot)) return false
    this.dispatch({ type: 'final', certificate })
    return true
  }

  private dispatch(event: SealEvent): void {
    if (this.closed) return
    const now = this.context.clock.now()
    for (const effect of this.machine.step(event, now)) this.perform(effect)
    this.cancelWake()
    const wakeAt = this.machine.wakeAt(now)
    if (wakeAt !== Infinity)
      this.cancelWake = this.context.clock.after(Math.max(5, wakeAt - now), () =>
        this.dispatch({ type: 'tick' }),
      )
    this.host.onChange()
  }

  private perform(effect: SealEffect): void {
    switch (effect.type) {
      case 'prepare':
        this.prepare(effect.newAnchor)
        break
      case 'fetch':
        this.want(effect.seal)
        break
      case 'check':
        this.check(effect.seal)
        break
      case 'say':
        this.saying = this.saying.then(() => this.say(effect))
        break
      case 'final':
        this.finishOrFetch(effect.certificate)
        break
      case 'equivocation':
        this.host.onEquivocation(effect.first, effect.second)
        break
      default:
        effect satisfies never
    }
  }

  private prepare(newAnchor: MemberId | null): void {
    const proposal = this.book.propose({ ...this.host.facts(), newAnchor })
    const hash = hashOf(proposal.seal)
    this.keepProposal(hash, proposal)
    this.dispatch({ type: 'candidate', seal: proposal.seal, hash })
  }

  private check(hash: string): void {
    const proposal = this.proposals.get(hash)
    if (!proposal) return
    const verdict = this.book.judge(proposal, {
      unixMs: this.host.facts().unixMs,
      modelHashOf: round => this.host.modelHashOf(round),
    })
    if (verdict === 'missing') this.host.onMissing(null)
    this.dispatch({ type: 'checked', hash, verdict })
  }

  private async say({ statement: unsigned, evidence }: SealEffect & { type: 'say' }): Promise<void> {
    if (this.closed) return
    const signature = await this.context.signer.sign(statementText(unsigned))
    const statement = { ...unsigned, sig: encodeBase64url(signature) }
    const { epoch, path, phase, view } = statement
    const proposal = this.proposals.get(statement.seal)
    const kept: Uint8Array[] = [statement, ...evidence].map(said => encoder.encode(canonicalise(said)))
    if (proposal) kept.push(encodeProposal(proposal))
    try {
      await this.store.put(`${this.votesPrefix}${epoch}/${path}/${phase}/${view}`, blobs(VOTE_RECORD, kept))
    } catch {
      // A full disk: a vote that a restart would forget could be cast twice, so it is not cast at all.
      return
    }
    this.dispatch({ type: 'statement', statement })
    this.handOn([statement])
  }

  /** The own statement first, then what it rests on; the proposal where it was at hand. */
  private readVote(
    bytes: Uint8Array,
  ): { statements: SealStatement[]; proposal: Proposal | null } | undefined {
    const parts = bytes[0] === VOTE_RECORD ? readBlobs(bytes.subarray(1), LIMITS.votes) : undefined
    if (!parts) return undefined
    const statements: SealStatement[] = []
    let proposal: Proposal | null = null
    for (const part of parts) {
      const statement = decodeSealStatement(part)
      if (statement) statements.push(statement)
      else proposal = decodeProposal(part) ?? proposal
    }
    return statements[0]?.author === this.context.self ? { statements, proposal } : undefined
  }

  /** Final by what was heard here: from the own entries if they are complete, else by the snapshot of somebody's. */
  private finishOrFetch(certificate: Certificate): void {
    if (this.finishFromProposal(certificate)) return
    this.latecomers.fetch(certificate, certificate.statements[0]!.author)
  }

  private finishFromProposal(certificate: Certificate): boolean {
    const proposal = this.proposals.get(hashOf(certificate.seal))
    return proposal !== undefined && this.finish(certificate, proposal.heads)
  }

  /** Moves the book to a final seal that it can reproduce; false when it needs the snapshot. */
  private finish(certificate: Certificate, heads: readonly SealedHead[]): boolean {
    if (certificate.seal.epoch <= this.book.epoch) return true
    const closed = this.book.close(certificate, heads)
    if (!closed) return false
    this.wanted.clear()
    this.dispatch({ type: 'final', certificate })
    this.host.onSealed(closed)
    for (const link of this.context.transport.links()) this.linkUp(link)
    return true
  }

  /** The oldest give way: the machine asks again for those that it still needs. */
  private want(hash: string): void {
    const wanted = this.wanted.get(hash) ?? { sources: new Set<MemberId>(), askedAt: 0 }
    this.wanted.set(hash, wanted)
    const oldest = this.wanted.keys().next()
    if (this.wanted.size > MAX_WANTED && !oldest.done) this.wanted.delete(oldest.value)
    this.askFor(hash, wanted)
  }

  private askFor(hash: string, wanted: Wanted): void {
    wanted.askedAt = this.context.clock.now()
    const links = this.context.transport.links()
    const sources = [...wanted.sources].filter(source => links.includes(source))
    const among = sources.length > 0 ? sources : links
    const to = among[this.nextTo++ % Math.max(1, among.length)]
    if (to) this.context.send(to, { type: 'seal-want', seal: hash })
  }

  private noteSource(hash: string, from: MemberId): void {
    this.wanted.get(hash)?.sources.add(from)
  }

  private keepProposal(hash: string, proposal: Proposal): void {
    this.proposals.set(hash, proposal)
    const oldest = this.proposals.keys().next()
    if (this.proposals.size > KEPT_PROPOSALS && !oldest.done) this.proposals.delete(oldest.value)
  }

  private offer(to: MemberId, statements: readonly SealStatement[]): void {
    const now = this.context.clock.now()
    const passed = this.passed.get(to)
    const lacking = statements.filter(statement => now - (passed?.get(statement) ?? -Infinity) >= SENT_MS)
    for (let at = 0; at < lacking.length; at += LIMITS.statements.count) {
      const some = lacking.slice(at, at + LIMITS.statements.count)
      if (!this.context.send(to, { type: 'seal-statements', statements: some.map(encodedStatement) })) return
      for (const statement of some) this.noteAt(to, statement)
    }
  }

  private get isCrowd(): boolean {
    return this.present.length >= CROWD_TEXT
  }

  private noteAt(link: MemberId, statement: SealStatement): void {
    const passed = this.passed.get(link) ?? new WeakMap<SealStatement, number>()
    this.passed.set(link, passed.set(statement, this.context.clock.now()))
  }

  private status(): PeerMessage {
    const { seal, epoch } = this.book
    const { digest } = this.machine
    return { type: 'seal-status', epoch, seal: seal ? this.book.genesis.hash : NO_SEAL, digest }
  }

  private get votesPrefix(): string {
    return `vote/${this.context.room}/${this.context.self}/`
  }
}

const encodings = new WeakMap<SealStatement, Uint8Array>()

/** Made once: in a crowd every vote goes over many links. */
function encodedStatement(statement: SealStatement): Uint8Array {
  const known = encodings.get(statement)
  if (known) return known
  const bytes = encoder.encode(canonicalise(statement))
  encodings.set(statement, bytes)
  return bytes
}

function encodeProposal({ heads, seal }: Proposal): Uint8Array {
  return encoder.encode(canonicalise({ heads, seal }))
}
