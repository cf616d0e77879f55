// Agreement on seals, on the wire: drives the seal machine, hands statements and proposals on, keeps votes before they are
// sent, and brings latecomers to the newest seal by certificate and snapshot. Statements and certificates are checked for
// signatures here; what they add up to is the machine's and quorum.ts's business.
import { canonicalise } from '../core/ledger/canonical.ts'
import {
  decodeCertificate,
  decodeProposal,
  decodeSealStatement,
  type Proposal,
} from '../core/ledger/decode.ts'
import { hashOf } from '../core/ledger/chain.ts'
import { isFinal, skipVerifies, type Previous } from '../core/ledger/quorum.ts'
import type { Certificate, Seal, SealedHead, SealStatement, Snapshot } from '../core/ledger/seal.ts'
import { SealMachine, type SealEffect, type SealEvent } from '../core/ledger/seal-machine.ts'
import { decodeBase64url, encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Store } from '../ports/store.ts'
import { LIMITS, type PeerMessage } from '../protocol/messages.ts'
import { blobs, readBlobs } from '../protocol/records.ts'
import { Allowance } from './allowance.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import { type ClosedEpoch, type ProposalFacts, type RoomBook } from './room-book.ts'
import { statementText } from '../core/room/signed-text.ts'

const encoder = new TextEncoder()
const NO_SEAL = '00'.repeat(32)
/** Costly answers that one link may have: snapshots, certificates, archives. */
const SERVED = { count: 6, windowMs: 20_000 }
const RETRY_MS = 2_000
const KEPT_PROPOSALS = 64
/** Small questions with large answers: proposals, and everything that was said in an epoch. */
const PROPOSALS_SERVED = { count: 48, windowMs: 20_000 }
const COMPARED = { count: 24, windowMs: 20_000 }
/** Seals that are asked for at one time; a proposer may name more than there are. */
const MAX_WANTED = 128
/** First byte of a kept vote. */
const VOTE_RECORD = 1

