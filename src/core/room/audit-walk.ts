// One record of an exported ledger after another: order, chains, founder, proofs, seals, folds. Keeps what an honest member
// would keep (heads, the open epoch's leaves, the folded state) and says of the first record that does not hold why. The
// records' signatures were checked before.
import type { CharterBody, Entry, ProofBody } from '../ledger/entry.ts'
import { readEvidence } from '../ledger/evidence.ts'
import { hashBytes, hashOf } from '../ledger/chain.ts'
import { appendLeaves, leafHash } from '../num/merkle.ts'
import { isFinal } from '../ledger/quorum.ts'
import type { Certificate, Seal, SealedHead, Snapshot } from '../ledger/seal.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import type { LedgerRecord } from './audit-lines.ts'
import type { AuditFault, BrokenLine } from './audit-report.ts'
import {
  applyEntry,
  cloneState,
  closeEpoch,
  createRoomState,
  decodeState,
  expectedAnchor,
  mayBeSealMember,
  nextSealMembers,
  stateHash,
  type RoomState,
} from './fold.ts'
import { isFounding } from './founding.ts'

/** What may come next. */
type Stage = 'head' | 'start' | 'snapshot' | 'charter' | 'ledger' | 'done'

interface Chain {
  /** Hashes of its entries from `first` on; before it nothing is known. */
  readonly hashes: string[]
  readonly first: number
  /** Sequence and line of its first entry in this epoch. */
  epochSeq: number
  epochLine: number
}

export class LedgerWalk {
  room: RoomId | null = null
  fromEpoch = 0
  charter: (Entry & { readonly body: CharterBody }) | null = null
  state: RoomState | null = null
  certificate: Certificate | null = null
  entries = 0
  seals = 0
  private stage: Stage = 'head'
  private line = 0
  private size = 0
  private frontier: readonly string[] = []
  private leaves: Uint8Array[] = []
  private readonly chains = new Map<MemberId, Chain>()
  /** Lowest place that each convicted author signed twice. */
  private readonly cuts = new Map<MemberId, number>()
  private last: { readonly author: MemberId; readonly seq: number } | null = null

  get authors(): number {
    return this.chains.size
  }

  get sealedEntries(): number {
    return this.size
  }

  get openEntries(): number {
    return this.leaves.length
  }

  /** That the next lines belong to; null outside of the entries. */
  get epoch(): number | null {
    return this.stage === 'ledger' ? (this.certificate?.seal.epoch ?? 0) + 1 : null
  }

  get isDone(): boolean {
    return this.stage === 'done'
  }

  /** Takes the next line's record; null if it holds. After a fault the walk is over. */
  step(record: LedgerRecord): BrokenLine | null {
    this.line++
    switch (record.type) {
      case 'head':
        return this.takeHead(record.fromEpoch, record.room)
      case 'entry':
        return this.takeEntry(record.entry, record.bytes)
      case 'certificate':
        return this.stage === 'start' ? this.takeStart(record.certificate) : this.takeSeal(record.certificate)
      case 'snapshot':
        return this.takeSnapshot(record.snapshot)
      case 'charter':
        return this.takeCharter(record.entry)
      case 'end':
        return this.takeEnd(record.lines)
      default:
        return record satisfies never
    }
  }

  /** The next line's record has a signature that does not hold. */
  blame(record: LedgerRecord, fault: AuditFault): BrokenLine {
    this.line++
    if (record.type === 'entry' || record.type === 'charter') return this.broken(fault, record.entry)
    return this.broken(fault, record.type === 'certificate' ? { epoch: record.certificate.seal.epoch } : {})
  }

  private takeHead(fromEpoch: number, room: RoomId): BrokenLine | null {
    if (this.stage !== 'head') return this.broken('out-of-order')
    this.room = room
    this.fromEpoch = fromEpoch
    this.state = createRoomState(room)
    this.stage = fromEpoch > 0 ? 'start' : 'ledger'
    return null
  }

