// What a sealed ledger costs, one measure each: verifying, folding, the live document, seals, archives, memory, proofs. Time
// is processor time of the whole process, all its threads together: what one core would need, whatever else the machine does.
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { streamPacker } from '../src/adapters/packer-streams.ts'
import { createMemoryStore } from '../src/adapters/store-memory.ts'
import { verifySignature } from '../src/adapters/signer-webcrypto.ts'
import { canonicalise } from '../src/core/ledger/canonical.ts'
import { entryBytes, entryHash, hashOf } from '../src/core/ledger/chain.ts'
import type { Entry } from '../src/core/ledger/entry.ts'
import { leafHash } from '../src/core/num/merkle.ts'
import { createAudit } from '../src/core/room/audit.ts'
import { applyEntry, closeEpoch, createRoomState, stateHash } from '../src/core/room/fold.ts'
import { createProof, verifyProof } from '../src/core/room/proof-file.ts'
import { Archive } from '../src/peer/archive.ts'
import { checkEntry } from '../src/peer/entry-signing.ts'
import { RoomBook } from '../src/peer/room-book.ts'
import { RoomDoc } from '../src/peer/room-doc.ts'
import type { LedgerMaker } from '../tests/tools/ledger-maker.ts'
import type { RoomLife } from './ledger-room.ts'

const PIECE_BYTES = 1024 * 1024
/** Checked together, as many as a full message between members holds. */
const BATCH = 512

export interface Cost<T> {
  readonly value: T
  readonly cpuMs: number
  readonly wallMs: number
}

export async function costOf<T>(work: () => T | Promise<T>): Promise<Cost<T>> {
  const cpu = process.cpuUsage()
  const wall = performance.now()
  const value = await work()
  const { user, system } = process.cpuUsage(cpu)
  return { value, cpuMs: (user + system) / 1000, wallMs: performance.now() - wall }
}

/** The file that the room exports, and its audit. */
export async function auditCost(maker: LedgerMaker): Promise<{
  readonly bytes: number
  readonly exported: Cost<unknown>
  readonly audited: Cost<unknown>
}> {
  const exported = await costOf(() => maker.export())
  const file = exported.value
  const audited = await costOf(async () => {
    const audit = createAudit(verifySignature)
    for (let at = 0; at < file.length; at += PIECE_BYTES)
      await audit.push(file.subarray(at, at + PIECE_BYTES))
    const report = await audit.finish()
    if (report.status !== 'sound') throw new Error(`not sound: ${JSON.stringify(report.firstBroken)}`)
  })
  return { bytes: file.length, exported, audited }
}

/** As a member takes entries from another: bytes, signature, admission, and the seal of each epoch. */
export async function peerCost(maker: LedgerMaker): Promise<{
  readonly admitted: Cost<unknown>
  readonly closedCpuMs: number
  readonly heapBefore: number
  readonly heapAfter: number
  readonly heapFullest: number
}> {
  const { charter, room } = maker
  const signer = {
    id: charter.author,
    sign: () => Promise.reject(new Error('signs nothing')),
    verify: verifySignature,
  }
  const heapBefore = heapUsed()
  let heapFullest = 0
  const book = new RoomBook(charter)
  let cpuMs = 0
  let wallMs = 0
  let closedCpuMs = 0
  const epochs = [
    ...maker.epochs,
    { entries: maker.book.ledger.openEntries() ?? [], certificate: null, snapshot: null },
  ]
  for (const [i, { entries, certificate, snapshot }] of epochs.entries()) {
    const encoded = entries.filter(entry => entry.body.kind !== 'charter').map(entryBytes)
    const cost = await costOf(async () => {
      for (let at = 0; at < encoded.length; at += BATCH) {
        const checks = await Promise.all(
          encoded.slice(at, at + BATCH).map(bytes => checkEntry(bytes, room, signer)),
        )
        for (const check of checks)
          if ('fault' in check || book.admit(check.entry).status !== 'added') throw new Error('not admitted')
      }
    })
    cpuMs += cost.cpuMs
    wallMs += cost.wallMs
    if (i === 5) heapFullest = heapUsed()
    if (!certificate) continue
    const closed = await costOf(() => book.close(certificate, snapshot.heads))
    if (!closed.value) throw new Error('not closed')
    closedCpuMs += closed.cpuMs
  }
  const heapAfter = heapUsed()
  if (hashOf(book.seal) !== hashOf(maker.book.seal)) throw new Error('another seal')
  return { admitted: { value: null, cpuMs, wallMs }, closedCpuMs, heapBefore, heapAfter, heapFullest }
}

