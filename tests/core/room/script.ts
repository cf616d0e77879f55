// Rooms as scripts for the tests of the folds: entries of several authors, linked and hashed, with placeholder signatures.
// `receipt` writes what an honest member would write; tests change what they are about.
import { entryHash, headOf } from '../../../src/core/ledger/chain.ts'
import type {
  CharterBody,
  Entry,
  EntryBody,
  GovernanceTerms,
  ReceiptBody,
} from '../../../src/core/ledger/entry.ts'
import { proofOfFork } from '../../../src/core/ledger/evidence.ts'
import type { EpochFacts } from '../../../src/core/ledger/mechanism.ts'
import { trainingFlop } from '../../../src/core/model/flops.ts'
import { encodeBase64url } from '../../../src/core/num/base64url.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { accountOf } from '../../../src/core/governance/state.ts'
import {
  applyEntry,
  closeEpoch,
  createRoomState,
  nextSealMembers,
  type RoomState,
} from '../../../src/core/room/fold.ts'
import { charterBody, entry, governanceTerms, member, ROOM } from '../ledger/fixtures.ts'

export const T0 = 1_790_000_000_000
export const BATCH = charterBody.terms.batchSize
export const SAMPLE_FLOP = trainingFlop(charterBody.model)
export const STEP_FLOP = BigInt(SAMPLE_FLOP * BATCH)
export const deviceOf = (index: number): string => encodeBase64url(new Uint8Array(16).fill(0x40 + index))

export interface Written {
  readonly entry: Entry
  readonly hash: string
}

export class RoomScript {
  readonly state: RoomState
  readonly written: Written[] = []
  private readonly chains = new Map<MemberId, Written[]>()
  unixMs = T0

  /** The founder is member 0; it writes the charter. */
  constructor(terms: Partial<GovernanceTerms> = {}, charter: Partial<CharterBody> = {}) {
    this.state = createRoomState(ROOM)
    this.write(0, { ...charterBody, ...charter, governance: { ...governanceTerms, ...terms } })
  }

  /** Appends to the author's chain and applies it. */
  write(author: number, body: EntryBody, unixMs = ++this.unixMs): Written {
    const id = member(author)
    const chain = this.chains.get(id) ?? []
    const last = chain[chain.length - 1]
    const made = { ...entry(id, chain.length, last?.hash ?? '', body), unixMs }
    const written = { entry: made, hash: entryHash(made) }
    this.chains.set(id, [...chain, written])
    this.written.push(written)
    applyEntry(this.state, written.entry, written.hash)
    return written
  }

  join(author: number, role: 'trainer' | 'watcher' = 'trainer'): Written {
    return this.write(author, { kind: 'join', nickname: `m${author}`, role, part: author, dataRoot: '' })
  }

  register(author: number, device = deviceOf(author), previous = '', benchmarkFlops = 10n ** 12n): Written {
    return this.write(author, {
      kind: 'device',
      device,
      label: 'test',
      backend: 'cpu',
      benchmarkFlops: benchmarkFlops.toString(),
      previous,
    })
  }

  /** Joined, with a registered device. */
  trainer(author: number): void {
    this.join(author)
    this.register(author)
  }

  receiptBody(author: number, steps: number, changes: Partial<ReceiptBody> = {}): ReceiptBody {
    const account = accountOf(this.state.governance, member(author))
    const { lastReceipt, lastRound, steps: done, modelAfter } = account
    const samples = steps * BATCH
    return {
      kind: 'receipt',
      lineage: ROOM,
      device: deviceOf(author),
      licence: '',
      previous: lastReceipt,
      fromRound: Math.max(0, lastRound),
      toRound: Math.max(0, lastRound) + 1,
      fromStep: done,
      toStep: done + steps,
      samples,
      flop: (BigInt(samples) * BigInt(SAMPLE_FLOP)).toString(),
      wallMs: steps,
      modelBefore: modelAfter === '' ? 'a0'.repeat(32) : modelAfter,
      modelAfter: 'a1'.repeat(32),
      updates: 0,
      updatesRoot: '',
      sentBytes: 0,
      receivedBytes: 0,
      ...changes,
    }
  }

  receipt(author: number, steps: number, changes: Partial<ReceiptBody> = {}): Written {
    this.unixMs += Math.max(1, steps)
    return this.write(author, this.receiptBody(author, steps, changes))
  }

  endorse(author: number, subject: string, round = 0): Written {
    return this.write(author, { kind: 'endorse', subject, round })
  }

  /** Author, then the endorsers. */
  signed(body: EntryBody, author: number, endorsers: readonly number[], round = 0): Written {
    const motion = this.write(author, body)
    for (const other of endorsers) this.endorse(other, motion.hash, round)
    return motion
  }

  proofAgainst(accused: number, seq: number): EntryBody {
    const fork = (kind: 'leave' | 'join'): Entry =>
      entry(
        member(accused),
        seq,
        seq === 0 ? '' : 'ab'.repeat(32),
        kind === 'leave' ? { kind } : { kind, nickname: '', role: 'watcher', part: -1, dataRoot: '' },
      )
    return proofOfFork(headOf(fork('leave')), headOf(fork('join')))
  }

  close(present: readonly number[], unixMs = ++this.unixMs): EpochFacts {
    const anchor = member(0)
    const members = nextSealMembers(this.state, present.map(member), anchor, unixMs)
    const facts = { epoch: this.state.governance.epoch + 1, unixMs, members, anchor }
    closeEpoch(this.state, facts)
    return facts
  }
}

/** Guardians as members' numbers; the list is sorted as the terms ask. */
export function guardians(...indices: readonly number[]): readonly MemberId[] {
  return indices.map(member).sort()
}
