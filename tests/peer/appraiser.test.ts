import { describe, expect, test } from 'vitest'
import { createRng } from '../../src/core/num/rng.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import type { FrozenRound } from '../../src/core/gossip/window.ts'
import type { Update } from '../../src/core/gossip/update.ts'
import { Appraiser, type AppraiserHost } from '../../src/peer/appraiser.ts'
import { RecentRounds, RoundArchive } from '../../src/peer/round-archive.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'
import { makeUpdate, memberId, PARAMETERS, startState } from '../core/gossip/fixtures.ts'

const SELF = memberId(200)
const ROUNDS = 12
/** The loss is the squared distance to this. */
const TARGET = 1

function valuesOf({ payload }: Update): Float32Array {
  return new Float32Array(payload.slice().buffer)
}

function lossOf(params: Float32Array): number {
  return params.reduce((sum, value) => sum + (value - TARGET) ** 2, 0)
}

function createHost(clock: VirtualClock, more: Partial<AppraiserHost> = {}): AppraiserHost {
  return {
    self: SELF,
    clock,
    secret: 'secret',
    parts: updates => updates.map(update => valuesOf(update).map(value => value / updates.length)),
    outerRate: 1,
    trains: () => false,
    loss: params => Promise.resolve(lossOf(params)),
    onFault: cause => {
      throw cause
    },
    ...more,
  }
}

/** What members send in a round; a member that is left out sends nothing. */
type Senders = ReadonlyMap<MemberId, (round: number) => readonly number[]>

/** A step of that part of the way towards the target or, with a negative part, away from it. */
function stepper(seed: string, part: number): (round: number) => readonly number[] {
  return round => {
    const rng = createRng(`${seed}/${round}`)
    return Array.from({ length: PARAMETERS }, () => -part * (0.7 * rng.next() - 0.2))
  }
}

function frozenRound(round: number, senders: Senders): FrozenRound {
  const updates = [...senders].map(([author, send]) => makeUpdate(round, author, send(round)))
  return { before: { ...startState(), round }, updates }
}

const [good, weak, bad, guest] = [0, 1, 2, 3].map(memberId) as [MemberId, MemberId, MemberId, MemberId]
const SENDERS: Senders = new Map([
  [good, stepper('good', 1)],
  [weak, stepper('weak', 0.4)],
  [bad, stepper('bad', -0.5)],
  [guest, stepper('guest', 0.5)],
])
const RUN = { hash: 'run', fromRound: 0, toRound: ROUNDS, owners: [good, weak, bad] }

function appraiserOf(host: AppraiserHost, run: typeof RUN): Appraiser {
  const appraiser = new Appraiser(host, run)
  appraiser.owners = run.owners
  return appraiser
}

async function settled(clock: VirtualClock, promise: Promise<unknown>): Promise<void> {
  let done = false
  void promise.finally(() => (done = true)).catch(() => undefined)
  await clock.run(clock.now() + 1e7, () => done)
}

async function appraise(senders: Senders, host: Partial<AppraiserHost> = {}, run = RUN, rounds = ROUNDS) {
  const clock = new VirtualClock()
  const appraiser = appraiserOf(createHost(clock, host), run)
  for (let round = 0; round < rounds; round++) {
    appraiser.frozen(frozenRound(round, senders))
    await clock.run(clock.now() + 1_000)
  }
  const drops = appraiser.drops()
  const progress: number[] = []
  const shapley = appraiser.shapley(new AbortController().signal, fraction => progress.push(fraction))
  await settled(clock, shapley)
  return { drops: drops!, shapley: (await shapley)!, progress, appraiser, clock }
}

const natsOf = (values: readonly { member: MemberId; nanoNats: number }[], member: MemberId): number =>
  values.find(one => one.member === member)!.nanoNats / 1e9

