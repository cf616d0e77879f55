// What this device keeps of sealed epochs: certificates, the newest snapshot, and the entries of each epoch, compressed.
// Reading back is reading from outside: entries must link, by their hashes alone, to heads that a seal has bound.
import { entryBytes, entryHash, hashOf } from '../core/ledger/chain.ts'
import { decodeCertificate, decodeEntry, decodeSnapshot } from '../core/ledger/decode.ts'
import { canonicalise } from '../core/ledger/canonical.ts'
import type { Entry } from '../core/ledger/entry.ts'
import type { Certificate, SealedHead, Snapshot } from '../core/ledger/seal.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Packer } from '../ports/packer.ts'
import type { Store } from '../ports/store.ts'
import { LIMITS } from '../protocol/messages.ts'
import type { ClosedEpoch } from './room-book.ts'

/** Entries of an epoch, unpacked: above the open limit of a ledger. */
const UNPACKED_BYTES = 64 * 1024 * 1024

const encoder = new TextEncoder()
const numbered = (epoch: number): string => String(epoch).padStart(10, '0')

export class Archive {
  /** Epochs whose entries are kept here, as far as is known. */
  kept = 0
  /** By seal hash. */
  private readonly epochs = new Map<string, number>()
  private readonly indexed = new Set<string>()

  constructor(
    private readonly room: RoomId,
    private readonly store: Store,
    private readonly packer: Packer,
  ) {}

  /** With the certificate and the snapshot a restarted member stands where it stood. False when they were not kept. */
  async keepSeal(certificate: Certificate, snapshot: Snapshot): Promise<boolean> {
    const rows: readonly (readonly [string, Uint8Array])[] = [
      [this.certificateKey(certificate.seal.epoch), encoder.encode(canonicalise(certificate))],
      [this.latestKey, encoder.encode(canonicalise(snapshot))],
    ]
    for (const [key, bytes] of rows) {
      await this.store.put(key, bytes)
      const kept = await this.store.get(key)
      if (kept?.length !== bytes.length || !bytes.every((byte, i) => byte === kept[i])) return false
    }
    return true
  }

  async keepEpoch({ certificate, entries }: ClosedEpoch): Promise<void> {
    await this.store.put(this.epochKey(certificate.seal.epoch), await this.pack(entries))
    this.kept++
  }

  /** The kept snapshot with its seal, which is not the newest where the disk was full or the end came in between. */
  async latest(): Promise<{ certificate: Certificate; snapshot: Snapshot } | null> {
    const bytes = await this.store.get(this.latestKey)
    const snapshot = bytes && decodeSnapshot(bytes)
    if (!snapshot) return null
    const [heads, state] = [hashOf(snapshot.heads), hashOf(snapshot.state)]
    for (const key of [...(await this.store.keys(`certificate/${this.room}/`))].reverse()) {
      const written = await this.store.get(key)
      const certificate = written && decodeCertificate(written)
      if (certificate?.seal.heads === heads && certificate.seal.state === state)
        return { certificate, snapshot }
    }
    return null
  }

  /** The seal that this device's history begins after, for a member that came late. */
  async keepBase(certificate: Certificate, snapshot: Snapshot): Promise<void> {
    const { epoch } = certificate.seal
    await this.store.clear(`base/${this.room}/`)
    await this.store.put(this.baseKey(epoch), encoder.encode(canonicalise(snapshot)))
    await this.store.put(this.certificateKey(epoch), encoder.encode(canonicalise(certificate)))
  }

  /** Null where the history begins with the room. */
  async base(): Promise<{ certificate: Certificate; snapshot: Snapshot } | null> {
    const [key] = await this.store.keys(`base/${this.room}/`)
    const bytes = key === undefined ? undefined : await this.store.get(key)
    const snapshot = bytes && decodeSnapshot(bytes)
    const certificate = key === undefined ? undefined : await this.certificateOf(Number(key.split('/')[2]))
    return certificate && snapshot ? { certificate, snapshot } : null
  }

