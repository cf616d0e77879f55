// The replicated model: a frozen base state and the sets of updates since. The state of every later round is a pure
// function of both, so members with equal sets hold bit-identical models whatever the order of arrival. A late update
// for a round inside the window is inserted and the rounds after it are computed again; older ones are ignored. Rounds
// freeze by age, in rounds and in time.
import type { MemberId } from '../num/ids.ts'
import { roundToHalf } from '../params/half-vector.ts'
import { drawAhead, drawnShare, drawsAll, isDrawn, LAG, nextDraw } from './sortition.ts'
import { hashState, type ModelState } from './state.ts'
import type { Update } from './update.ts'

/** Rounds that stay open for late updates at least (tau of gossip.md). */
export const WINDOW = 3
/**
 * Short rounds stay open longer: an update that takes two seconds over a busy machine must not arrive before the freeze
 * here and after it there, or two honest members hold different states until they repair it.
 */
const OPEN_MS = 2_000
const MAX_WINDOW = 10
/** What the longer opening may cost when a late update computes it again: values mixed, updates times parameters. */
const REPLAY_VALUES = 5_000_000

/** Frozen states that stay at hand for others, within the memory that they may take. */
const ANCHORS = 8
const ANCHOR_BYTES = 128 * 1024 * 1024
/** A parameter's: float32 and half, momentum included. */
const STATE_BYTES = 12

/** What the mixing rule of the charter computes; handed in, so this folder knows no codec and no rule. */
export interface Mixer {
  /** Updates sorted by author. `outsized` lists authors whose update the rule left out. */
  mix(updates: readonly Update[]): {
    readonly direction: Float64Array
    readonly outsized: readonly MemberId[]
  }
  /** alpha and mu of the outer step. */
  readonly outerRate: number
  readonly outerMomentum: number
  readonly shared?: SharedStates
}

/** For many members in one process: equal states are one object, and computed once. Changes no value. */
export interface SharedStates {
  /** The object that stands for this state. */
  base(state: ModelState, hash: string): ModelState
  /** What followed the same state with the same updates before, else what `mix` makes. */
  next(before: ModelState, updateIds: readonly string[], mix: () => Mixed): Mixed
}

export interface Mixed {
  readonly state: ModelState
  readonly outsized: readonly MemberId[]
}

/**
 * Outer Nesterov step (gossip.md step 7; Douillard et al. 2023, DiLoCo), rounded to half precision:
 * m' = mu m + a;  theta' = theta - alpha (mu m' + a). Without momentum (mu = 0) none is kept: it would decide nothing.
 */
export function outerStep(state: ModelState, direction: Float64Array, alpha: number, mu: number): ModelState {
  const count = state.params.length
  const params = new Float32Array(count)
  const momentum = new Float32Array(count)
  if (mu !== 0) {
    for (let i = 0; i < count; i++) momentum[i] = mu * state.momentum[i]! + direction[i]!
    roundToHalf(momentum)
  }
  for (let i = 0; i < count; i++) {
    params[i] = state.params[i]! - alpha * (mu * momentum[i]! + direction[i]!)
  }
  roundToHalf(params)
  return { round: state.round + 1, params, momentum, draw: state.draw }
}

/** A round that can not change any more: the state before it, and its updates in the order in which they arrived here. */
export interface FrozenRound {
  readonly before: ModelState
  readonly updates: readonly Update[]
}

interface Round {
  readonly updates: Map<MemberId, Update>
  outsized: readonly MemberId[]
}

export class Window {
  /** states[k] is the state at the start of round base + k; the last one is the current round's. */
  private states: ModelState[]
  /** When each of `states` became the current one, milliseconds. */
  private since: number[]
  private readonly rounds = new Map<number, Round>()
  /** Hashes of frozen bases, newest last. */
  private frozen: { round: number; hash: string; state: ModelState }[]

  /** Rounds that the last advance froze, oldest first. */
  frozenNow: readonly FrozenRound[] = []

  /** Who was found drawn or not, by round: asked at every event. */
  private readonly lots = new Map<number, Map<MemberId, boolean>>()

