// How a member comes to a seal that it did not see made, and helps others to: the fewest certificates that lead from what it
// trusts to the newest seal, then that seal's snapshot. Of several links that are ahead one is asked at a time, since all would
// send the same. Certificates are checked for signatures here; what they add up to is quorum.ts's business.
import { canonicalise } from '../core/ledger/canonical.ts'
import { hashOf } from '../core/ledger/chain.ts'
import { decodeCertificate } from '../core/ledger/decode.ts'
import { isFinal, skipVerifies, type Previous } from '../core/ledger/quorum.ts'
import type { Certificate, Seal, SealStatement } from '../core/ledger/seal.ts'
import { decodeBase64url } from '../core/num/base64url.ts'
import type { MemberId } from '../core/num/ids.ts'
import { statementText } from '../core/room/signed-text.ts'
import type { Signer } from '../ports/signer.ts'
import { Allowance } from './allowance.ts'
import type { Archive } from './archive.ts'
import type { PeerContext } from './context.ts'
import type { RoomBook } from './room-book.ts'

/** Costly answers that one link may have: snapshots, certificates, archives. */
const SERVED = { count: 6, windowMs: 20_000 }
const RETRY_MS = 2_000

const encoder = new TextEncoder()

export interface CatchUpHost {
  /** Whether the book stands on it now, or on a newer one, from its own entries. */
  finish(certificate: Certificate): boolean
  /** The book stands on it by a snapshot that this link gave. */
  onAdopted(certificate: Certificate, from: MemberId): void
}

interface Behind {
  readonly certificate: Certificate
  readonly from: MemberId
  /** -Infinity before the first time. */
  askedAt: number
}

export class SealCatchUp {
  private readonly served = new Allowance(SERVED.count, SERVED.windowMs)
  private nextTo = 0
  /** Links that say they stand on a newer seal, and on which; asked in turn. */
  private readonly ahead = new Map<MemberId, number>()
  private aheadAskedAt = -Infinity
  /** Newest certificate that is verified but cannot be reproduced here. */
  private known: Behind | null = null
  /** The newest snapshot as it travels. */
  private packed: { readonly seal: string; readonly bytes: Promise<Uint8Array> } | null = null

  constructor(
    private readonly context: PeerContext,
    private readonly book: RoomBook,
    private readonly archive: Archive,
    private readonly host: CatchUpHost,
  ) {}

  tick(): void {
    const { behind } = this
    if (behind && this.context.clock.now() - behind.askedAt > RETRY_MS) this.askForSnapshot(behind)
    this.askAhead()
  }

  linkDown(member: MemberId): void {
    this.served.forget(member)
    if (this.ahead.delete(member)) this.aheadAskedAt = -Infinity
  }

  /** The link says that it stands on a newer seal. */
  isAhead(link: MemberId, epoch: number): void {
    this.ahead.set(link, epoch)
    this.askAhead()
  }

  /** A final seal that cannot be reproduced here; `from` may have its snapshot. */
  fetch(certificate: Certificate, from: MemberId): void {
    const behind = this.behind ?? { certificate, from, askedAt: -Infinity }
    this.known = behind
    if (this.context.clock.now() - behind.askedAt > RETRY_MS) this.askForSnapshot(behind)
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
      const { signer } = this.context
      const checks = await Promise.all(certificate.statements.map(statement => isSigned(statement, signer)))
      if (!checks.every(Boolean)) return this.context.strike(from, 'bad-seal')
      trusted = seal
      epoch = seal.epoch
      previous = hashOf(seal)
      newest = certificate
    }
    if (!newest || newest.seal.epoch <= this.book.epoch) return
    if (this.host.finish(newest) || (this.behind?.certificate.seal.epoch ?? 0) >= newest.seal.epoch) return
    this.known = { certificate: newest, from, askedAt: -Infinity }
    this.askForSnapshot(this.known)
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
    this.known = null
    this.host.onAdopted(behind.certificate, from)
    await this.archive.keepBase(behind.certificate, snapshot)
  }

  async onArchiveWant(from: MemberId, seal: string): Promise<void> {
    if (!this.served.take(from, this.context.clock.now())) return
    const bytes = await this.archive.packedOf(seal)
    if (bytes) this.context.send(from, { type: 'archive', seal, bytes }, 'bulk')
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

  /** Null when the book has come to it otherwise. */
  private get behind(): Behind | null {
    if (this.known && this.known.certificate.seal.epoch <= this.book.epoch) this.known = null
    return this.known
  }

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

  private askForSnapshot(behind: Behind): void {
    const links = this.context.transport.links()
    const isFirst = behind.askedAt === -Infinity && links.includes(behind.from)
    behind.askedAt = this.context.clock.now()
    // Whoever did not answer may have moved on, or not mean to.
    const to = isFirst ? behind.from : links[this.nextTo++ % Math.max(1, links.length)]
    if (to) this.context.send(to, { type: 'snapshot-want', seal: hashOf(behind.certificate.seal) })
  }
}

export function isSigned(statement: SealStatement, signer: Signer): Promise<boolean> {
  const signature = decodeBase64url(statement.sig, 64)
  if (!signature) return Promise.resolve(false)
  return signer.verify(statement.author, statementText(statement), signature)
}
