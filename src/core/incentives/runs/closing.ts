// What a seal does to sponsored runs. Entries of one epoch have no order between authors, so they are read in passes: first what
// people have (assets, limits), then runs that open, who comes and goes, beginnings, signatures, measurements, ends. In a pass
// authors go by id, an author's own entries by sequence. An entry that has no place is kept as rejected, with the reason.
import type { RunBody } from '../../ledger/entry.ts'
import type { EpochFacts } from '../../ledger/mechanism.ts'
import type { MemberId } from '../../num/ids.ts'
import { ascending, sortedEntries } from '../../num/sorted.ts'
import { beginRun, remeasure, replan } from './course.ts'
import type {
  CapacityRecord,
  MeasureRecord,
  OfferRecord,
  PairRecord,
  PendingRunEntry,
  RunFault,
  RunPhase,
  RunRecord,
  RunsState,
  Purse,
} from './records.ts'
import { pairUp } from './plan.ts'
import { endRun } from './settling.ts'

/** Runs that are open or training at a time, in a room and of one sponsor; all that a room remembers, and parties of one. */
const MAX_LIVE_RUNS = 64
const MAX_LIVE_OF_ONE = 4
const MAX_RUNS = 200
const MAX_PARTIES = 200
const MAX_REJECTED = 100

type Of<Kind extends RunBody['kind']> = PendingRunEntry & { readonly body: Extract<RunBody, { kind: Kind }> }

const PASSES: readonly (readonly RunBody['kind'][])[] = [
  ['asset', 'exposure'],
  ['quote'],
  ['offer', 'capacity', 'withdraw'],
  ['begin'],
  ['contract', 'deletion'],
  ['service'],
  ['measure'],
  ['abort'],
]

export function closeRuns(state: RunsState, facts: EpochFacts, purse: Purse): void {
  if (facts.paused) return
  const entries = [...state.pending].sort((a, b) => ascending(a.author, b.author) || a.seq - b.seq)
  state.pending.length = 0
  const here = new Set(facts.members)
  const beginning = new Map<string, number>()
  /** Reasons of sponsors that end their runs, by run. */
  const ending = new Map<string, string>()
  for (const kinds of PASSES) {
    if (kinds.includes('begin')) dropGone(state, purse)
    for (const entry of entries) {
      if (!kinds.includes(entry.body.kind)) continue
      const why =
        entry.seq >= purse.cutOf(entry.author)
          ? 'convicted'
          : applyOne(state, entry, purse, { beginning, ending })
      if (why !== null)
        state.rejected.push({ hash: entry.hash, author: entry.author, epoch: facts.epoch, why })
    }
    if (kinds.includes('begin'))
      for (const [hash, round] of beginning)
        put(state, beginRun(state.runs.get(hash)!, round, candidates(state, here)))
  }
  for (const [hash, run] of sortedEntries(state.runs)) {
    if (run.phase !== 'training') continue
    put(state, remeasure(run, here))
    put(state, replan(state.runs.get(hash)!))
  }
  for (const [hash, run] of sortedEntries(state.runs)) {
    if (run.phase !== 'open' && run.phase !== 'training') continue
    const sponsorGone = purse.cutOf(run.sponsor) !== Infinity
    put(state, endRun(run, { ...facts, here }, ending.get(hash) ?? (sponsorGone ? '' : null), purse))
  }
  pairAll(state)
  forgetOld(state)
  state.rejected = state.rejected.slice(-MAX_REJECTED)
}

function put(state: RunsState, run: RunRecord): void {
  state.runs.set(run.hash, run)
}