  private takeStart(certificate: Certificate): BrokenLine | null {
    const { seal } = certificate
    if (seal.room !== this.room) return this.broken('wrong-room', { epoch: seal.epoch })
    if (seal.epoch !== this.fromEpoch) return this.broken('out-of-order', { epoch: seal.epoch })
    // Who had to sign stands in the epoch before, which is not here; the report says so.
    if (!hasOwnStatements(certificate)) return this.broken('no-quorum', { epoch: seal.epoch })
    this.certificate = certificate
    this.stage = 'snapshot'
    return null
  }

  private takeSnapshot({ heads, frontier, state }: Snapshot): BrokenLine | null {
    if (this.stage !== 'snapshot' || !this.certificate) return this.broken('out-of-order')
    const { seal } = this.certificate
    const place = { epoch: seal.epoch }
    if (hashOf(heads) !== seal.heads || hashOf(state) !== seal.state)
      return this.broken('wrong-snapshot', place)
    if (appendLeaves(frontier, seal.size, [])?.root !== seal.root) return this.broken('wrong-snapshot', place)
    const decoded = decodeState(seal.room, state)
    if (!decoded) return this.broken('wrong-snapshot', place)
    for (const [author, seq, hash] of heads)
      this.chains.set(author, { hashes: [hash], first: seq, epochSeq: seq + 1, epochLine: this.line })
    this.state = decoded
    this.size = seal.size
    this.frontier = frontier
    this.stage = 'charter'
    return null
  }

  private takeCharter(entry: Entry): BrokenLine | null {
    if (this.stage !== 'charter') return this.broken('out-of-order', entry)
    if (entry.room !== this.room) return this.broken('wrong-room', entry)
    if (!isFounding(entry) || !this.chains.has(entry.author)) return this.broken('not-the-founder', entry)
    this.charter = entry as Entry & { readonly body: CharterBody }
    this.stage = 'ledger'
    return null
  }

  private takeEntry(entry: Entry, bytes: Uint8Array): BrokenLine | null {
    const { author, seq, body } = entry
    if (this.stage !== 'ledger') return this.broken('out-of-order', entry)
    if (entry.room !== this.room) return this.broken('wrong-room', entry)
    const hash = hashBytes(bytes)
    const placed = this.faultOfPlace(entry, hash)
    if (placed) return this.broken(placed, entry)
    if (seq >= (this.cuts.get(author) ?? Infinity)) return this.broken('fork', entry)
    if (body.kind === 'charter') {
      if (!isFounding(entry)) return this.broken('not-the-founder', entry)
      this.charter = entry as Entry & { readonly body: CharterBody }
    }
    this.append(entry, hash)
    if (body.kind === 'proof') {
      const fault = this.takeProof(entry, body)
      if (fault) return fault
    }
    this.leaves.push(leafHash(bytes))
    applyEntry(this.state!, entry, hash)
    this.entries++
    return null
  }

  /** Author, then sequence; each author's entries follow one another by hash. */
  private faultOfPlace({ author, seq, prev }: Entry, hash: string): AuditFault | null {
    const chain = this.chains.get(author)
    const next = chain ? chain.first + chain.hashes.length : 0
    if (chain && seq < next) {
      const held = chain.hashes[seq - chain.first]
      // A place from before the export's beginning is passed, whatever stands there.
      return held === undefined || held === hash ? 'out-of-order' : 'fork'
    }
    const { last } = this
    if (last && (author < last.author || (author === last.author && seq <= last.seq))) return 'out-of-order'
    const lastHash = chain?.hashes[chain.hashes.length - 1] ?? ''
    return seq === next && prev === lastHash ? null : 'broken-chain'
  }

  private append({ author, seq }: Entry, hash: string): void {
    const chain = this.chains.get(author)
    if (!chain) this.chains.set(author, { hashes: [hash], first: 0, epochSeq: 0, epochLine: this.line })
    else {
      if (this.last?.author !== author) {
        chain.epochSeq = seq
        chain.epochLine = this.line
      }
      chain.hashes.push(hash)
    }
    this.last = { author, seq }
  }