  /** Of the epoch that the seal closed, as they travel. */
  async packedOf(seal: string): Promise<Uint8Array | undefined> {
    if (!this.epochs.has(seal)) {
      // Every certificate is read once, not for each question.
      for (const key of await this.store.keys(`certificate/${this.room}/`)) {
        if (this.indexed.has(key)) continue
        this.indexed.add(key)
        const bytes = await this.store.get(key)
        const certificate = bytes && decodeCertificate(bytes)
        if (certificate) this.epochs.set(hashOf(certificate.seal), certificate.seal.epoch)
      }
    }
    const epoch = this.epochs.get(seal)
    return epoch === undefined ? undefined : this.packed(epoch)
  }

  async certificateOf(epoch: number): Promise<Certificate | undefined> {
    const bytes = await this.store.get(this.certificateKey(epoch))
    return bytes && decodeCertificate(bytes)
  }

  /** As a snapshot travels. */
  packSnapshot(snapshot: Snapshot): Promise<Uint8Array> {
    return this.packer.pack(encoder.encode(canonicalise(snapshot)))
  }

  async unpackSnapshot(packed: Uint8Array): Promise<Snapshot | undefined> {
    const bytes = await this.packer.unpack(packed, LIMITS.snapshotBytes)
    return bytes && decodeSnapshot(bytes)
  }

  /** As it travels. */
  packed(epoch: number): Promise<Uint8Array | undefined> {
    return this.store.get(this.epochKey(epoch))
  }

  /** Counts what an earlier stay kept. */
  async recount(): Promise<void> {
    this.kept = (await this.store.keys(`epoch/${this.room}/`)).length
  }

  /**
   * Entries of an epoch in canonical order. With the heads at its end each author's entries must link to them; returns
   * also the heads before it, so that the epoch before can be read.
   */
  async epochEntries(
    epoch: number,
    after: readonly SealedHead[],
  ): Promise<{ entries: Entry[]; before: SealedHead[] } | undefined> {
    const packed = await this.packed(epoch)
    return packed && this.unpack(packed, after)
  }

  /** Checks what another member sent and keeps it. */
  async accept(epoch: number, packed: Uint8Array, after: readonly SealedHead[]): Promise<boolean> {
    if (!(await this.unpack(packed, after))) return false
    await this.store.put(this.epochKey(epoch), packed)
    this.kept++
    return true
  }

  private async pack(entries: readonly Entry[]): Promise<Uint8Array> {
    const parts = entries.map(entryBytes)
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length + 1, 0))
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
      bytes[at++] = 10
    }
    return this.packer.pack(bytes)
  }

  private async unpack(
    packed: Uint8Array,
    after: readonly SealedHead[],
  ): Promise<{ entries: Entry[]; before: SealedHead[] } | undefined> {
    const bytes = await this.packer.unpack(packed, UNPACKED_BYTES)
    if (!bytes) return undefined
    const chains = new Map<MemberId, Entry[]>()
    const entries: Entry[] = []
    for (let from = 0; from < bytes.length;) {
      const to = bytes.indexOf(10, from)
      const entry = to === -1 ? undefined : decodeEntry(bytes.subarray(from, to))
      if (!entry || entry.room !== this.room) return undefined
      entries.push(entry)
      const chain = chains.get(entry.author)
      if (chain) chain.push(entry)
      else chains.set(entry.author, [entry])
      from = to + 1
    }
    const before: SealedHead[] = []
    for (const [author, seq, hash] of after) {
      const chain = chains.get(author)
      chains.delete(author)
      if (!chain) {
        before.push([author, seq, hash])
        continue
      }
      if (!linksTo(chain, seq, hash)) return undefined
      const first = chain[0]!
      if (first.seq > 0) before.push([author, first.seq - 1, first.prev])
    }
    // Authors that no head names do not belong here.
    return chains.size === 0 ? { entries, before } : undefined
  }

  private get latestKey(): string {
    return `snapshot/${this.room}`
  }

  private certificateKey(epoch: number): string {
    return `certificate/${this.room}/${numbered(epoch)}`
  }

  private baseKey(epoch: number): string {
    return `base/${this.room}/${numbered(epoch)}`
  }

  private epochKey(epoch: number): string {
    return `epoch/${this.room}/${numbered(epoch)}`
  }
}

function linksTo(chain: readonly Entry[], seq: number, hash: string): boolean {
  let expected = hash
  for (let i = chain.length - 1; i >= 0; i--) {
    const entry = chain[i]!
    if (entry.seq !== seq - (chain.length - 1 - i) || entryHash(entry) !== expected) return false
    expected = entry.prev
  }
  return true
}