/** Null when it took effect. */
function applyOne(
  state: RunsState,
  entry: PendingRunEntry,
  purse: Purse,
  { beginning, ending }: { readonly beginning: Map<string, number>; readonly ending: Map<string, string> },
): RunFault | null {
  const { author, body, hash } = entry
  switch (body.kind) {
    case 'asset':
      if (state.joined.get(author)?.root !== body.root) return 'wrong-root'
      state.assets.set(author, { hash, body })
      return null
    case 'exposure':
      // Never lowered: what has been seen cannot be unseen.
      state.limits.set(author, Math.max(body.limit, state.limits.get(author) ?? 1))
      return null
    case 'quote':
      return open(state, entry as Of<'quote'>, purse)
    case 'offer':
      return offer(state, entry as Of<'offer'>)
    case 'capacity':
      return lend(state, entry as Of<'capacity'>)
    case 'withdraw':
      return withdraw(state, entry as Of<'withdraw'>)
    case 'begin': {
      const run = state.runs.get(body.run)
      if (!run) return 'unknown-run'
      if (run.sponsor !== author) return 'not-sponsor'
      if (run.phase !== 'open') return 'wrong-phase'
      beginning.set(body.run, body.round)
      return null
    }
    case 'contract':
    case 'deletion':
      return sign(state, entry as Of<'contract' | 'deletion'>)
    case 'service':
      return serve(state, entry as Of<'service'>)
    case 'measure':
      return measure(state, entry as Of<'measure'>)
    case 'abort': {
      const run = state.runs.get(body.run)
      if (!run) return 'unknown-run'
      if (run.sponsor !== author) return 'not-sponsor'
      if (!isLive(run.phase)) return 'wrong-phase'
      ending.set(body.run, body.reason)
      return null
    }
    default:
      return body satisfies never
  }
}

function isLive(phase: RunPhase): boolean {
  return phase === 'open' || phase === 'training'
}

function open(state: RunsState, { author, body, hash }: Of<'quote'>, purse: Purse): RunFault | null {
  if (state.runs.has(hash)) return null
  const live = [...state.runs.values()].filter(({ phase }) => isLive(phase))
  const own = live.filter(({ sponsor }) => sponsor === author)
  if (live.length >= MAX_LIVE_RUNS || own.length >= MAX_LIVE_OF_ONE) return 'too-many-runs'
  const reward = BigInt(body.rewardMicro)
  if (purse.balanceOf(author) < reward) return 'insufficient'
  purse.add(author, -reward)
  put(state, {
    hash,
    sponsor: author,
    quote: body,
    phase: 'open',
    problem: null,
    offers: [],
    capacities: [],
    fromRound: 0,
    toRound: 0,
    remeasured: 0,
    appraisers: [],
    plan: [],
    pairs: [],
    measures: [],
    settlement: null,
    reason: '',
  })
  return null
}

/** The run, if somebody who is here may take part in it. */
function runFor(state: RunsState, author: MemberId, hash: string): RunRecord | RunFault {
  const run = state.runs.get(hash)
  if (!run) return 'unknown-run'
  if (!isLive(run.phase)) return 'wrong-phase'
  return state.joined.get(author)?.present === 1 ? run : 'not-member'
}

function offer(state: RunsState, { author, body }: Of<'offer'>): RunFault | null {
  const run = runFor(state, author, body.run)
  if (typeof run === 'string') return run
  if (run.sponsor === author) return 'own-run'
  const asset = state.assets.get(author)
  if (asset?.hash !== body.asset) return 'unknown-asset'
  // It may have joined again with other data since.
  if (state.joined.get(author)?.root !== asset.body.root) return 'wrong-root'
  if (body.samples > asset.body.samples) return 'too-many-samples'
  if (body.qualityMillionths < run.quote.qualityFloorMillionths) return 'below-floor'
  if (body.mode === 'split' && run.quote.lending === 'none') return 'mode-not-allowed'
  if (body.mode === 'paired' && run.quote.lending !== 'any') return 'mode-not-allowed'
  const { root } = asset.body
  const others = run.offers.filter(({ owner }) => owner !== author)
  if (others.some(other => other.root === root)) return 'duplicate-data'
  if (others.length >= MAX_PARTIES) return 'too-many-parties'
  const { qualityMillionths, samples, mode } = body
  const record: OfferRecord = { owner: author, root, qualityMillionths, samples, mode, present: 1 }
  // Who changes the mode of lending needs another contract.
  const before = run.offers.find(({ owner }) => owner === author)
  // The plan, and the fine for over-reporting, rest on what was said when offers were closed.
  if (before && run.phase === 'training' && qualityMillionths !== before.qualityMillionths)
    return 'wrong-phase'
  const pairs = before && before.mode !== mode ? breakPairs(run.pairs, author) : run.pairs
  put(state, { ...run, pairs, offers: [...others, record].sort((a, b) => ascending(a.owner, b.owner)) })
  return null
}