  /** Who knows a proof takes nothing more from the fork on: an epoch that has the proof has no such entry. */
  private takeProof(entry: Entry, body: ProofBody): BrokenLine | null {
    const evidence = readEvidence(body)
    if (!evidence || evidence.pair[0].room !== this.room) return this.broken('bad-proof', entry)
    if (evidence.kind === 'statements') return null
    const { author, seq } = evidence.pair[0]
    const cut = Math.min(seq, this.cuts.get(author) ?? Infinity)
    this.cuts.set(author, cut)
    const chain = this.chains.get(author)
    if (!chain) return null
    const excess = Math.max(cut, chain.epochSeq)
    if (excess >= chain.first + chain.hashes.length) return null
    return {
      ...this.broken('fork', { author, seq: excess }),
      line: chain.epochLine + excess - chain.epochSeq,
    }
  }

  private takeSeal(certificate: Certificate): BrokenLine | null {
    const { seal } = certificate
    if (this.stage !== 'ledger') return this.broken('out-of-order', { epoch: seal.epoch })
    const fault = this.faultOfSeal(certificate)
    if (fault) return this.broken(fault, { epoch: seal.epoch })
    this.certificate = certificate
    this.seals++
    this.last = null
    for (const chain of this.chains.values()) chain.epochSeq = chain.first + chain.hashes.length
    return null
  }

  private faultOfSeal(certificate: Certificate): AuditFault | null {
    const { seal } = certificate
    const { charter, certificate: before, state } = this
    if (seal.room !== this.room) return 'wrong-room'
    if (seal.epoch !== (before?.seal.epoch ?? 0) + 1) return 'out-of-order'
    if (!charter || !state) return 'not-the-founder'
    const previous = before ? hashOf(before.seal) : this.hashAt(charter.author, 0)
    if (seal.previous !== previous || seal.unixMs < (before?.seal.unixMs ?? 0)) return 'wrong-previous-seal'
    const tree = appendLeaves(this.frontier, this.size, this.leaves)
    if (!tree || seal.size !== tree.size) return 'wrong-size'
    if (seal.root !== tree.root) return 'wrong-root'
    if (seal.heads !== hashOf(this.heads())) return 'wrong-heads'
    const quorum = before
      ? { members: before.seal.members, anchor: before.seal.anchor }
      : { members: [charter.author], anchor: charter.author }
    if (!officesFit(seal, state, quorum.anchor)) return 'wrong-members'
    const { epoch, unixMs, members, anchor } = seal
    // A copy: of a broken seal nothing is carried out.
    const closed = cloneState(state)
    closeEpoch(closed, { epoch, unixMs, members, anchor })
    if (seal.state !== stateHash(closed)) return 'wrong-state'
    if (!isFinal(certificate, quorum, charter.body.governance.sealing)) return 'no-quorum'
    this.state = closed
    this.size = tree.size
    this.frontier = tree.frontier
    this.leaves = []
    return null
  }

  private takeEnd(lines: number): BrokenLine | null {
    if (this.stage !== 'ledger') return this.broken('out-of-order')
    if (lines !== this.line - 1) return this.broken('truncated')
    if (!this.charter) return this.broken('not-the-founder')
    this.stage = 'done'
    return null
  }

  private hashAt(author: MemberId, seq: number): string | undefined {
    const chain = this.chains.get(author)
    return chain?.hashes[seq - chain.first]
  }

  private heads(): SealedHead[] {
    return [...this.chains]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([author, { first, hashes }]) => [author, first + hashes.length - 1, hashes[hashes.length - 1]!])
  }

  private broken(
    fault: AuditFault,
    { author = null, seq = null, epoch = null }: Partial<Pick<BrokenLine, 'author' | 'seq' | 'epoch'>> = {},
  ): BrokenLine {
    return { line: this.line, fault, author, seq, epoch: epoch ?? this.epoch }
  }
}

/** That the statements are about this seal. */
function hasOwnStatements({ seal, statements }: Certificate): boolean {
  const name = hashOf(seal)
  return statements.every(each => each.seal === name && each.room === seal.room && each.epoch === seal.epoch)
}

/** Sealing members and anchor are those that the folded state allows. A succession is the quorum's to allow. */
function officesFit({ members, anchor, unixMs }: Seal, state: RoomState, before: MemberId): boolean {
  if (!members.includes(anchor)) return false
  if (anchor !== expectedAnchor(state, before) && !mayBeSealMember(state, anchor, unixMs)) return false
  const allowed = nextSealMembers(state, members, anchor, unixMs)
  return allowed.length === members.length && allowed.every((member, i) => member === members[i])
}
