// Ledger rows for the detectors and the trace: unsigned, named by a counter, since hashes and signatures are others' work.
import type {
  DeviceBody,
  Entry,
  EntryBody,
  GovernanceTerms,
  JoinBody,
  ReceiptBody,
} from '../../../src/core/ledger/entry.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import type { MemberId, RoomId } from '../../../src/core/num/ids.ts'

export interface Row {
  readonly hash: string
  readonly entry: Entry
  readonly epoch: number | null
}

export const memberAt = (index: number): MemberId =>
  encodeBase64url(new Uint8Array(32).fill(index + 1)) as MemberId
export const deviceAt = (index: number): string => encodeBase64url(new Uint8Array(16).fill(index + 1))
export const hashAt = (index: number): string => index.toString(16).padStart(64, '0')
export const ROOM_A = encodeBase64url(new Uint8Array(16).fill(1)) as RoomId
export const ROOM_B = encodeBase64url(new Uint8Array(16).fill(2)) as RoomId
export const GUARDIAN = memberAt(0)
const SIGNATURE = encodeBase64url(new Uint8Array(64))

export const terms: GovernanceTerms = {
  guardians: [GUARDIAN],
  quorum: 1,
  resumeQuorum: 1,
  issuers: [],
  licensing: 'open',
  budget: { memberFlop: '1000', roundFlop: '0', lineageFlop: '10000' },
  sealing: 'host',
  heartbeatMs: 0,
  expiresUnixMs: 0,
}

export const receiptBody: ReceiptBody = {
  kind: 'receipt',
  lineage: 'lineage',
  device: deviceAt(1),
  licence: '',
  previous: '',
  fromRound: 0,
  toRound: 1,
  fromStep: 0,
  toStep: 10,
  samples: 320,
  flop: '100',
  wallMs: 1_000,
  modelBefore: hashAt(1_000),
  modelAfter: hashAt(1_001),
  updates: 1,
  updatesRoot: hashAt(7),
  sentBytes: 100,
  receivedBytes: 100,
}

export const joinBody: JoinBody = {
  kind: 'join',
  nickname: '花子',
  role: 'trainer',
  part: 0,
  dataRoot: hashAt(50),
}

export const deviceBody: DeviceBody = {
  kind: 'device',
  device: deviceAt(1),
  label: 'laptop',
  backend: 'wasm',
  benchmarkFlops: '100',
  previous: '',
}

/** Collects rows as members would write them. */
export function createBook(room: RoomId = ROOM_A) {
  const rows: Row[] = []
  const lengths = new Map<MemberId, number>()
  const receipts = new Map<MemberId, Row>()
  const add = (author: MemberId, body: EntryBody, unixMs = 0, epoch: number | null = null): Row => {
    const seq = lengths.get(author) ?? 0
    lengths.set(author, seq + 1)
    const prev = seq === 0 ? '' : hashAt(seq)
    const entry: Entry = { v: 2, room, author, seq, prev, unixMs, body, sig: SIGNATURE }
    const row = { hash: hashAt((room === ROOM_A ? 10_000 : 20_000) + rows.length), entry, epoch }
    rows.push(row)
    return row
  }
  return {
    rows,
    add,
    /** Goes on where the author's last receipt ended, but for what `changes` says. */
    receipt(
      author: MemberId,
      unixMs: number,
      changes: Partial<ReceiptBody> = {},
      epoch: number | null = null,
    ) {
      const last = receipts.get(author)
      const before = last?.entry.body as ReceiptBody | undefined
      const body: ReceiptBody = {
        ...receiptBody,
        ...(last !== undefined &&
          before !== undefined && {
            previous: last.hash,
            fromRound: before.toRound,
            toRound: before.toRound + 1,
            fromStep: before.toStep,
            toStep: before.toStep + 10,
            modelBefore: before.modelAfter,
            modelAfter: hashAt(1_001 + before.toRound),
          }),
        ...changes,
      }
      const row = add(author, body, unixMs, epoch)
      receipts.set(author, row)
      return row
    },
  }
}