function lend(state: RunsState, { author, body }: Of<'capacity'>): RunFault | null {
  const run = runFor(state, author, body.run)
  if (typeof run === 'string') return run
  if (run.quote.lending === 'none' || (body.modes === 'any' && run.quote.lending !== 'any'))
    return 'mode-not-allowed'
  const others = run.capacities.filter(({ provider }) => provider !== author)
  if (others.length >= MAX_PARTIES) return 'too-many-parties'
  const { unitCostMillionths, speedMilli, modes } = body
  const record: CapacityRecord = { provider: author, unitCostMillionths, speedMilli, modes, present: 1 }
  const capacities = [...others, record].sort((a, b) => ascending(a.provider, b.provider))
  put(state, { ...run, capacities })
  return null
}

function withdraw(state: RunsState, { author, body }: Of<'withdraw'>): RunFault | null {
  const run = state.runs.get(body.run)
  if (!run) return 'unknown-run'
  if (!isLive(run.phase)) return 'wrong-phase'
  const takesPart =
    run.offers.some(({ owner }) => owner === author) ||
    run.capacities.some(({ provider }) => provider === author)
  if (!takesPart) return 'not-party'
  put(state, without(run, author))
  return null
}

/** While offers are open nothing was agreed and they vanish; later their owner's part so far stays. */
function without(run: RunRecord, gone: MemberId): RunRecord {
  const isOpen = run.phase === 'open'
  return {
    ...run,
    offers: run.offers.flatMap(offer =>
      offer.owner !== gone ? [offer] : isOpen ? [] : [{ ...offer, present: 0 as const }],
    ),
    capacities: run.capacities.filter(({ provider }) => provider !== gone),
    pairs: breakPairs(run.pairs, gone),
  }
}

function breakPairs(pairs: readonly PairRecord[], gone: MemberId): readonly PairRecord[] {
  return pairs.map(pair =>
    pair.owner === gone || pair.provider === gone ? { ...pair, broken: 1 as const } : pair,
  )
}

/** Whoever left the room, or was convicted, leaves its runs. */
function dropGone(state: RunsState, purse: Purse): void {
  for (const run of state.runs.values()) {
    if (!isLive(run.phase)) continue
    let next = run
    const parties = new Set([
      ...run.offers.filter(({ present }) => present === 1).map(({ owner }) => owner),
      ...run.capacities.map(({ provider }) => provider),
    ])
    for (const member of parties) {
      const isHere = state.joined.get(member)?.present === 1 && purse.cutOf(member) === Infinity
      if (!isHere) next = without(next, member)
    }
    if (next !== run) put(state, next)
  }
}

function candidates(state: RunsState, here: ReadonlySet<MemberId>): readonly MemberId[] {
  const joined = sortedEntries(state.joined)
    .filter(([, { present }]) => present === 1)
    .map(([member]) => member)
  const present = joined.filter(member => here.has(member))
  return present.length > 0 ? present : joined
}

function sign(state: RunsState, { author, body }: Of<'contract' | 'deletion'>): RunFault | null {
  const run = state.runs.get(body.run)
  if (!run) return 'unknown-run'
  const pair = run.pairs.find(({ contract }) => contract === body.contract)
  const isOwner = pair?.owner === author
  const isProvider = pair?.provider === author
  if (!isOwner && !isProvider) return 'not-party'
  if (body.kind === 'deletion' && !isProvider) return 'not-party'
  if (body.kind === 'contract' && pair!.broken === 1) return 'stale'
  const pairs = run.pairs.map(one => {
    if (one !== pair) return one
    if (body.kind === 'deletion') return { ...one, deleted: 1 as const }
    return {
      ...one,
      ownerSigned: isOwner ? (1 as const) : one.ownerSigned,
      providerSigned: isProvider ? (1 as const) : one.providerSigned,
    }
  })
  put(state, { ...run, pairs })
  return null
}

