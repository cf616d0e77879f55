// Measures what owners contribute to a sponsored run, on validation samples of this tab. While the run goes on: by how much each
// update, as it counts in the round's mean, lowers the validation loss (mechanisms.md 1.5). At the end: Shapley values over
// sampled rounds, the game of a round being
//   v(S) = -loss(theta - alpha * sum of the parts of S and of all who are no owners)
// where a part is what the update put into the mean. Who is missing puts nothing in, instead of leaving more room for the others:
// single one-bit updates are noise at full size, and a game of full sizes would pay whoever helps to average it away
// (docs/incentives.md). Nobody measures itself; who sends nothing or a copy takes no part. Measuring takes a part of the
// trainer's time only, and gives way to newer rounds.
import type { FrozenRound } from '../core/gossip/window.ts'
import type { Update } from '../core/gossip/update.ts'
import { totalOver, type RoundValue } from '../core/incentives/sampled-rounds.ts'
import { shapleyRun } from '../core/incentives/shapley.ts'
import type { MemberId } from '../core/num/ids.ts'
import { ascending } from '../core/num/sorted.ts'
import type { Clock } from '../ports/clock.ts'
import { freeRiders, type Sent } from './copies.ts'
import { RoundArchive, type KeptRound } from './round-archive.ts'
import type { Measurement, RunAppraiser } from './run-steward.ts'

/** Rounds behind the shares of a settlement, and models tried for all of them: more owners, fewer rounds. */
const SHAPLEY_ROUNDS = 16
const LEAST_ROUNDS = 4
const EVALUATIONS = 4_096
const LEAST_PERMUTATIONS = 4
const EXACT_OWNERS = 8
/** The rest of an order is not tried where it decides less than this part of the round's gain. */
const TOLERANCE = 0.01
/** Measuring may take one part in this many of the time: while the run trains; at its end, where this tab still trains. */
const TIME_SHARE = 8
const SETTLING_SHARE = 2
const MAX_WAITING = 4
const NANO = 1e9
const MOST_NANO = 1e12
/** A loss that is no number counts as this: the model is of no use. */
const WORST_NATS = 100

export interface AppraiserHost {
  readonly self: MemberId
  readonly clock: Clock
  /** Unguessable, of this tab alone: draws the rounds that are looked at. */
  readonly secret: string
  /** What each update put into the round's mean, as vectors of the shared parameters. */
  parts(updates: readonly Update[]): readonly Float32Array[]
  /** alpha of the outer step. */
  readonly outerRate: number
  /** Whether this tab has training of its own to do. */
  trains(): boolean
  /** Mean loss on the validation samples, nats. */
  loss(shared: Float32Array): Promise<number>
  onFault(cause: unknown): void
}

export interface AppraisedRun {
  readonly hash: string
  /** Updates of fromRound <= round < toRound count. */
  readonly fromRound: number
  readonly toRound: number
}

/** One round, decoded once. */
interface Game {
  readonly base: Float32Array
  /** Owners who brought something. */
  readonly players: readonly Sent[]
}

type RoundValues = ReadonlyMap<MemberId, RoundValue>
const NOTHING: RoundValue = { value: 0, halfWidth: 0 }

export class Appraiser implements RunAppraiser {
  private readonly archive: RoundArchive
  private waiting: KeptRound[] = []
  private measuring: Promise<void> | null = null
  /** Drops by round. */
  private readonly looked = new Map<number, RoundValues>()
  /** Rounds in which nobody sent anything. */
  private empty = 0
  private previous: FrozenRound | null = null
  private spentMs = 0
  private readonly since: number
  private readonly wakes = new Set<() => void>()
  private found: Measurement | null = null
  private closed = false
  /** Whose updates are measured; owners may come while the run trains. */
  owners: readonly MemberId[] = []

  constructor(
    private readonly host: AppraiserHost,
    private readonly run: AppraisedRun,
  ) {
    this.archive = new RoundArchive(run.fromRound, `${host.secret}/${run.hash}`)
    this.since = host.clock.now()
  }