describe('what owners contributed', () => {
  test('ranks helpful, weak and harmful updates, by either method, in whole numbers', async () => {
    const { drops, shapley } = await appraise(SENDERS)
    for (const { values, toRound, rounds } of [drops, shapley]) {
      expect(toRound).toBe(ROUNDS)
      expect(rounds).toBe(ROUNDS)
      expect(values.map(({ member }) => member)).toEqual([good, weak, bad].sort())
      expect(values.every(({ nanoNats }) => Number.isSafeInteger(nanoNats))).toBe(true)
      expect(natsOf(values, good)).toBeGreaterThan(natsOf(values, weak))
      expect(natsOf(values, weak)).toBeGreaterThan(0)
      expect(natsOf(values, bad)).toBeLessThan(0)
    }
  })

  test('Shapley values add up to what all owners gain together, beside those who are none', async () => {
    const { shapley } = await appraise(SENDERS)
    let gain = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { updates } = frozenRound(round, SENDERS)
      const without = new Float32Array(PARAMETERS)
      const whole = new Float32Array(PARAMETERS)
      for (const update of updates)
        valuesOf(update).forEach((value, i) => {
          whole[i]! -= value / updates.length
          if (update.author === guest) without[i]! -= value / updates.length
        })
      gain += lossOf(without) - lossOf(whole)
    }
    expect(shapley.values.reduce((sum, { nanoNats }) => sum + nanoNats, 0) / 1e9).toBeCloseTo(gain, 4)
    expect(shapley.values.every(({ halfWidth }) => halfWidth === 0)).toBe(true)
  })

  test('nobody measures itself, but the others are measured beside it', async () => {
    const alone = await appraise(SENDERS)
    const owner = await appraise(SENDERS, { self: good })
    for (const method of ['drops', 'shapley'] as const) {
      const { values } = owner[method]
      expect(values.map(({ member }) => member)).not.toContain(good)
      expect(natsOf(values, weak)).toBe(natsOf(alone[method].values, weak))
    }
  })

  test('zeros, copies and what makes the loss no number have no positive value', async () => {
    const lazy = memberId(4)
    const copier = memberId(5)
    const wild = memberId(6)
    const senders = new Map([
      ...SENDERS,
      [lazy, () => new Array<number>(PARAMETERS).fill(0)],
      [copier, SENDERS.get(good)!],
      [wild, () => new Array<number>(PARAMETERS).fill(3e38)],
    ] as const)
    const owners = [...RUN.owners, lazy, copier, wild]
    const { drops, shapley } = await appraise(senders, {}, { ...RUN, owners })
    for (const { values } of [drops, shapley]) {
      expect(natsOf(values, lazy)).toBe(0)
      expect(natsOf(values, copier)).toBe(0)
      expect(natsOf(values, wild)).toBeLessThan(0)
      expect(natsOf(values, good)).toBeGreaterThan(0)
    }
  })

  test('a copy of the round before is one too', async () => {
    const copier = memberId(5)
    const sends = SENDERS.get(good)!
    const senders = new Map([...SENDERS, [copier, (round: number) => sends(round - 1)] as const])
    const { drops, shapley } = await appraise(senders, {}, { ...RUN, owners: [...RUN.owners, copier] })
    // Nobody has seen the round before the first.
    const first = valuesOf(makeUpdate(0, copier, sends(-1))).map(value => -value / senders.size)
    const most = (lossOf(new Float32Array(PARAMETERS)) - lossOf(first)) * 1.001
    for (const { values } of [drops, shapley]) expect(natsOf(values, copier)).toBeLessThanOrEqual(most)
  })

  test('an owner that comes while the run trains is measured from then on', async () => {
    const clock = new VirtualClock()
    const appraiser = appraiserOf(createHost(clock), { ...RUN, owners: [good, bad] })
    for (let round = 0; round < ROUNDS; round++) {
      if (round === ROUNDS / 2) appraiser.owners = RUN.owners
      appraiser.frozen(frozenRound(round, SENDERS))
      await clock.run(clock.now() + 1_000)
    }
    const { values } = appraiser.drops()!
    expect(values.map(({ member }) => member)).toEqual([good, weak, bad].sort())
    expect(natsOf(values, weak)).toBeGreaterThan(0)
  })

  test('more than eight owners: sampled, with intervals that hold the exact values', async () => {
    const owners = Array.from({ length: 12 }, (_, i) => memberId(10 + i))
    const senders = new Map(owners.map((owner, i) => [owner, stepper(`${i}`, (i - 2.5) / 8)] as const))
    const { shapley, progress } = await appraise(senders, {}, { ...RUN, owners })
    // This loss is quadratic: values are exact from the order in which everybody comes first or last.
    const exact = new Map<MemberId, number>()
    for (let round = 0; round < ROUNDS; round++) {
      const { updates } = frozenRound(round, senders)
      const all = new Float32Array(PARAMETERS)
      for (const update of updates) valuesOf(update).forEach((value, i) => (all[i]! -= value / owners.length))
      for (const update of updates) {
        const own = valuesOf(update).map(value => -value / owners.length)
        const first = lossOf(new Float32Array(PARAMETERS)) - lossOf(own)
        const last = lossOf(all.map((value, i) => value - own[i]!)) - lossOf(all)
        exact.set(update.author, (exact.get(update.author) ?? 0) + (first + last) / 2)
      }
    }
    let held = 0
    for (const { member, nanoNats, halfWidth } of shapley.values) {
      expect(halfWidth).toBeGreaterThan(0)
      if (Math.abs(nanoNats / 1e9 - exact.get(member)!) <= halfWidth / 1e9 + 0.01) held++
    }
    expect(held).toBeGreaterThanOrEqual(11)
    expect(progress).toEqual([...progress].sort((a, b) => a - b))
  })
})