/** Of a broken pair too: what was lent before is owed. */
function serve(state: RunsState, { author, body }: Of<'service'>): RunFault | null {
  const run = state.runs.get(body.run)
  if (!run) return 'unknown-run'
  if (run.phase !== 'training') return 'wrong-phase'
  const pair = run.pairs.find(({ contract }) => contract === body.contract)
  if (!pair || (pair.owner !== author && pair.provider !== author)) return 'not-party'
  const side = pair.owner === author ? 'ownerJobs' : 'providerJobs'
  const isAgreed = pair.ownerSigned === 1 && pair.providerSigned === 1
  // Statements only grow: what was acknowledged is not taken back.
  if (!isAgreed || body.jobs <= pair[side]) return 'stale'
  const pairs = run.pairs.map(one => (one === pair ? { ...one, [side]: body.jobs } : one))
  put(state, { ...run, pairs })
  return null
}

function measure(state: RunsState, { author, body }: Of<'measure'>): RunFault | null {
  const run = state.runs.get(body.run)
  if (!run) return 'unknown-run'
  if (run.phase !== 'training') return 'wrong-phase'
  if (!run.appraisers.includes(author)) return 'not-appraiser'
  const { method, toRound, rounds } = body
  const before = run.measures.find(one => one.appraiser === author && one.method === method)
  if (toRound <= run.fromRound || (before && before.toRound >= toRound)) return 'stale'
  const owners = new Set(run.offers.map(({ owner }) => owner))
  // Nobody measures itself; of others than owners there is nothing to say.
  const values = body.values.filter(({ member }) => member !== author && owners.has(member))
  const record: MeasureRecord = { appraiser: author, method, toRound, rounds, values }
  const measures = [...run.measures.filter(one => one !== before), record].sort(
    (a, b) => ascending(a.appraiser, b.appraiser) || ascending(a.method, b.method),
  )
  put(state, { ...run, measures })
  return null
}

function pairAll(state: RunsState): void {
  for (const [hash, run] of sortedEntries(state.runs)) {
    if (run.phase !== 'training') continue
    const busy = new Set(
      [...state.runs.values()].flatMap(({ hash: other, phase, pairs }) =>
        other === hash || phase !== 'training'
          ? []
          : pairs.filter(({ broken }) => broken === 0).map(({ provider }) => provider),
      ),
    )
    const made = pairUp(run, busy, state.exposures, state.limits)
    if (made.length === 0) continue
    const known = new Map(run.pairs.map(pair => [pair.contract, pair]))
    for (const pair of made) {
      // The same two again sign anew; what was lent before stays stated.
      const { ownerJobs = 0, providerJobs = 0 } = known.get(pair.contract) ?? {}
      known.set(pair.contract, { ...pair, ownerJobs, providerJobs })
      const seen = state.exposures.get(pair.owner) ?? []
      if (!seen.includes(pair.provider))
        state.exposures.set(pair.owner, [...seen, pair.provider].sort(ascending))
    }
    put(state, {
      ...run,
      pairs: [...known.values()].sort((a, b) => ascending(a.contract, b.contract)),
    })
  }
}

/** The oldest runs that are over make room; their entries stay in the ledger. */
function forgetOld(state: RunsState): void {
  const over = [...state.runs.values()]
    .filter(({ phase }) => !isLive(phase))
    .sort((a, b) => a.settlement!.epoch - b.settlement!.epoch || ascending(a.hash, b.hash))
  for (const { hash } of over.slice(0, Math.max(0, state.runs.size - MAX_RUNS))) state.runs.delete(hash)
}