  /** Every round as it freezes, ascending; those before the run too, if they are at hand. */
  frozen(round: FrozenRound): void {
    const { fromRound, toRound } = this.run
    const number = round.before.round
    const last = this.previous
    if (this.closed || (last && number <= last.before.round)) return
    this.previous = round
    if (number < fromRound || number >= toRound) return
    if (round.updates.length === 0) {
      this.empty++
      return
    }
    const previous = last?.before.round === number - 1 ? last.updates : []
    this.archive.add(round, previous)
    const { params } = round.before
    this.waiting.push({ round: number, params: () => params, updates: round.updates, previous })
    if (this.waiting.length > MAX_WAITING) this.waiting.shift()
    this.measuring ??= this.measureWaiting().finally(() => (this.measuring = null))
  }

  drops(): Measurement | null {
    const toRound = Math.max(-1, ...this.looked.keys()) + 1
    return this.stated(toRound, this.looked.size, (member, span) => this.dropsOf(member, span))
  }

  /** Null when it was cancelled, and where no round was seen. */
  async shapley(signal: AbortSignal, onProgress: (fraction: number) => void): Promise<Measurement | null> {
    if (this.found) return this.found
    this.waiting = []
    await this.measuring
    const { owners } = this
    const orders = Math.max(1, owners.length) * LEAST_PERMUTATIONS
    const perRound = owners.length <= EXACT_OWNERS ? 2 ** owners.length : orders
    const affordable = Math.max(LEAST_ROUNDS, Math.floor(EVALUATIONS / perRound))
    const rounds = this.archive.sample(Math.min(SHAPLEY_ROUNDS, affordable))
    const permutations = Math.floor(EVALUATIONS / Math.max(1, rounds.length * owners.length))
    const played = new Map<number, RoundValues>()
    for (const [i, kept] of rounds.entries()) {
      const values = await this.play(kept, Math.max(LEAST_PERMUTATIONS, permutations), signal, done =>
        onProgress((i + done) / rounds.length),
      )
      if (!values) return null
      played.set(kept.round, values)
      if (!this.looked.has(kept.round)) await this.measureRound(kept)
      if (this.closed) return null
    }
    // Drops are known of more rounds than were played and come close to the Shapley values: what remains is the difference
    // (difference estimator, Cochran 1977, chapter 7), which varies little from round to round.
    this.found = this.stated(this.run.toRound, played.size, (member, span) => {
      const drops = this.dropsOf(member, span)
      const rest = totalOver(
        [...played].map(([round, values]) => {
          const { value, halfWidth } = values.get(member) ?? NOTHING
          return { value: value - (this.looked.get(round)?.get(member) ?? NOTHING).value, halfWidth }
        }),
        span,
      )
      return { value: drops.value + rest.value, halfWidth: Math.hypot(drops.halfWidth, rest.halfWidth) }
    })
    return this.found
  }

  close(): void {
    this.closed = true
    this.waiting = []
    this.previous = null
    this.archive.clear()
    for (const wake of [...this.wakes]) wake()
  }

  private async measureWaiting(): Promise<void> {
    const { clock } = this.host
    while (!this.closed) {
      const round = this.waiting.shift()
      if (!round) return
      const startedAt = clock.now()
      // Busy with the room's own work: this one is passed over.
      if (TIME_SHARE * this.spentMs > startedAt - this.since + TIME_SHARE * 100) continue
      try {
        await this.measureRound(round)
      } catch (cause) {
        if (!this.closed) this.host.onFault(cause)
        return
      }
      this.spentMs += clock.now() - startedAt
    }
  }

  private async measureRound(kept: KeptRound): Promise<void> {
    const game = this.gameOf(kept, true)
    const without = await this.lossOf(game, [])
    const values = new Map<MemberId, RoundValue>()
    for (const [i, { author }] of game.players.entries())
      values.set(author, { value: without - (await this.lossOf(game, [i])), halfWidth: 0 })
    if (this.closed) return
    this.looked.set(kept.round, values)
  }