/** The pure fold over entries whose hashes are known, epoch by epoch. */
export async function foldCost(maker: LedgerMaker): Promise<{
  readonly applyMs: number
  readonly closeMs: number
  readonly hashMs: number
}> {
  const state = createRoomState(maker.room)
  const epochs = maker.epochs.map(({ entries, certificate }) => ({
    hashed: entries.map((entry): [Entry, string] => [entry, entryHash(entry)]),
    seal: certificate.seal,
  }))
  const open = (maker.book.ledger.openEntries() ?? []).map((entry): [Entry, string] => [
    entry,
    entryHash(entry),
  ])
  const cost = { applyMs: 0, closeMs: 0, hashMs: 0 }
  const apply = async (hashed: readonly [Entry, string][]): Promise<void> => {
    const { cpuMs } = await costOf(() => {
      for (const [entry, hash] of hashed) applyEntry(state, entry, hash)
    })
    cost.applyMs += cpuMs
  }
  for (const { hashed, seal } of epochs) {
    await apply(hashed)
    const { epoch, unixMs, members, anchor } = seal
    cost.closeMs += (await costOf(() => closeEpoch(state, { epoch, unixMs, members, anchor }))).cpuMs
    const hash = await costOf(() => stateHash(state))
    cost.hashMs += hash.cpuMs
    if (hash.value !== seal.state) throw new Error(`another state at seal ${epoch}`)
  }
  await apply(open)
  return cost
}

/** Bytes of the Yjs document at the end of each epoch, where it is largest. */
export function documentBytes(epochs: readonly (readonly Entry[])[]): number {
  const room = new RoomDoc()
  let largest = 0
  for (const entries of epochs) {
    room.begin(entries)
    largest = Math.max(largest, room.encode().length)
  }
  room.destroy()
  return largest
}

/** Of an open epoch: the median of some proposals, and of as many judgements by another member. */
export async function sealCost(
  life: RoomLife,
  repetitions: number,
): Promise<{
  readonly proposeMs: number
  readonly judgeMs: number
}> {
  const { book, charter } = life.maker
  const facts = {
    present: life.identities.map(({ id }) => id).sort(),
    unixMs: (book.seal?.unixMs ?? 0) + 3_600_000,
    modelRound: -1,
    modelHash: '',
    newAnchor: null,
  }
  const proposeMs: number[] = []
  const judgeMs: number[] = []
  const other = new RoomBook(charter)
  if (!other.adopt(book.certificate!, book.snapshot()!)) throw new Error('the snapshot was not taken')
  for (const entry of book.ledger.openEntries()!) other.admit(entry)
  for (let i = 0; i < repetitions; i++) {
    const proposal = await costOf(() => book.propose({ ...facts, unixMs: facts.unixMs + i }))
    proposeMs.push(proposal.cpuMs)
    const judgement = { unixMs: facts.unixMs, modelHashOf: () => undefined }
    const verdict = await costOf(() => other.judge(proposal.value, judgement))
    if (verdict.value !== 'good') throw new Error(`judged ${verdict.value}`)
    judgeMs.push(verdict.cpuMs)
  }
  return { proposeMs: median(proposeMs), judgeMs: median(judgeMs) }
}

export async function archiveBytes(maker: LedgerMaker): Promise<{
  readonly plain: number
  readonly packed: number
}> {
  const store = createMemoryStore()
  const archive = new Archive(maker.room, store, streamPacker)
  const full = maker.epochs.slice(2)
  let plain = 0
  let packed = 0
  for (const { entries, certificate } of full) {
    plain += entries.reduce((sum, entry) => sum + entryBytes(entry).length + 1, 0)
    await archive.keepEpoch({ certificate, entries })
    packed += (await archive.packed(certificate.seal.epoch))!.length
  }
  return { plain: plain / full.length, packed: packed / full.length }
}

export async function snapshotBytes(
  maker: LedgerMaker,
): Promise<{ readonly plain: number; readonly packed: number }> {
  const bytes = new TextEncoder().encode(canonicalise(maker.book.snapshot()))
  return { plain: bytes.length, packed: (await streamPacker.pack(bytes)).length }
}

/** Of the entry in the middle, in the tree of the newest seal. */
export async function proofCost(
  maker: LedgerMaker,
  repetitions: number,
): Promise<{
  readonly bytes: number
  readonly makeMs: number
  readonly verifyMs: number
}> {
  const entries = maker.epochs.flatMap(epoch => epoch.entries)
  const leaves = entries.map(entry => leafHash(entryBytes(entry)))
  const index = Math.floor(entries.length / 2)
  const { certificate } = maker.epochs[maker.epochs.length - 1]!
  const parts = { charter: maker.charter, entry: entries[index]!, index, leaves, certificate }
  const made = await costOf(() => createProof(parts))
  const verifyMs: number[] = []
  for (let i = 0; i < repetitions; i++) {
    const { value, cpuMs } = await costOf(() => verifyProof(made.value, verifySignature))
    if (value.status !== 'sound') throw new Error(`the proof is ${value.fault}`)
    verifyMs.push(cpuMs)
  }
  return { bytes: made.value.length, makeMs: made.cpuMs, verifyMs: median(verifyMs) }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}

let collect: (() => void) | undefined

/** Bytes, after what nobody holds is gone. */
export function heapUsed(): number {
  if (!collect) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  return process.memoryUsage().heapUsed
}