export interface SealHost {
  facts(): ProposalFacts
  modelHashOf(round: number): string | undefined
  /** The book stands on a newer seal; `closed` is null when it came by snapshot. */
  onSealed(closed: ClosedEpoch | null): void
  onEquivocation(first: SealStatement, second: SealStatement): void
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
  private readonly proposals = new Map<string, Proposal>()
  private readonly wanted = new Map<string, Wanted>()
  private readonly served = new Allowance(SERVED.count, SERVED.windowMs)
  private readonly proposalsServed = new Allowance(PROPOSALS_SERVED.count, PROPOSALS_SERVED.windowMs)
  private readonly compared = new Allowance(COMPARED.count, COMPARED.windowMs)
  private nextTo = 0
  /** Links that say they stand on a newer seal, and on which; asked in turn, one at a time. */
  private readonly ahead = new Map<MemberId, number>()
  private aheadAskedAt = -Infinity
  /** Newest certificate that is verified but cannot be reproduced here, and whom it came from. */
  private behind: { certificate: Certificate; from: MemberId; askedAt: number } | null = null
  /** The newest snapshot as it travels. */
  private packed: { readonly seal: string; readonly bytes: Promise<Uint8Array> } | null = null
  private cancelWake: () => void = () => undefined
  private closed = false
  private present = ''
  private wantText = ''
  private saying: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly context: PeerContext,
    private readonly book: RoomBook,
    private readonly archive: Archive,
    /** Must say when it could not write: a vote that is not kept is not sent. */
    private readonly store: Store,
    private readonly host: SealHost,
  ) {
    const { room, self } = context
    const mode = book.charter.body.governance.sealing
    this.machine = new SealMachine({ room, self, mode, ...book.genesis, epoch: book.epoch })
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
    const { present } = this.host.facts()
    if (present.join() !== this.present) {
      this.present = present.join()
      this.dispatch({ type: 'present', members: present })
    }
    const { size: open, openBytes } = this.book.ledger
    const want = `${open} ${openBytes} ${String(urgent)}`
    if (want !== this.wantText) {
      this.wantText = want
      this.dispatch({ type: 'want', open, openBytes, urgent })
    }
    const now = this.context.clock.now()
    for (const [hash, wanted] of this.wanted) if (now - wanted.askedAt > RETRY_MS) this.askFor(hash, wanted)
    if (this.behind && now - this.behind.askedAt > RETRY_MS) this.catchUp()
    this.askAhead()
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
    for (const allowance of [this.served, this.proposalsServed, this.compared]) allowance.forget(member)
    if (this.ahead.delete(member)) this.aheadAskedAt = -Infinity
    for (const { sources } of this.wanted.values()) sources.delete(member)
  }

  compareWithNextLink(): void {
    const links = this.context.transport.links()
    const link = links[this.nextTo++ % Math.max(1, links.length)]
    if (link) this.linkUp(link)
  }

  onStatus(from: MemberId, { epoch, digest }: PeerMessage & { type: 'seal-status' }): void {
    if (epoch > this.book.epoch) {
      this.ahead.set(from, epoch)
      this.askAhead()
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
    const sound = await Promise.all(news.map(statement => this.isSigned(statement)))
    const added: SealStatement[] = []
    for (const [i, statement] of news.entries()) {
      if (!sound[i]) this.context.strike(from, 'bad-signature')
      else if (this.machine.isNews(statement)) {
        added.push(statement)
        this.noteSource(statement.seal, from)
        this.dispatch({ type: 'statement', statement })
      }
    }
    for (const link of this.context.transport.links()) if (link !== from) this.offer(link, added)
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

  async onCertificatesWant(from: MemberId, after: number): Promise<void> {
    if (after >= this.book.epoch || !this.served.take(from, this.context.clock.now())) return
    const chosen = await this.trailFrom(after)
    const blobs = chosen.map(certificate => encoder.encode(canonicalise(certificate)))
    this.context.send(from, { type: 'certificates', certificates: blobs }, 'bulk')
  }

  async onCertificates(from: MemberId, blobs: readonly Uint8Array[]): Promise<void> {
    const mode = this.book.charter.body.governance.sealing
    let trusted: Previous = this.book.genesis
    let { epoch } = this.book
    let previous = this.book.genesis.hash
    let parent: Seal | undefined
    let newest: Certificate | undefined
    for (const bytes of blobs) {
      const certificate = decodeCertificate(bytes)
      if (!certificate || certificate.seal.room !== this.context.room)
        return this.context.strike(from, 'malformed')
      const { seal } = certificate
      if (seal.epoch <= epoch) continue
      const counts =
        seal.epoch === epoch + 1
          ? seal.previous === previous && isFinal(certificate, trusted, mode)
          : skipVerifies(certificate, trusted, mode, parent)
      // One that cannot be told yet may be the parent of the next, which then vouches for it.
      parent = seal
      if (!counts) continue
      if (!(await this.allSigned(certificate))) return this.context.strike(from, 'bad-seal')
      trusted = seal
      epoch = seal.epoch
      previous = hashOf(seal)
      newest = certificate
    }
    if (!newest || newest.seal.epoch <= this.book.epoch) return
    const proposal = this.proposals.get(hashOf(newest.seal))
    if (proposal && this.finish(newest, proposal.heads)) return
    if ((this.behind?.certificate.seal.epoch ?? 0) >= newest.seal.epoch) return
    this.behind = { certificate: newest, from, askedAt: -Infinity }
    this.catchUp()
  }

  async onSnapshotWant(from: MemberId, seal: string): Promise<void> {
    const snapshot = this.book.seal && this.book.genesis.hash === seal ? this.book.snapshot() : null
    if (!snapshot || !this.served.take(from, this.context.clock.now())) return
    if (this.packed?.seal !== seal) this.packed = { seal, bytes: this.archive.packSnapshot(snapshot) }
    this.context.send(from, { type: 'snapshot', seal, bytes: await this.packed.bytes }, 'bulk')
  }

  async onSnapshot(from: MemberId, seal: string, bytes: Uint8Array): Promise<void> {
    const { behind } = this
    if (!behind || hashOf(behind.certificate.seal) !== seal) return
    const snapshot = await this.archive.unpackSnapshot(bytes)
    if (this.behind !== behind) return
    if (!snapshot || !this.book.adopt(behind.certificate, snapshot)) {
      this.context.strike(from, 'bad-seal')
      return
    }
    this.adopted(behind.certificate)
    // What followed the seal could not be asked for before.
    this.host.onMissing(from)
    await this.archive.keepBase(behind.certificate, snapshot)
  }

  async onArchiveWant(from: MemberId, seal: string): Promise<void> {
    if (!this.served.take(from, this.context.clock.now())) return
    const bytes = await this.archive.packedOf(seal)
    if (bytes) this.context.send(from, { type: 'archive', seal, bytes }, 'bulk')
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

  /** The fewest certificates by which a member that stands on `after` comes to trust the newest, parents included. */
  private async trailFrom(after: number): Promise<Certificate[]> {
    const mode = this.book.charter.body.governance.sealing
    const at = async (epoch: number): Promise<Certificate | undefined> =>
      epoch === this.book.epoch ? (this.book.certificate ?? undefined) : this.archive.certificateOf(epoch)
    const trail: Certificate[] = []
    const start = after > 0 ? await at(after) : undefined
    const { author } = this.book.charter
    let trusted: Previous = start?.seal ?? { members: [author], anchor: author }
    for (let epoch = after; epoch < this.book.epoch;) {
      let next = this.book.epoch
      for (; next > epoch + 1; next = epoch + Math.floor((next - epoch) / 2)) {
        const [parent, candidate] = [await at(next - 1), await at(next)]
        if (!candidate || !skipVerifies(candidate, trusted, mode, parent?.seal)) continue
        if (candidate.statements[0]?.path === 'quorum' && parent) trail.push(parent)
        break
      }
      const certificate = await at(next)
      if (!certificate) return trail
      trail.push(certificate)
      trusted = certificate.seal
      epoch = next
    }
    return trail
  }

  private adopted(certificate: Certificate): void {
    this.behind = null
    this.dispatch({ type: 'final', certificate })
    this.host.onSealed(null)
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
    for (const link of this.context.transport.links()) this.offer(link, [statement])
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
    const proposal = this.proposals.get(hashOf(certificate.seal))
    if (proposal && this.finish(certificate, proposal.heads)) return
    if (!this.behind) {
      const [from] = certificate.statements
      this.behind = { certificate, from: from!.author, askedAt: -Infinity }
    }
    if (this.context.clock.now() - this.behind.askedAt > RETRY_MS) this.catchUp()
  }

  /** Moves the book to a final seal that it can reproduce; false when it needs the snapshot. */
  private finish(certificate: Certificate, heads: readonly SealedHead[]): boolean {
    if (certificate.seal.epoch <= this.book.epoch) return true
    const closed = this.book.close(certificate, heads)
    if (!closed) return false
    this.behind = null
    this.wanted.clear()
    this.dispatch({ type: 'final', certificate })
    this.host.onSealed(closed)
    for (const link of this.context.transport.links()) this.linkUp(link)
    return true
  }

  /** Of several links that are ahead one is asked: all of them would send the same. */
  private askAhead(): void {
    const now = this.context.clock.now()
    if (now - this.aheadAskedAt < RETRY_MS) return
    const stand = Math.max(this.book.epoch, this.behind?.certificate.seal.epoch ?? 0)
    for (const [link, epoch] of this.ahead) {
      this.ahead.delete(link)
      if (epoch <= stand) continue
      // To the end of the line: who does not answer is asked again after the others.
      this.ahead.set(link, epoch)
      this.aheadAskedAt = now
      this.context.send(link, { type: 'certificates-want', after: this.book.epoch })
      return
    }
  }

  /** The oldest give way: the machine asks again for those that it still needs. */
  private want(hash: string): void {
    const wanted = this.wanted.get(hash) ?? { sources: new Set<MemberId>(), askedAt: 0 }
    this.wanted.set(hash, wanted)
    const oldest = this.wanted.keys().next()
    if (this.wanted.size > MAX_WANTED && !oldest.done) this.wanted.delete(oldest.value)
    this.askFor(hash, wanted)
  }

  private catchUp(): void {
    const { behind } = this
    if (!behind) return
    const links = this.context.transport.links()
    const isFirst = behind.askedAt === -Infinity && links.includes(behind.from)
    behind.askedAt = this.context.clock.now()
    // Whoever did not answer may have moved on, or not mean to.
    const to = isFirst ? behind.from : links[this.nextTo++ % Math.max(1, links.length)]
    if (to) this.context.send(to, { type: 'snapshot-want', seal: hashOf(behind.certificate.seal) })
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
    if (statements.length === 0) return
    for (let at = 0; at < statements.length; at += LIMITS.statements.count) {
      const blobs = statements
        .slice(at, at + LIMITS.statements.count)
        .map(statement => encoder.encode(canonicalise(statement)))
      this.context.send(to, { type: 'seal-statements', statements: blobs })
    }
  }

  private status(): PeerMessage {
    const { seal, epoch } = this.book
    const { digest } = this.machine
    return { type: 'seal-status', epoch, seal: seal ? this.book.genesis.hash : NO_SEAL, digest }
  }

  private isSigned(statement: SealStatement): Promise<boolean> {
    const signature = decodeBase64url(statement.sig, 64)
    if (!signature) return Promise.resolve(false)
    return this.context.signer.verify(statement.author, statementText(statement), signature)
  }

  private async allSigned({ statements }: Certificate): Promise<boolean> {
    return (await Promise.all(statements.map(statement => this.isSigned(statement)))).every(Boolean)
  }

  private get votesPrefix(): string {
    return `vote/${this.context.room}/${this.context.self}/`
  }
}

function encodeProposal({ heads, seal }: Proposal): Uint8Array {
  return encoder.encode(canonicalise({ heads, seal }))
}