describe('how it works', () => {
  test('measuring takes an eighth of the time while a run trains, whatever the trainer needs', async () => {
    const clock = new VirtualClock()
    const slow = (params: Float32Array): Promise<number> =>
      new Promise(resolve => clock.after(400, () => resolve(lossOf(params))))
    let spent = 0
    const loss = async (params: Float32Array): Promise<number> => {
      const startedAt = clock.now()
      const found = await slow(params)
      spent += clock.now() - startedAt
      return found
    }
    const appraiser = appraiserOf(createHost(clock, { loss }), { ...RUN, toRound: 400 })
    for (let round = 0; round < 400; round++) {
      appraiser.frozen(frozenRound(round, SENDERS))
      await clock.run(clock.now() + 500)
    }
    expect(spent / clock.now()).toBeLessThan(0.15)
    expect(spent / clock.now()).toBeGreaterThan(0.08)
    const { rounds, toRound, values } = appraiser.drops()!
    expect(rounds).toBeLessThan(40)
    expect(toRound).toBeGreaterThan(380)
    // What was passed over is made up for, and the interval says that it was not seen.
    expect(values.every(({ halfWidth }) => halfWidth > 0)).toBe(true)
    appraiser.close()
  })

  test('cancelled within one evaluation, and again from where nothing was lost', async () => {
    const clock = new VirtualClock()
    let evaluations = 0
    const loss = (params: Float32Array): Promise<number> => {
      evaluations++
      return Promise.resolve(lossOf(params))
    }
    const appraiser = appraiserOf(createHost(clock, { loss }), RUN)
    for (let round = 0; round < ROUNDS; round++) appraiser.frozen(frozenRound(round, SENDERS))
    await clock.run(1_000)
    const before = evaluations
    const abort = new AbortController()
    const first = appraiser.shapley(abort.signal, fraction => fraction > 0.4 && abort.abort())
    await settled(clock, first)
    expect(await first).toBeNull()
    const cancelled = evaluations - before
    expect(cancelled).toBeLessThan(0.6 * 8 * ROUNDS)
    const again = appraiser.shapley(new AbortController().signal, () => undefined)
    await settled(clock, again)
    expect((await again)!.rounds).toBe(ROUNDS)
    // Asked once more, as when the ledger was full: nothing is computed twice.
    const known = evaluations
    expect(await appraiser.shapley(new AbortController().signal, () => undefined)).toBe(await again)
    expect(evaluations).toBe(known)
  })

  test('where the tab still trains, settling takes half of the time; closing ends the wait', async () => {
    const clock = new VirtualClock()
    const loss = (params: Float32Array): Promise<number> =>
      new Promise(resolve => clock.after(100, () => resolve(lossOf(params))))
    const appraiser = appraiserOf(createHost(clock, { loss, trains: () => true }), RUN)
    appraiser.frozen(frozenRound(0, SENDERS))
    await clock.run(10_000)
    const from = clock.now()
    const found = appraiser.shapley(new AbortController().signal, () => undefined)
    await settled(clock, found)
    expect(clock.now() - from).toBe(8 * 200)
    const other = appraiserOf(createHost(clock, { loss, trains: () => true }), RUN)
    other.frozen(frozenRound(0, SENDERS))
    await clock.run(clock.now() + 10_000)
    const waiting = other.shapley(new AbortController().signal, () => undefined)
    await clock.run(clock.now() + 150)
    other.close()
    await settled(clock, waiting)
    expect(await waiting).toBeNull()
  })

  test('nothing seen, nothing said; rounds outside the run, old ones and empty ones count for nothing', async () => {
    const clock = new VirtualClock()
    const appraiser = appraiserOf(createHost(clock), { ...RUN, fromRound: 5 })
    expect(appraiser.drops()).toBeNull()
    for (const round of [3, 4, ROUNDS, 7]) appraiser.frozen(frozenRound(round, SENDERS))
    await clock.run(1_000)
    expect(appraiser.drops()).toBeNull()
    expect(await appraiser.shapley(new AbortController().signal, () => undefined)).toBeNull()
    const other = appraiserOf(createHost(clock), { ...RUN, toRound: 3 })
    other.frozen(frozenRound(0, SENDERS))
    other.frozen(frozenRound(1, new Map()))
    other.frozen(frozenRound(2, SENDERS))
    await clock.run(clock.now() + 1_000)
    const { rounds, values } = other.drops()!
    expect(rounds).toBe(2)
    expect(values.every(({ halfWidth }) => halfWidth === 0)).toBe(true)
  })
})

