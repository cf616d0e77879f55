// Credits: integer micro-credits, issued once by the charter to its founder, moved by transfers. Between seals transfers are
// only collected; at the seal they are carried out by author and sequence, each whole or not at all, as far as the payer's
// balance goes at that moment. Nothing is made or lost: the balances always add up to what the charter issued. While the
// room is paused nothing is paid: transfers wait for a seal after the pause.
import * as v from 'valibot'
import type { MemberId } from '../num/ids.ts'
import type { Canonical } from './canonical.ts'
import type { TransferBody } from './entry.ts'
import { count, hash as hashText, member } from './fields.ts'
import { NO_CUT, proofCut } from './members.ts'
import type { Mechanism } from './mechanism.ts'
import { ascending, sortedEntries } from '../num/sorted.ts'

export interface PendingTransfer {
  readonly hash: string
  readonly author: MemberId
  readonly seq: number
  readonly to: MemberId
  readonly micro: bigint
}

export type TransferFault = 'insufficient' | 'unknown-payee' | 'unknown-payer' | 'convicted'

export interface RejectedTransfer {
  readonly hash: string
  readonly author: MemberId
  readonly epoch: number
  readonly why: TransferFault
}

export interface CreditsState {
  issued: bigint
  /** Of everybody who may pay and be paid: the founder and whoever joined. */
  readonly balances: Map<MemberId, bigint>
  readonly pending: PendingTransfer[]
  /** Sequence from which a convicted author's transfers do not count. */
  readonly cuts: Map<MemberId, number>
  /** Newest last, at most MAX_REJECTED. */
  rejected: RejectedTransfer[]
}

const MAX_REJECTED = 100

export const creditsMechanism: Mechanism<CreditsState> = {
  name: 'credits',

  initial: () => ({ issued: 0n, balances: new Map(), pending: [], cuts: new Map(), rejected: [] }),

  apply(state, { author, seq, body }, hash) {
    switch (body.kind) {
      case 'charter':
        state.issued += BigInt(body.rewardMicro)
        state.balances.set(author, balanceOf(state, author) + BigInt(body.rewardMicro))
        return
      case 'join':
        if (!state.balances.has(author)) state.balances.set(author, 0n)
        return
      case 'transfer':
        state.pending.push(pendingOf(body, author, seq, hash))
        return
      case 'proof': {
        // Contradictory statements leave the chain whole; what was not yet paid is void all the same.
        const cut = proofCut(body) === NO_CUT ? 0 : proofCut(body)
        state.cuts.set(body.against, Math.min(cut, state.cuts.get(body.against) ?? NO_CUT))
        return
      }
    }
  },

  close(state, { epoch, paused }) {
    if (paused) return
    const { balances, rejected } = carryOut(state)
    for (const [id, micro] of balances) state.balances.set(id, micro)
    state.rejected = [
      ...state.rejected,
      ...rejected.map(({ transfer: { hash, author }, why }) => ({ hash, author, epoch, why })),
    ].slice(-MAX_REJECTED)
    state.pending.length = 0
  },

  encode: state => ({
    issued: state.issued.toString(),
    balances: sortedEntries(state.balances).map(([id, micro]) => [id, micro.toString()]),
    pending: inOrder(state.pending).map(({ hash, author, seq, to, micro }) => [
      hash,
      author,
      seq,
      to,
      micro.toString(),
    ]),
    cuts: sortedEntries(state.cuts),
    rejected: state.rejected.map(({ hash, author, epoch, why }) => [hash, author, epoch, why]),
  }),

  decode: decodeCredits,
}

export function balanceOf(state: CreditsState, id: MemberId): bigint {
  return state.balances.get(id) ?? 0n
}

/** Balances as they would be if the open transfers were carried out now. */
export function previewBalances(state: CreditsState): ReadonlyMap<MemberId, bigint> {
  return carryOut(state).balances
}

function carryOut(state: CreditsState): {
  readonly balances: Map<MemberId, bigint>
  readonly rejected: readonly { readonly transfer: PendingTransfer; readonly why: TransferFault }[]
} {
  const balances = new Map(state.balances)
  const rejected: { transfer: PendingTransfer; why: TransferFault }[] = []
  for (const transfer of inOrder(state.pending)) {
    const { author, seq, to, micro } = transfer
    const from = balances.get(author)
    const target = balances.get(to)
    const reject = (why: TransferFault): unknown => rejected.push({ transfer, why })
    if (seq >= (state.cuts.get(author) ?? Infinity)) reject('convicted')
    else if (from === undefined) reject('unknown-payer')
    else if (target === undefined) reject('unknown-payee')
    else if (from < micro) reject('insufficient')
    else if (author !== to) {
      balances.set(author, from - micro)
      balances.set(to, target + micro)
    }
  }
  return { balances, rejected }
}

function inOrder(pending: readonly PendingTransfer[]): PendingTransfer[] {
  return [...pending].sort((a, b) => ascending(a.author, b.author) || a.seq - b.seq)
}

function pendingOf(
  { to, amountMicro }: TransferBody,
  author: MemberId,
  seq: number,
  hash: string,
): PendingTransfer {
  return { hash, author, seq, to, micro: BigInt(amountMicro) }
}

const MAX_MEMBERS = 20_000
const micro = v.pipe(v.string(), v.regex(/^(?:0|[1-9][0-9]{0,39})$/))
const shape = v.strictObject({
  issued: micro,
  balances: v.pipe(v.array(v.strictTuple([member, micro])), v.maxLength(MAX_MEMBERS)),
  pending: v.pipe(v.array(v.strictTuple([hashText, member, count, member, micro])), v.maxLength(200_000)),
  cuts: v.pipe(v.array(v.strictTuple([member, count])), v.maxLength(MAX_MEMBERS)),
  rejected: v.pipe(
    v.array(
      v.strictTuple([
        hashText,
        member,
        count,
        v.picklist(['insufficient', 'unknown-payee', 'unknown-payer', 'convicted']),
      ]),
    ),
    v.maxLength(MAX_REJECTED),
  ),
})

function decodeCredits(value: Canonical): CreditsState | undefined {
  const result = v.safeParse(shape, value, { abortEarly: true })
  if (!result.success) return undefined
  const { issued, balances, pending, cuts, rejected } = result.output
  return {
    issued: BigInt(issued),
    balances: new Map(balances.map(([id, amount]) => [id, BigInt(amount)])),
    pending: pending.map(([hash, author, seq, to, amount]) => ({
      hash,
      author,
      seq,
      to,
      micro: BigInt(amount),
    })),
    cuts: new Map(cuts),
    rejected: rejected.map(([hash, author, epoch, why]) => ({ hash, author, epoch, why })),
  }
}