  constructor(
    start: ModelState,
    private readonly mixer: Mixer,
    hash = hashState(start),
    private readonly committee = 0,
  ) {
    const base = mixer.shared?.base(start, hash) ?? start
    this.states = [base]
    this.since = [0]
    this.frozen = [{ round: base.round, hash, state: base }]
  }

  get current(): ModelState {
    return this.states[this.states.length - 1]!
  }

  get base(): ModelState {
    return this.states[0]!
  }

  get baseHash(): string {
    return this.frozen[this.frozen.length - 1]!.hash
  }

  /** Frozen states that can still be served and compared, newest last. */
  get anchors(): readonly { readonly round: number; readonly hash: string; readonly state: ModelState }[] {
    return this.frozen
  }

  /** Whether a member publishes in a round from the base to at most LAG rounds ahead; nobody does outside. */
  isDrawn(member: MemberId, round: number): boolean {
    if (this.committee === 0) return true
    const known = this.lots.get(round)?.get(member)
    if (known !== undefined) return known
    const draw = this.drawOf(round)
    if (!draw) return false
    const drawn = isDrawn(draw, round, member)
    const lots = this.lots.get(round) ?? new Map<MemberId, boolean>()
    this.lots.set(round, lots.set(member, drawn))
    return drawn
  }

  /** Share of those who train that the current round draws. */
  get share(): number {
    return drawnShare(this.current.draw)
  }

  drawsAll(round: number): boolean {
    const draw = this.drawOf(round)
    return draw !== undefined && drawsAll(draw)
  }

  updatesOf(round: number): ReadonlyMap<MemberId, Update> {
    return this.rounds.get(round)?.updates ?? EMPTY
  }

  outsizedOf(round: number): readonly MemberId[] {
    return this.rounds.get(round)?.outsized ?? []
  }

  /** Rounds with updates, ascending. */
  openRounds(): readonly number[] {
    return [...this.rounds.keys()].sort((a, b) => a - b)
  }

  /**
   * Inserts an update of round >= base. Returns whether past states changed: the caller's current model is then new.
   */
  insert(update: Update): boolean {
    this.round(update.round).updates.set(update.author, update)
    if (update.round >= this.current.round) return false
    this.replay(update.round)
    return true
  }

  /** Drops what an author published from a round on (equivocation). Returns whether the current model changed. */
  expel(author: MemberId, fromRound: number): boolean {
    let earliest = Infinity
    for (const [round, { updates }] of this.rounds) {
      if (round >= fromRound && updates.delete(author)) earliest = Math.min(earliest, round)
    }
    if (earliest >= this.current.round) return false
    this.replay(earliest)
    return true
  }

  /**
   * Takes back updates, and with a cut the rounds behind it: the state after the cut is the current one again, unless it is
   * frozen already. Returns what was removed and whether the current model changed.
   */
  retract(
    isVoid: (update: Update) => boolean,
    cut: number | null,
  ): { readonly removed: readonly Update[]; readonly changed: boolean } {
    const removed: Update[] = []
    let earliest = Infinity
    for (const [round, { updates }] of this.rounds) {
      for (const [author, update] of updates) {
        if (!isVoid(update)) continue
        updates.delete(author)
        removed.push(update)
        earliest = Math.min(earliest, round)
      }
    }
    const before = this.current
    if (cut !== null && this.current.round > cut + 1) {
      const keep = Math.max(1, cut + 2 - this.base.round)
      this.states.length = Math.min(this.states.length, keep)
      this.since.length = this.states.length
    }
    if (earliest < this.current.round) this.replay(earliest)
    return { removed, changed: this.current !== before }
  }