  /** @param alone nothing else is mixed in; else what non-owners put in always is */
  private gameOf({ params, updates, previous }: KeptRound, alone = false): Game {
    const { owners } = this
    const sent = this.sentIn(updates)
    const riders = freeRiders(sent, this.sentIn(previous))
    const base = params().slice()
    const players: Sent[] = []
    for (const one of sent) {
      if (owners.includes(one.author)) {
        if (!riders.has(one.author)) players.push(one)
      } else if (!alone) this.take(base, one.vector)
    }
    return { base, players }
  }

  private sentIn(updates: readonly Update[]): readonly Sent[] {
    if (updates.length === 0) return []
    const vectors = this.host.parts(updates)
    return updates.map(({ author }, i) => ({ author, vector: vectors[i]! }))
  }

  private take(params: Float32Array, part: Float32Array): void {
    const { outerRate } = this.host
    for (let i = 0; i < part.length; i++) params[i] = params[i]! - outerRate * part[i]!
  }

  private async lossOf({ base, players }: Game, coalition: readonly number[]): Promise<number> {
    const params = base.slice()
    for (const i of coalition) this.take(params, players[i]!.vector)
    const loss = await this.host.loss(params)
    return Number.isFinite(loss) ? Math.min(loss, WORST_NATS) : WORST_NATS
  }

  /** The Shapley values of one round; null when it was cancelled. */
  private async play(
    kept: KeptRound,
    permutations: number,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<RoundValues | null> {
    const { clock } = this.host
    const game = this.gameOf(kept)
    const { players } = game
    if (players.length === 0) return new Map()
    const known = new Map<string, number>()
    const worthOf = async (coalition: readonly number[]): Promise<number | null> => {
      const key = coalition.join()
      const before = known.get(key)
      if (before !== undefined) return before
      if (signal.aborted || this.closed) return null
      const startedAt = clock.now()
      const worth = -(await this.lossOf(game, coalition))
      known.set(key, worth)
      if (this.host.trains()) await this.rest((SETTLING_SHARE - 1) * (clock.now() - startedAt))
      return worth
    }
    const none = await worthOf([])
    const all = await worthOf([...players.keys()])
    if (none === null || all === null) return null
    const seed = `${this.host.secret}/${this.run.hash}/${kept.round}`
    const tolerance = players.length <= EXACT_OWNERS ? 0 : TOLERANCE * Math.abs(all - none)
    const questions = shapleyRun(players.length, { seed, tolerance, permutations, halfWidth: 0 })
    let step = questions.next()
    while (!step.done) {
      onProgress(step.value.done)
      const worth = await worthOf(step.value.coalition)
      if (worth === null) return null
      step = questions.next(worth)
    }
    if (!step.value.ok) return null
    const { values, halfWidths } = step.value.value
    return new Map(players.map(({ author }, i) => [author, { value: values[i]!, halfWidth: halfWidths[i]! }]))
  }

  private dropsOf(member: MemberId, span: number): RoundValue {
    return totalOver(
      [...this.looked.values()].map(values => values.get(member) ?? NOTHING),
      span,
    )
  }

  private rest(ms: number): Promise<void> {
    return new Promise(resolve => {
      const wake = (): void => {
        cancel()
        this.wakes.delete(wake)
        resolve()
      }
      const cancel = this.host.clock.after(ms, wake)
      this.wakes.add(wake)
    })
  }

  /** Over all rounds before `toRound`: those that were passed over are taken to be like those that were looked at. */
  private stated(
    toRound: number,
    rounds: number,
    totalOf: (member: MemberId, span: number) => RoundValue,
  ): Measurement | null {
    const span = toRound - this.run.fromRound - this.empty
    const whole = (nats: number): number => Math.round(Math.max(-MOST_NANO, Math.min(MOST_NANO, nats * NANO)))
    const values = this.owners
      .filter(owner => owner !== this.host.self)
      .sort(ascending)
      .map(member => {
        const total = totalOf(member, span)
        return { member, nanoNats: whole(total.value), halfWidth: whole(total.halfWidth) }
      })
    return rounds === 0 || values.length === 0 ? null : { toRound, rounds, values }
  }
}
