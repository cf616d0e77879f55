// Measures what owners contribute to a sponsored run, on validation samples of this tab. While the run goes on: by how much each
// update, as it counts in the round's mean, lowers the validation loss (mechanisms.md 1.5). At the end: Shapley values over
// sampled rounds, the game of a round being
//   v(S) = -loss(theta - alpha * sum of the parts of S and of all who are no owners)
// where a part is what the update put into the mean. Who is missing puts nothing in, instead of leaving more room for the others:
// single one-bit updates are noise at full size, and a game of full sizes would pay whoever helps to average it away
// (docs/incentives.md). Nobody measures itself. Measuring takes a part of the trainer's time only, and gives way to newer rounds.
import type { FrozenRound } from '../core/gossip/window.ts'
import type { Update } from '../core/gossip/update.ts'
import { shapleyRun, type ShapleyEstimate } from '../core/incentives/shapley.ts'
import { sumRounds } from '../core/incentives/shapley-driver.ts'
import type { MemberId } from '../core/num/ids.ts'
import { ascending } from '../core/num/sorted.ts'
import type { Clock } from '../ports/clock.ts'
import { RoundArchive } from './round-archive.ts'
import type { Measurement, RunAppraiser } from './run-steward.ts'

/** Rounds behind the shares of a settlement. */
const SHAPLEY_ROUNDS = 16
const PERMUTATIONS = 200
/** While training, measuring may take one part in this many of the time. */
const TIME_SHARE = 8
const MAX_WAITING = 4
const NANO = 1e9
/** A loss that is no number counts as this: the model is of no use. */
const WORST_NATS = 100

export interface AppraiserHost {
  readonly self: MemberId
  readonly clock: Clock
  /** What each update put into the round's mean, as vectors of the shared parameters. */
  parts(updates: readonly Update[]): readonly Float32Array[]
  /** alpha of the outer step. */
  readonly outerRate: number
  /** Mean loss on the validation samples, nats. */
  loss(shared: Float32Array): Promise<number>
  onFault(cause: unknown): void
}

export interface AppraisedRun {
  readonly hash: string
  readonly fromRound: number
  readonly toRound: number
  readonly owners: readonly MemberId[]
}

/** Vectors of one round, decoded once. */
interface Game {
  readonly base: Float32Array
  readonly owners: readonly MemberId[]
  /** Null for owners who published nothing. */
  readonly parts: readonly (Float32Array | null)[]
}

export class Appraiser implements RunAppraiser {
  private readonly archive: RoundArchive
  private waiting: FrozenRound[] = []
  private measuring: Promise<void> | null = null
  private readonly sums = new Map<MemberId, number>()
  private looked = 0
  private lastRound: number
  private spentMs = 0
  private readonly since: number
  private closed = false

  constructor(
    private readonly host: AppraiserHost,
    private readonly run: AppraisedRun,
  ) {
    this.archive = new RoundArchive(run.fromRound)
    this.lastRound = run.fromRound
    this.since = host.clock.now()
  }

  /** Rounds in which somebody who is appraised took part, as they freeze. */
  frozen(round: FrozenRound): void {
    const { fromRound, toRound } = this.run
    const number = round.before.round
    if (this.closed || number <= fromRound || number > toRound || round.updates.length === 0) return
    this.archive.add(round)
    this.waiting.push(round)
    if (this.waiting.length > MAX_WAITING) this.waiting.shift()
    this.measuring ??= this.measureWaiting().finally(() => (this.measuring = null))
  }

  drops(): Measurement | null {
    if (this.looked === 0) return null
    // Rounds that were passed over are taken to be like those that were looked at.
    const scale = (this.lastRound - this.run.fromRound) / this.looked
    const values = this.run.owners.map(owner => [owner, scale * (this.sums.get(owner) ?? 0), 0] as const)
    return { toRound: this.lastRound, rounds: this.looked, values: this.stated(values) }
  }

