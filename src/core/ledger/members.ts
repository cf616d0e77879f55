// Who is a member: joins, leaves, the anchor's office, convictions, and the work that each member's receipts state. Facts
// only, each from one author's own chain or from a proof that convinces on its own, so the order between authors does not
// matter. Evictions need counted signatures and stand in governance; core/room/fold.ts puts both together.
import * as v from 'valibot'
import type { MemberId } from '../num/ids.ts'
import type { Canonical } from './canonical.ts'
import type { Entry, JoinBody, ProofBody, ReceiptBody } from './entry.ts'
import { readEvidence } from './evidence.ts'
import { count, decimal, instant, int, member, text } from './fields.ts'
import type { EpochFacts, Mechanism } from './mechanism.ts'
import { sortedEntries } from '../num/sorted.ts'

export interface Membership {
  readonly member: MemberId
  readonly nickname: string
  readonly role: JoinBody['role']
  readonly part: number
  readonly joinedUnixMs: number
  readonly present: boolean
  readonly steps: number
  readonly samples: number
  readonly flop: bigint
  readonly updates: number
}

export interface MembersState {
  founder: MemberId | ''
  /** Host of the room as of the last seal; the founder before the first. */
  anchor: MemberId | ''
  readonly records: Map<MemberId, Membership>
  /** Sequence from which the convicted author's entries do not count; NO_CUT where only statements were contradictory. */
  readonly convicted: Map<MemberId, number>
  /** To whom each author would hand the anchor's office in this epoch. */
  readonly handovers: Map<MemberId, MemberId>
}

/** Of a conviction that leaves the author's chain whole. */
export const NO_CUT = Number.MAX_SAFE_INTEGER

/** Where a verified proof cuts the chain of its author. */
export function proofCut(proof: ProofBody): number {
  const evidence = readEvidence(proof)
  return evidence?.kind === 'entries' ? evidence.pair[0].seq : NO_CUT
}

export const membersMechanism: Mechanism<MembersState> = {
  name: 'members',

  initial: () => ({
    founder: '',
    anchor: '',
    records: new Map(),
    convicted: new Map(),
    handovers: new Map(),
  }),

  apply(state, entry) {
    const { author, body } = entry
    switch (body.kind) {
      case 'charter':
        if (state.founder !== '') return
        state.founder = author
        state.anchor = author
        return
      case 'join':
        return join(state, entry, body)
      case 'leave': {
        const known = state.records.get(author)
        if (known) state.records.set(author, { ...known, present: false })
        return
      }
      case 'handover':
        state.handovers.set(author, body.to)
        return
      case 'receipt':
        return countWork(state, author, body)
      case 'proof': {
        const cut = Math.min(proofCut(body), state.convicted.get(body.against) ?? NO_CUT)
        state.convicted.set(body.against, cut)
        return
      }
    }
  },

  close(state, { anchor }: EpochFacts) {
    state.anchor = anchor
    state.handovers.clear()
  },

  encode: state => ({
    founder: state.founder,
    anchor: state.anchor,
    records: sortedEntries(state.records).map(([, record]) => [
      record.member,
      record.nickname,
      record.role,
      record.part,
      record.joinedUnixMs,
      record.present ? 1 : 0,
      record.steps,
      record.samples,
      record.flop.toString(),
      record.updates,
    ]),
    convicted: sortedEntries(state.convicted),
    handovers: sortedEntries(state.handovers),
  }),

  decode: decodeMembers,
}

function join(state: MembersState, { author, unixMs }: Entry, { nickname, role, part }: JoinBody): void {
  const known = state.records.get(author)
  const { steps, samples, flop, updates } = known ?? { steps: 0, samples: 0, flop: 0n, updates: 0 }
  state.records.set(author, {
    member: author,
    nickname,
    role,
    part,
    joinedUnixMs: unixMs,
    present: true,
    steps,
    samples,
    flop,
    updates,
  })
}

/** Work stated before joining is nobody's. */
function countWork(state: MembersState, author: MemberId, body: ReceiptBody): void {
  const known = state.records.get(author)
  if (!known) return
  state.records.set(author, {
    ...known,
    steps: capped(known.steps + Math.max(0, body.toStep - body.fromStep)),
    samples: capped(known.samples + body.samples),
    flop: known.flop + BigInt(body.flop),
    updates: capped(known.updates + body.updates),
  })
}

/** A liar's sums stay what canonical JSON can write. */
function capped(sum: number): number {
  return Math.min(sum, Number.MAX_SAFE_INTEGER)
}

const MAX_MEMBERS = 20_000
const noMember = v.literal('')
const shape = v.strictObject({
  founder: v.union([noMember, member]),
  anchor: v.union([noMember, member]),
  records: v.pipe(
    v.array(
      v.strictTuple([
        member,
        text(40),
        v.picklist(['trainer', 'watcher']),
        int(-1, 999),
        instant,
        int(0, 1),
        count,
        count,
        decimalSum(),
        count,
      ]),
    ),
    v.maxLength(MAX_MEMBERS),
  ),
  convicted: v.pipe(v.array(v.strictTuple([member, count])), v.maxLength(MAX_MEMBERS)),
  handovers: v.pipe(v.array(v.strictTuple([member, member])), v.maxLength(MAX_MEMBERS)),
})

/** Sums of decimals may be longer than one of them. */
function decimalSum() {
  return v.union([decimal, v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,39}$/))])
}

function decodeMembers(value: Canonical): MembersState | undefined {
  const result = v.safeParse(shape, value, { abortEarly: true })
  if (!result.success) return undefined
  const { founder, anchor, records, convicted, handovers } = result.output
  return {
    founder,
    anchor,
    records: new Map(
      records.map(
        ([id, nickname, role, part, joinedUnixMs, present, steps, samples, flop, updates]): [
          MemberId,
          Membership,
        ] => [
          id,
          {
            member: id,
            nickname,
            role,
            part,
            joinedUnixMs,
            present: present === 1,
            steps,
            samples,
            flop: BigInt(flop),
            updates,
          },
        ],
      ),
    ),
    convicted: new Map(convicted),
    handovers: new Map(handovers),
  }
}