  /** Closes the current round: mixes its updates into the next state and freezes what falls out of the window. */
  advance(now: number): ModelState {
    this.states.push(this.next(this.current))
    this.since.push(now)
    const settled: FrozenRound[] = []
    this.frozenNow = settled
    while (this.states.length > WINDOW + 1) {
      // The round before states[1] closed when states[1] became current.
      const young = now - this.since[1]! < OPEN_MS
      if (young && this.states.length <= this.most + 1 && this.replayValues() <= REPLAY_VALUES) break
      const before = this.states.shift()!
      this.since.shift()
      settled.push({ before, updates: [...this.updatesOf(before.round).values()] })
      this.rounds.delete(this.base.round - 1)
      this.lots.delete(this.base.round - 1)
      const hash = hashState(this.base)
      // Who fetches it later stands on the same object.
      this.mixer.shared?.base(this.base, hash)
      this.frozen.push({ round: this.base.round, hash, state: this.base })
      if (this.frozen.length > this.affordable(ANCHORS)) this.frozen.shift()
    }
    return this.current
  }

  /**
   * Starts over from a state that others agree on. Keeps the updates that are still open, and takes those of `held` for
   * rounds that were closed already where the state is older.
   */
  rebase(common: ModelState, hash: string, now: number, held: readonly Update[] = []): void {
    const base = this.mixer.shared?.base(common, hash) ?? common
    for (const round of this.rounds.keys()) if (round < base.round) this.rounds.delete(round)
    const target = Math.max(base.round, this.current.round)
    this.states = [base]
    this.since = [now]
    this.frozen = [{ round: base.round, hash, state: base }]
    for (const update of held) {
      if (update.round < base.round) continue
      const { updates } = this.round(update.round)
      if (!updates.has(update.author)) updates.set(update.author, update)
    }
    // Another past may have drawn others: the base's draw tells for all rounds that can be open.
    this.lots.clear()
    for (const [round, { updates }] of this.rounds)
      for (const author of updates.keys()) if (!this.isDrawn(author, round)) updates.delete(author)
    while (this.current.round < target && this.updatesOf(this.current.round).size > 0) {
      this.states.push(this.next(this.current))
      this.since.push(now)
    }
  }

  private drawOf(round: number): Uint8Array | undefined {
    const last = this.states.length - 1
    const k = round - this.base.round
    if (k < 0 || k > last + LAG) return undefined
    return drawAhead(this.states[Math.min(k, last)]!.draw, this.committee, Math.max(0, k - last))
  }

  private replayValues(): number {
    let updates = 0
    for (const round of this.rounds.values()) updates += round.updates.size
    return updates * this.base.params.length
  }

  /** At most this many states beside the current one. */
  private get most(): number {
    return Math.max(WINDOW, this.affordable(MAX_WINDOW))
  }

  private affordable(wanted: number): number {
    return Math.max(2, Math.min(wanted, Math.floor(ANCHOR_BYTES / (STATE_BYTES * this.base.params.length))))
  }

  private round(number: number): Round {
    let round = this.rounds.get(number)
    if (!round) {
      round = { updates: new Map(), outsized: [] }
      this.rounds.set(number, round)
    }
    return round
  }

  private next(state: ModelState): ModelState {
    const round = this.round(state.round)
    const updates = sorted(round.updates)
    const ids = updates.map(({ id }) => id)
    const mix = (): Mixed => this.mixed(state, updates, ids)
    const { state: next, outsized } = this.mixer.shared?.next(state, ids, mix) ?? mix()
    round.outsized = outsized
    return next
  }

  private mixed(state: ModelState, updates: readonly Update[], ids: readonly string[]): Mixed {
    const draw = nextDraw(state.draw, this.committee, ids)
    if (updates.length === 0) return { state: { ...state, round: state.round + 1, draw }, outsized: [] }
    const { direction, outsized } = this.mixer.mix(updates)
    const next = outerStep(state, direction, this.mixer.outerRate, this.mixer.outerMomentum)
    return { state: { ...next, draw }, outsized }
  }

  private replay(fromRound: number): void {
    const keep = fromRound - this.base.round + 1
    const target = this.current.round
    this.states.length = Math.max(1, keep)
    while (this.current.round < target) this.states.push(this.next(this.current))
  }
}

const EMPTY: ReadonlyMap<MemberId, Update> = new Map()

/** In the order in which they are mixed. */
function sorted(updates: ReadonlyMap<MemberId, Update>): readonly Update[] {
  return [...updates.values()].sort((a, b) => (a.author < b.author ? -1 : 1))
}
