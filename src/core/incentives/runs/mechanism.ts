// The mechanism of sponsored runs: entries of an epoch are collected as they come, in any order; what they mean is decided at the
// seal (closing.ts), where rewards are locked and paid. While the room is paused nothing happens to runs: entries wait for a
// seal after the pause, as payments do.
import { isRunBody, type Entry } from '../../ledger/entry.ts'
import type { EpochFacts, Mechanism } from '../../ledger/mechanism.ts'
import { closeRuns } from './closing.ts'
import { decodeRuns } from './decode.ts'
import { encodeRuns } from './encode.ts'
import type { Purse, RunsState } from './records.ts'

export const runsMechanism: Omit<Mechanism<RunsState>, 'close'> & {
  close(state: RunsState, facts: EpochFacts, purse: Purse): void
} = {
  name: 'runs',

  initial: () => ({
    pending: [],
    assets: new Map(),
    runs: new Map(),
    exposures: new Map(),
    limits: new Map(),
    joined: new Map(),
    rejected: [],
  }),

  apply(state, { author, seq, body }: Entry, hash) {
    if (isRunBody(body)) state.pending.push({ hash, author, seq, body })
    else if (body.kind === 'join') state.joined.set(author, { root: body.dataRoot, present: 1 })
    else if (body.kind === 'leave') {
      const known = state.joined.get(author)
      if (known) state.joined.set(author, { ...known, present: 0 })
    }
  },

  close: closeRuns,
  encode: encodeRuns,
  decode: decodeRuns,
}

/** Micro-credits that runs hold. */
export function lockedMicro({ runs }: RunsState): bigint {
  let sum = 0n
  for (const { phase, quote } of runs.values())
    if (phase === 'open' || phase === 'training') sum += BigInt(quote.rewardMicro)
  return sum
}

/** Shares the records that are replaced and never changed. */
export function cloneRuns(state: RunsState): RunsState {
  return {
    pending: [...state.pending],
    assets: new Map(state.assets),
    runs: new Map(state.runs),
    exposures: new Map(state.exposures),
    limits: new Map(state.limits),
    joined: new Map(state.joined),
    rejected: [...state.rejected],
  }
}