describe('the archive', () => {
  const offer = (archive: RoundArchive, rounds: number): void => {
    for (let round = 0; round < rounds; round++) archive.add(frozenRound(round, SENDERS), [])
  }
  const bytesOfOne = 2 * PARAMETERS + SENDERS.size * 4 * PARAMETERS

  test('keeps states exactly, within its bytes, evenly over the run', () => {
    const archive = new RoundArchive(0, 'a', 20 * bytesOfOne)
    offer(archive, 1_000)
    expect(archive.bytes).toBeLessThanOrEqual(20 * bytesOfOne)
    const kept = archive.sample(1_000).map(({ round }) => round)
    expect(kept.length).toBeGreaterThanOrEqual(10)
    expect(kept).toEqual([...kept].sort((a, b) => a - b))
    const gaps = kept.map((round, i) => (kept[i + 1] ?? 1_000) - round)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2 * 64)
    const [first] = archive.sample(1)
    expect([...first!.params()]).toEqual([...startState().params])
    expect(first!.updates.map(({ author }) => author)).toEqual([...SENDERS.keys()])
  })

  test('another secret keeps and draws other rounds, the same one the same', () => {
    const drawn = (secret: string): string => {
      const archive = new RoundArchive(0, secret, 20 * bytesOfOne)
      offer(archive, 500)
      return archive
        .sample(6)
        .map(({ round }) => round)
        .join()
    }
    expect(drawn('a')).toBe(drawn('a'))
    expect(new Set(['a', 'b', 'c', 'd'].map(drawn)).size).toBe(4)
  })

  test('recent rounds are few, and the newest', () => {
    const recent = new RecentRounds()
    for (let round = 0; round < 100; round++) recent.add(frozenRound(round, SENDERS))
    const rounds = recent.all.map(({ before }) => before.round)
    expect(rounds.length).toBe(32)
    expect(rounds.at(-1)).toBe(99)
    recent.clear()
    expect(recent.all).toEqual([])
  })
})
