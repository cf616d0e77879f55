// Makes signed and sealed ledgers without a network: the room's own book decides what a seal says, test identities sign.
// For recorded files, property tests and benchmarks. Entries that the book refuses are a mistake of the caller and throw.
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import { entryHash, hashOf, roomIdBytes, signingBytes } from '../../src/core/ledger/chain.ts'
import type { CharterBody, Entry, EntryBody, SignedHead } from '../../src/core/ledger/entry.ts'
import type { Certificate, Seal, SealStatement, Snapshot } from '../../src/core/ledger/seal.ts'
import { LedgerWriter } from '../../src/core/room/export-file.ts'
import { signedText, statementText } from '../../src/core/room/signed-text.ts'
import type { CharterEntry } from '../../src/peer/founding.ts'
import { RoomBook } from '../../src/peer/room-book.ts'
import type { TestIdentity } from './test-identity.ts'

export interface SealPlan {
  readonly path: SealStatement['path']
  /** On path 'host' those who vote, the anchor among them; on path 'quorum' those who commit. */
  readonly signers: readonly TestIdentity[]
  /** Members heard lately. */
  readonly present: readonly TestIdentity[]
  readonly unixMs: number
}

interface MadeEpoch {
  readonly entries: readonly Entry[]
  readonly certificate: Certificate
  readonly snapshot: Snapshot
}

export class LedgerMaker {
  readonly room: RoomId
  readonly charter: CharterEntry
  readonly book: RoomBook
  readonly epochs: MadeEpoch[] = []
  private readonly identities = new Map<MemberId, TestIdentity>()

  constructor(
    private readonly founder: TestIdentity,
    terms: Omit<CharterBody, 'kind' | 'salt'>,
    private clock: number,
  ) {
    const salt = encodeBase64url(new Uint8Array(16).fill(7))
    this.room = encodeBase64url(roomIdBytes(founder.id, salt)) as RoomId
    const body: CharterBody = { ...terms, kind: 'charter', salt }
    this.charter = this.signed(founder, 0, '', body, clock) as CharterEntry
    this.book = new RoomBook(this.charter)
    this.identities.set(founder.id, founder)
  }

  /** Adds an entry a second later than the one before; returns its hash. */
  add(author: TestIdentity, body: EntryBody): string {
    this.identities.set(author.id, author)
    const { seq, prev } = this.book.ledger.draft(author.id, body, 0)
    const entry = this.signed(author, seq, prev, body, (this.clock += 1000))
    const admission = this.book.admit(entry)
    if (admission.status !== 'added') throw new Error(`not admitted: ${JSON.stringify(admission)}`)
    return entryHash(entry)
  }

  /** Of the newest entry or seal. */
  get now(): number {
    return this.clock
  }

  get hashOfCharter(): string {
    return entryHash(this.charter)
  }

  /** Of the open epoch or a sealed one. */
  entryOf(author: TestIdentity, seq: number): Entry {
    const sealed = this.epochs.flatMap(({ entries }) => entries)
    const open = this.book.ledger.openEntries() ?? []
    const found = [...sealed, ...open].find(entry => entry.author === author.id && entry.seq === seq)
    if (!found) throw new RangeError(`no entry ${seq}`)
    return found
  }

  /** A head that contradicts whatever else the author signs for that place; it stays outside of the ledger. */
  strayHead(author: TestIdentity, seq: number, prev: string): SignedHead {
    const body: EntryBody = { kind: 'leave' }
    const { v, room, unixMs, sig } = this.signed(author, seq, prev, body, this.clock + 1)
    return { v, room, author: author.id, seq, prev, unixMs, bodyHash: hashOf(body), sig }
  }

  statement(author: TestIdentity, what: Omit<SealStatement, 'v' | 'room' | 'author' | 'sig'>): SealStatement {
    const unsigned = { v: 2, room: this.room, author: author.id, ...what } as const
    return { ...unsigned, sig: author.sign(statementText(unsigned)) }
  }

  seal({ path, signers, present, unixMs }: SealPlan): Certificate {
    this.clock = Math.max(this.clock, unixMs)
    const { seal, heads } = this.book.propose({
      present: present.map(({ id }) => id),
      unixMs,
      modelRound: -1,
      modelHash: '',
      newAnchor: null,
    })
    const anchor = this.identities.get(this.book.genesis.anchor) ?? this.founder
    const certificate = this.certify(seal, path, signers, anchor)
    const closed = this.book.close(certificate, heads)
    if (!closed) throw new Error('the book cannot reproduce its own seal')
    this.epochs.push({ entries: closed.entries, certificate, snapshot: this.book.snapshot()! })
    return certificate
  }

  /** Whatever the seal says and whoever signs it. */
  certify(
    seal: Seal,
    path: SealStatement['path'],
    signers: readonly TestIdentity[],
    anchor: TestIdentity,
  ): Certificate {
    const about = { epoch: seal.epoch, path, view: 0, seal: hashOf(seal) }
    const statements =
      path === 'quorum'
        ? signers.map(signer => this.statement(signer, { ...about, phase: 'commit' }))
        : [
            ...signers.map(signer => this.statement(signer, { ...about, phase: 'vote' })),
            this.statement(anchor, { ...about, phase: 'commit' }),
          ]
    return { seal, statements: statements.sort(byPhaseAndAuthor) }
  }

  /** The whole ledger, or what comes after the seal of an epoch. */
  export(fromEpoch = 0): Uint8Array {
    const writer = new LedgerWriter(this.room)
    const start = fromEpoch > 0 ? this.epochs[fromEpoch - 1]! : null
    const pieces = [writer.begin(start && { ...start, charter: this.charter })]
    for (const { entries, certificate } of this.epochs.slice(fromEpoch))
      pieces.push(writer.epoch(entries, certificate))
    pieces.push(writer.end(this.book.ledger.openEntries() ?? []))
    return new Uint8Array(Buffer.concat(pieces))
  }

  /** Signed, and not in the ledger. */
  signed(author: TestIdentity, seq: number, prev: string, body: EntryBody, unixMs = this.clock): Entry {
    const unsigned = { v: 2, room: this.room, author: author.id, seq, prev, unixMs, body } as const
    return { ...unsigned, sig: author.sign(signedText('entry', this.room, signingBytes(unsigned))) }
  }
}

function byPhaseAndAuthor(a: SealStatement, b: SealStatement): number {
  if (a.phase !== b.phase) return a.phase < b.phase ? -1 : 1
  return a.author < b.author ? -1 : 1
}