  async shapley(signal: AbortSignal, onProgress: (fraction: number) => void): Promise<Measurement | null> {
    await this.measuring
    const rounds = this.archive.sample(SHAPLEY_ROUNDS)
    const estimates: ShapleyEstimate[] = []
    for (const [i, { round, params, updates }] of rounds.entries()) {
      const game = this.gameOf(params(), updates)
      const estimate = await this.play(game, round, signal, done => onProgress((i + done) / rounds.length))
      if (!estimate) return null
      estimates.push(estimate)
    }
    const total = sumRounds(estimates)
    if (!total.ok) return null
    const { fromRound, toRound, owners } = this.run
    const scale = (toRound - fromRound) / rounds.length
    const values = owners.map(
      (owner, i) => [owner, scale * total.value.values[i]!, scale * total.value.halfWidths[i]!] as const,
    )
    return { toRound, rounds: rounds.length, values: this.stated(values) }
  }

  close(): void {
    this.closed = true
    this.waiting = []
    this.archive.clear()
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
        this.host.onFault(cause)
        return
      }
      this.spentMs += clock.now() - startedAt
    }
  }

  private async measureRound({ before, updates }: FrozenRound): Promise<void> {
    const game = this.gameOf(before.params, updates, true)
    const without = await this.lossOf(game, [])
    const drops: number[] = []
    for (const i of game.owners.keys())
      drops.push(game.parts[i] === null ? 0 : without - (await this.lossOf(game, [i])))
    if (this.closed) return
    this.looked++
    this.lastRound = Math.max(this.lastRound, before.round)
    game.owners.forEach((owner, i) => this.sums.set(owner, (this.sums.get(owner) ?? 0) + drops[i]!))
  }

  /** @param alone: nothing else is mixed in; else what non-owners put in always is */
  private gameOf(before: Float32Array, updates: readonly Update[], alone = false): Game {
    const { owners } = this.run
    const all = this.host.parts(updates)
    const found = new Map(updates.map(({ author }, i) => [author, all[i]!]))
    const base = before.slice()
    if (!alone) for (const [author, part] of found) if (!owners.includes(author)) this.take(base, part)
    return { base, owners, parts: owners.map(owner => found.get(owner) ?? null) }
  }

  private take(params: Float32Array, part: Float32Array): void {
    const { outerRate } = this.host
    for (let i = 0; i < part.length; i++) params[i] = params[i]! - outerRate * part[i]!
  }

  private async lossOf({ base, parts }: Game, coalition: readonly number[]): Promise<number> {
    const params = base.slice()
    for (const i of coalition) {
      const part = parts[i]
      if (part) this.take(params, part)
    }
    const loss = await this.host.loss(params)
    return Number.isFinite(loss) ? Math.min(loss, WORST_NATS) : WORST_NATS
  }

  private async play(
    game: Game,
    round: number,
    signal: AbortSignal,
    onProgress: (done: number) => void,
  ): Promise<ShapleyEstimate | null> {
    const options = {
      seed: `${this.run.hash}/${round}`,
      tolerance: 1e-5,
      permutations: PERMUTATIONS,
      halfWidth: 0,
    }
    const questions = shapleyRun(game.owners.length, options)
    let step = questions.next()
    while (!step.done) {
      if (signal.aborted || this.closed) return null
      const { coalition, done } = step.value
      onProgress(done)
      step = questions.next(-(await this.lossOf(game, coalition)))
    }
    return step.value.ok ? step.value.value : null
  }

  private stated(values: readonly (readonly [MemberId, number, number])[]): Measurement['values'] {
    const whole = (nats: number): number => Math.round(Math.max(-1e12, Math.min(1e12, nats * NANO)))
    return values
      .filter(([owner]) => owner !== this.host.self)
      .sort(([a], [b]) => ascending(a, b))
      .map(([member, nats, width]) => ({ member, nanoNats: whole(nats), halfWidth: Math.abs(whole(width)) }))
  }
}
