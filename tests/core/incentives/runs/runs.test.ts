// A sponsored run from the quote to the pay, as the fold of the room sees it, and everything that has no place in one.
import { describe, expect, test } from 'vitest'
import { decodeState, encodeState } from '../../../../src/core/room/fold.ts'
import { canonicalise, type Canonical } from '../../../../src/core/ledger/canonical.ts'
import { contractHash } from '../../../../src/core/incentives/runs/plan.ts'
import { member, ROOM } from '../../ledger/fixtures.ts'
import { rootOf, RunRoom, totalMicro, type quoteBody } from './run-room.ts'

const ISSUED = 1_000_000_000n
const REWARD = 100_000_000n
const ALL = [0, 1, 2, 3, 4, 5]

function openRoom(): { room: RunRoom; run: string } {
  const room = new RunRoom()
  room.owner(0)
  const run = room.quote().hash
  room.close(ALL)
  return { room, run }
}

/** Three owners, a seal, and the run has begun. */
function trainingRoom(changes: Partial<typeof quoteBody> = {}): { room: RunRoom; run: string } {
  const room = new RunRoom()
  room.owner(0)
  const run = room.quote(changes).hash
  for (const owner of [1, 2, 3]) room.offering(owner, run)
  room.begin(run)
  room.close(ALL)
  return { room, run }
}

test('from the quote to the pay: locked, planned, measured, paid to the micro-credit', () => {
  const { room, run } = openRoom()
  expect(room.run(run).phase).toBe('open')
  expect(room.balance(0)).toBe(ISSUED - REWARD)
  for (const owner of [1, 2, 3]) room.offering(owner, run)
  room.close(ALL)
  room.begin(run)
  room.close(ALL)
  const training = room.run(run)
  expect(training).toMatchObject({ phase: 'training', fromRound: 5, toRound: 25, problem: null })
  expect(training.appraisers).toHaveLength(4)
  // Three alike: a third of the reward each, and Q = kappa eta.
  expect(training.plan.map(({ shareMillionths }) => shareMillionths)).toEqual([333_333, 333_333, 333_333])
  const kappa = 2 / (3 * (10 / 0.9))
  const amount = (kappa * 100) / 3 / 0.9
  for (const row of training.plan) expect(row.samples).toBe(Math.floor(1_000 * amount))
  for (const appraiser of training.appraisers)
    room.measure(
      ALL.find(index => member(index) === appraiser)!,
      run,
      { 1: 3_000_000, 2: 1_000_000, 3: -500_000 },
    )
  room.close(ALL)
  const settled = room.run(run)
  expect(settled.phase).toBe('settled')
  const paid = settled.settlement!.payments.map(({ payMicro }) => BigInt(payMicro))
  expect(paid.reduce((a, b) => a + b, 0n) + BigInt(settled.settlement!.returnedMicro)).toBe(REWARD)
  expect(settled.settlement).toMatchObject({ why: 'complete', reachedMillionths: 1_000_000 })
  // Owner 3 did harm: it earns nothing. Owner 2's data helped far less than reported: it is fined, owner 1 gets the fine.
  const of = (index: number) => settled.settlement!.payments.find(({ owner }) => owner === member(index))!
  expect(of(3)).toMatchObject({ payMicro: '0', measuredMillionths: 500_000 })
  expect(of(1).fineMicro).toBe('0')
  expect(of(1).bonusMicro).toBe(of(2).fineMicro)
  expect(room.balance(1)).toBe(BigInt(of(1).payMicro))
  expect(totalMicro(room.state)).toBe(ISSUED)
})

test('the median of appraisers stands against one that lies', () => {
  const { room, run } = trainingRoom()
  const [first, ...rest] = room.run(run).appraisers
  const at = (id: string): number => ALL.find(index => member(index) === id)!
  room.measure(at(first!), run, { 1: -1_000_000_000, 2: 1_000_000_000, 3: 0 })
  for (const honest of rest) room.measure(at(honest), run, { 1: 2_000, 2: 2_000, 3: 2_000 })
  room.close(ALL)
  const { payments } = room.run(run).settlement!
  for (const { nanoNats } of payments) expect(nanoNats).toBe('2000')
})

test('reports below a majority settle nothing; what an appraiser says of itself counts for nothing', () => {
  const { room, run } = trainingRoom({ appraisers: 5 })
  const appraisers = room.run(run).appraisers.map(id => ALL.find(index => member(index) === id)!)
  expect(appraisers).toHaveLength(4)
  const values = { 1: 1_000, 2: 1_000, 3: 1_000 }
  room.measure(appraisers[0]!, run, values)
  room.measure(appraisers[1]!, run, values)
  room.close(ALL)
  expect(room.run(run).phase).toBe('training')
  for (const { appraiser, values: said } of room.run(run).measures)
    expect(said.some(({ member: about }) => about === appraiser)).toBe(false)
  room.measure(appraisers[2]!, run, values)
  room.close(ALL)
  expect(room.run(run).phase).toBe('settled')
})

test('a market that does not open stays open for offers and says what would help', () => {
  const { room, run } = openRoom()
  room.offering(1, run)
  room.begin(run)
  room.close(ALL)
  expect(room.run(run)).toMatchObject({ phase: 'open', problem: { kind: 'too-few', count: 1 } })
  const poor = room.quote({ rewardMicro: '1000' }).hash
  room.close(ALL)
  for (const owner of [1, 2]) {
    if (owner === 2) room.owner(2)
    room.offer(owner, poor, room.asset(owner).hash)
  }
  room.begin(poor)
  room.close(ALL)
  const { problem, phase } = room.run(poor)
  expect(phase).toBe('open')
  expect(problem).toMatchObject({ kind: 'reward-too-small' })
  // The reward that is named opens it.
  const enough = room.quote({ rewardMicro: problem!.opensAtMicro }).hash
  room.close(ALL)
  for (const owner of [1, 2]) room.offer(owner, enough, room.state.runs.assets.get(member(owner))!.hash)
  room.begin(enough)
  room.close(ALL)
  expect(room.run(enough).phase).toBe('training')
  room.write(0, { kind: 'abort', run, reason: 'Nobody came.' })
  room.write(0, { kind: 'abort', run: poor, reason: '' })
  room.close(ALL)
  expect(room.run(run)).toMatchObject({ phase: 'aborted', reason: 'Nobody came.' })
  expect(totalMicro(room.state)).toBe(ISSUED)
})

describe('a run that is ended early', () => {
  const DROPS = { method: 'drops', toRound: 10 } as const
  const appraisersOf = (room: RunRoom, run: string): number[] =>
    room.run(run).appraisers.map(id => ALL.find(index => member(index) === id)!)

  test('pays for the rounds that were measured and returns the rest', () => {
    const { room, run } = trainingRoom()
    for (const appraiser of appraisersOf(room, run).slice(0, 3))
      room.measure(appraiser, run, { 1: 500, 2: 500, 3: 500 }, DROPS)
    room.write(0, { kind: 'abort', run, reason: 'The room closes.' })
    room.close(ALL)
    const { settlement, phase } = room.run(run)
    expect(phase).toBe('settled')
    expect(settlement).toMatchObject({ why: 'ended', reachedMillionths: 250_000 })
    const paid = settlement!.payments.reduce((sum, { payMicro }) => sum + BigInt(payMicro), 0n)
    expect(paid).toBe(REWARD / 4n)
    expect(BigInt(settlement!.returnedMicro)).toBe((REWARD * 3n) / 4n)
    expect(totalMicro(room.state)).toBe(ISSUED)
  })

  test('is not paid by one voice that has shares ready before all others', () => {
    const { room, run } = trainingRoom()
    const [first, ...rest] = appraisersOf(room, run)
    for (const honest of rest) room.measure(honest, run, { 1: 500, 2: 500, 3: 500 }, DROPS)
    room.measure(first!, run, { 1: 1_000_000_000, 2: -1, 3: -1 }, { toRound: 4_294_967_295 })
    room.write(0, { kind: 'abort', run, reason: '' })
    room.close(ALL)
    const { settlement } = room.run(run)
    expect(settlement!.reachedMillionths).toBe(250_000)
    const pays = settlement!.payments.map(({ payMicro }) => BigInt(payMicro))
    expect(pays.every(pay => pay > 0n)).toBe(true)
  })

  test('is handed back where too few have measured', () => {
    const { room, run } = trainingRoom()
    room.measure(appraisersOf(room, run)[0]!, run, { 1: 500, 2: 500, 3: 500 }, DROPS)
    room.write(0, { kind: 'abort', run, reason: '' })
    room.close(ALL)
    expect(room.run(run)).toMatchObject({ phase: 'aborted', settlement: { why: 'nobody-measured' } })
    expect(room.balance(0)).toBe(ISSUED)
  })

  test.each(ALL.slice(1))('is ended by its sponsor, whatever member %i writes at the same time', stranger => {
    const { room, run } = trainingRoom()
    room.write(0, { kind: 'abort', run, reason: 'Enough.' })
    if (room.state.runs.joined.get(member(stranger)) === undefined) room.owner(stranger)
    room.write(stranger, { kind: 'abort', run, reason: 'Mine.' })
    room.close(ALL)
    expect(room.run(run)).toMatchObject({ phase: 'aborted', reason: 'Enough.' })
    expect(room.faults).toEqual(['not-sponsor'])
  })
})

test('quality that was reported for the plan stands: nobody lowers it before it is fined', () => {
  const { room, run } = trainingRoom()
  const { hash } = room.state.runs.assets.get(member(1))!
  room.offer(1, run, hash, { qualityMillionths: 500_000 })
  room.offer(2, run, room.state.runs.assets.get(member(2))!.hash, { samples: 4_000 })
  room.close(ALL)
  expect(room.faults).toEqual(['wrong-phase'])
  const { offers } = room.run(run)
  expect(offers.map(({ qualityMillionths, samples }) => [qualityMillionths, samples])).toEqual(
    expect.arrayContaining([
      [900_000, 5_000],
      [900_000, 4_000],
    ]),
  )
})

test('one sponsor has four runs at a time, and does not keep others from theirs', () => {
  const room = new RunRoom()
  room.owner(0)
  for (let i = 0; i < 5; i++) room.quote({ title: `run ${i}`, rewardMicro: '1' })
  room.close(ALL)
  expect(room.faults).toEqual(['too-many-runs'])
  expect(room.state.runs.runs.size).toBe(4)
})

test('an expired run is handed back when nobody measured', () => {
  const { room, run } = trainingRoom({ expiresUnixMs: 1_790_000_500_000 })
  room.close(ALL, 1_790_000_499_999)
  expect(room.run(run).phase).toBe('training')
  room.close(ALL, 1_790_000_500_000)
  expect(room.run(run)).toMatchObject({ phase: 'aborted', settlement: { why: 'nobody-measured' } })
  expect(room.balance(0)).toBe(ISSUED)
})

test('measured quality takes the place of reports once, and amounts follow', () => {
  const { room, run } = trainingRoom({ remeasureRounds: 2, qualityFloorMillionths: 100_000 })
  const before = room.run(run).plan
  const appraisers = room.run(run).appraisers.map(id => ALL.find(index => member(index) === id)!)
  for (const appraiser of appraisers)
    room.measure(appraiser, run, { 1: 4_000, 2: 4_000, 3: -100 }, { method: 'drops', toRound: 7, rounds: 2 })
  room.close(ALL)
  const { plan, remeasured } = room.run(run)
  expect(remeasured).toBe(1)
  const of = (rows: typeof plan, index: number) => rows.find(({ owner }) => owner === member(index))!
  expect(of(plan, 3)).toMatchObject({ standing: 'priced-out', samples: 0, qualityMillionths: 100_000 })
  expect(of(plan, 1).samples).toBeGreaterThan(of(before, 1).samples)
})

describe('lent compute', () => {
  test('pairs by deferred acceptance, both sign, a leaver frees its partner, exposures are counted for ever', () => {
    const room = new RunRoom()
    room.owner(0)
    const run = room.quote().hash
    room.offering(1, run, { mode: 'paired' })
    room.offering(2, run, { mode: 'split' })
    for (const provider of [3, 4]) {
      room.owner(provider)
      room.capacity(provider, run, { speedMilli: provider * 1_000, modes: 'any' })
    }
    room.begin(run)
    room.close(ALL)
    const pairs = room.run(run).pairs
    expect(pairs).toHaveLength(2)
    // Split is matched first, and owners prefer the faster one.
    expect(pairs.find(({ owner }) => owner === member(2))).toMatchObject({
      provider: member(4),
      mode: 'split',
    })
    const paired = pairs.find(({ owner }) => owner === member(1))!
    expect(paired).toMatchObject({ provider: member(3), mode: 'paired', ownerSigned: 0 })
    expect(paired.contract).toBe(contractHash(run, paired))
    room.write(1, { kind: 'contract', run, contract: paired.contract })
    room.write(3, { kind: 'contract', run, contract: paired.contract })
    room.write(4, { kind: 'contract', run, contract: paired.contract })
    room.close(ALL)
    expect(room.faults).toEqual(['not-party'])
    expect(room.run(run).pairs.find(({ owner }) => owner === member(1))).toMatchObject({
      ownerSigned: 1,
      providerSigned: 1,
    })
    room.write(3, { kind: 'leave' })
    room.close([0, 1, 2, 4])
    const [broken] = room.run(run).pairs.filter(pair => pair.broken === 1)
    expect(broken).toMatchObject({ owner: member(1), provider: member(3) })
    // Another provider would be a second exposure: the owner waits until it says otherwise.
    room.owner(5)
    room.capacity(5, run)
    room.close(ALL)
    expect(room.run(run).pairs.filter(pair => pair.owner === member(1) && pair.broken === 0)).toEqual([])
    room.write(1, { kind: 'exposure', limit: 2 })
    room.close(ALL)
    expect(room.run(run).pairs.find(pair => pair.owner === member(1) && pair.broken === 0)).toMatchObject({
      provider: member(5),
    })
    expect(room.state.runs.exposures.get(member(1))).toEqual([member(3), member(5)].sort())
  })

  describe('is paid out of what the run pays the owner', () => {
    const PRICE = (row: { costMicro: string }): bigint => BigInt(row.costMicro)
    /** Owners 1 and 2; 3 computes for 1. Signed by both. */
    function lentRoom() {
      const room = new RunRoom()
      room.owner(0)
      const run = room.quote().hash
      room.offering(1, run, { mode: 'split' })
      room.offering(2, run)
      room.owner(3)
      room.capacity(3, run)
      room.begin(run)
      room.close(ALL)
      const { contract } = room.run(run).pairs[0]!
      for (const party of [1, 3]) room.write(party, { kind: 'contract', run, contract })
      room.close(ALL)
      const serve = (who: number, jobs: number) => room.write(who, { kind: 'service', run, contract, jobs })
      const settle = (values: Readonly<Record<number, number>>) => {
        for (const id of room.run(run).appraisers)
          room.measure(
            ALL.find(index => member(index) === id)!,
            run,
            values,
          )
        room.close(ALL)
        return room.run(run).settlement!
      }
      return { room, run, contract, serve, settle }
    }

    test('by the rounds that both state', () => {
      const { room, run, serve, settle } = lentRoom()
      const { plan, pairs, quote } = room.run(run)
      const price = PRICE(plan.find(({ owner }) => owner === member(1))!)
      expect(price).toBeGreaterThan(0n)
      expect(pairs[0]!.priceMicro).toBe(String(price))
      serve(1, 4)
      serve(3, 6)
      room.close(ALL)
      serve(1, 12)
      const { payments, fees } = settle({ 1: 2_000_000, 2: 2_000_000 })
      const fee = (price * 6n) / BigInt(quote.rounds)
      expect(fees).toEqual([{ owner: member(1), provider: member(3), jobs: 6, feeMicro: String(fee) }])
      const pay = BigInt(payments.find(({ owner }) => owner === member(1))!.payMicro)
      expect(pay).toBeGreaterThan(fee)
      expect(room.balance(1)).toBe(pay - fee)
      expect(room.balance(3)).toBe(fee)
      expect(room.faults).toEqual([])
      expect(totalMicro(room.state)).toBe(ISSUED)
    })

    test('never more than the run has rounds, whatever is stated', () => {
      const { room, run, serve, settle } = lentRoom()
      serve(1, 1_000_000)
      serve(3, 1_000_000)
      const { priceMicro } = room.run(run).pairs[0]!
      expect(settle({ 1: 2_000_000, 2: 2_000_000 }).fees).toMatchObject([{ jobs: 20, feeMicro: priceMicro }])
    })

    test('nothing where one side states nothing, or the owner earned nothing', () => {
      const silent = lentRoom()
      silent.serve(3, 20)
      expect(silent.settle({ 1: 2_000_000, 2: 2_000_000 }).fees).toEqual([])
      const poor = lentRoom()
      poor.serve(1, 20)
      poor.serve(3, 20)
      expect(poor.settle({ 1: -5, 2: 2_000_000 }).fees).toMatchObject([{ jobs: 20, feeMicro: '0' }])
      expect(poor.room.balance(1)).toBe(0n)
      expect(totalMicro(poor.room.state)).toBe(ISSUED)
    })

    test('for what was lent before a pair broke', () => {
      const { room, run, serve, settle } = lentRoom()
      serve(1, 5)
      serve(3, 5)
      room.write(3, { kind: 'leave' })
      room.close([0, 1, 2, 4, 5])
      expect(room.run(run).pairs[0]).toMatchObject({ broken: 1, ownerJobs: 5, providerJobs: 5 })
      expect(settle({ 1: 2_000_000, 2: 2_000_000 }).fees).toMatchObject([{ provider: member(3), jobs: 5 }])
    })

    test('statements of others, smaller ones, and those before both signed have no place', () => {
      const { room, run, serve, contract } = lentRoom()
      serve(2, 5)
      serve(1, 5)
      room.close(ALL)
      serve(1, 5)
      room.write(1, { kind: 'withdraw', run })
      room.close(ALL)
      expect(room.faults).toEqual(['not-party', 'stale'])
      expect(room.run(run).pairs.find(pair => pair.contract === contract)!.ownerJobs).toBe(5)
      const early = new RunRoom()
      early.owner(0)
      const unsigned = early.quote().hash
      early.offering(1, unsigned, { mode: 'split' })
      early.offering(2, unsigned)
      early.owner(3)
      early.capacity(3, unsigned)
      early.begin(unsigned)
      early.close(ALL)
      early.write(3, {
        kind: 'service',
        run: unsigned,
        contract: early.run(unsigned).pairs[0]!.contract,
        jobs: 1,
      })
      early.close(ALL)
      expect(early.faults).toEqual(['stale'])
    })
  })

  test('nobody lends to itself, nor without leave of the sponsor', () => {
    const room = new RunRoom()
    room.owner(0)
    const run = room.quote({ lending: 'split' }).hash
    room.offering(1, run, { mode: 'split' })
    room.offering(2, run, { mode: 'paired' })
    room.offering(3, run)
    room.capacity(1, run, { modes: 'split' })
    room.capacity(3, run, { modes: 'any' })
    room.begin(run)
    room.close(ALL)
    expect([...room.faults].sort()).toEqual(['mode-not-allowed', 'mode-not-allowed'])
    expect(room.run(run).pairs).toEqual([])
  })
})

describe('what has no place is kept with its reason, and nothing is lost', () => {
  const cases: readonly (readonly [string, (room: RunRoom, run: string) => void, string])[] = [
    ['a reward that nobody has', room => room.quote({ rewardMicro: '900000001' }), 'insufficient'],
    ['a reward of another', (room, run) => (room.owner(1), room.quote({}, 1), void run), 'insufficient'],
    [
      'an offer without data described',
      (room, run) => (room.owner(1), room.offer(1, run, 'aa'.repeat(32))),
      'unknown-asset',
    ],
    [
      'data that were not joined with',
      room => (room.owner(1), room.asset(1, { root: rootOf(7) })),
      'wrong-root',
    ],
    [
      'the same data by two',
      (room, run) => {
        room.offering(1, run)
        room.owner(2, rootOf(1))
        room.offer(2, run, room.asset(2, { root: rootOf(1) }).hash)
      },
      'duplicate-data',
    ],
    [
      'more samples than described',
      (room, run) => room.offering(1, run, { samples: 5_001 }),
      'too-many-samples',
    ],
    [
      'quality below the floor',
      (room, run) => room.offering(1, run, { qualityMillionths: 499_999 }),
      'below-floor',
    ],
    ['an offer of the sponsor', (room, run) => room.offer(0, run, room.asset(0).hash), 'own-run'],
    [
      'an offer to no run',
      room => (room.owner(1), room.offer(1, 'bb'.repeat(32), room.asset(1).hash)),
      'unknown-run',
    ],
    ['a beginning by another', (room, run) => room.write(1, { kind: 'begin', run, round: 1 }), 'not-sponsor'],
    ['an end by another', (room, run) => room.write(1, { kind: 'abort', run, reason: '' }), 'not-sponsor'],
    ['a report before it began', (room, run) => room.measure(0, run, { 1: 5 }), 'wrong-phase'],
    ['leaving what one is not in', (room, run) => room.write(1, { kind: 'withdraw', run }), 'not-party'],
    ['an offer by who did not join', (room, run) => room.offer(4, run, 'aa'.repeat(32)), 'not-member'],
  ]
  test.each(cases)('%s', (_, write, why) => {
    const { room, run } = openRoom()
    write(room, run)
    room.close(ALL)
    expect(room.faults).toEqual([why])
    expect(totalMicro(room.state)).toBe(ISSUED)
  })

  test('a report by who was not drawn, an old one, and one that comes twice', () => {
    const { room, run } = trainingRoom({ appraisers: 1 })
    const drawn = ALL.find(index => member(index) === room.run(run).appraisers[0])!
    const other = ALL.find(index => index < 4 && !room.run(run).appraisers.includes(member(index)))!
    room.measure(other, run, { 1: 5 })
    room.measure(drawn, run, { 1: 5, 2: 5, 3: 5 }, { method: 'drops', toRound: 12 })
    room.measure(drawn, run, { 1: 9, 2: 5, 3: 5 }, { method: 'drops', toRound: 12 })
    room.measure(drawn, run, { 1: 9, 2: 5, 3: 5 }, { method: 'drops', toRound: 5 })
    room.close(ALL)
    expect([...room.faults].sort()).toEqual(['not-appraiser', 'stale', 'stale'])
    expect(room.run(run).measures).toHaveLength(1)
  })

  test('nothing is locked or paid while the room is paused', () => {
    const { room, run } = trainingRoom()
    for (const id of room.run(run).appraisers)
      room.measure(
        ALL.find(index => member(index) === id)!,
        run,
        { 1: 5, 2: 5, 3: 5 },
      )
    room.write(0, {
      kind: 'order',
      action: 'pause',
      target: '',
      reason: 'Wait.',
      nonce: 1,
      round: 6,
      expiresUnixMs: 0,
    })
    room.close(ALL)
    expect(room.run(run).phase).toBe('training')
    expect(room.state.runs.pending).toHaveLength(4)
    room.write(0, {
      kind: 'order',
      action: 'resume',
      target: '',
      reason: '',
      nonce: 2,
      round: 6,
      expiresUnixMs: 0,
    })
    room.close(ALL)
    expect(room.run(run).phase).toBe('settled')
  })

  test('a convicted owner is paid nothing, the entries from its fork on count for nothing', () => {
    const { room, run } = trainingRoom()
    room.write(0, room.proofAgainst(3, 1))
    for (const id of room.run(run).appraisers) {
      const index = ALL.find(one => member(one) === id)!
      room.measure(index, run, { 1: 5_000, 2: 5_000, 3: 5_000 })
    }
    room.close(ALL)
    const { settlement, phase } = room.run(run)
    if (phase === 'settled')
      expect(settlement!.payments.find(({ owner }) => owner === member(3))!.payMicro).toBe('0')
    expect(room.run(run).plan.find(({ owner }) => owner === member(3))!.standing).toBe('left')
    expect(totalMicro(room.state)).toBe(ISSUED)
  })
})

test('the state survives its snapshot in every phase, and a broken one does not decode', () => {
  const { room, run } = trainingRoom()
  room.offering(4, run, { mode: 'split' })
  room.capacity(2, run)
  const text = canonicalise(encodeState(room.state))
  const again = decodeState(ROOM, JSON.parse(text) as Canonical)
  expect(again && canonicalise(encodeState(again))).toBe(text)
  room.close(ALL)
  const sealed = canonicalise(encodeState(room.state))
  const sealedAgain = decodeState(ROOM, JSON.parse(sealed) as Canonical)
  expect(sealedAgain && canonicalise(encodeState(sealedAgain))).toBe(sealed)
  const state = JSON.parse(sealed) as { runs: { runs: Record<string, unknown>[] } }
  for (const key of Object.keys(state.runs.runs[0]!)) {
    const broken = structuredClone(state)
    broken.runs.runs[0]![key] = { no: 'such thing' }
    expect(decodeState(ROOM, broken as never), key).toBeUndefined()
  }
})

test('as many appraisers as a quote may ask for, each with both measures, fit a snapshot', () => {
  const room = new RunRoom()
  const all = Array.from({ length: 20 }, (_, i) => i)
  for (const i of all) room.owner(i)
  const run = room.quote({ appraisers: 15, rounds: 20 }).hash
  for (const owner of [1, 2]) room.offer(owner, run, room.asset(owner).hash)
  room.begin(run)
  room.close(all)
  const drawn = room.run(run).appraisers
  expect(drawn).toHaveLength(16)
  for (const id of drawn)
    for (const method of ['drops', 'shapley'] as const)
      room.measure(
        all.find(i => member(i) === id)!,
        run,
        { 1: 5, 2: 5 },
        { method, toRound: 20 },
      )
  room.close(all)
  expect(room.run(run).measures).toHaveLength(32)
  const text = canonicalise(encodeState(room.state))
  const again = decodeState(ROOM, JSON.parse(text) as Canonical)
  expect(again && canonicalise(encodeState(again))).toBe(text)
})

test.each([
  { dataPriceMicro: '999999999999999', rewardMicro: '1', unitSamples: 1 },
  { dataPriceMicro: '1', rewardMicro: '1000000000', unitSamples: 1 },
  { dataPriceMicro: '1', rewardMicro: '1000000000', unitSamples: 1_000_000_000 },
  { dataPriceMicro: '999999999999999', unitSamples: 1_000_000_000, growthMillionths: 1_000_000_000 },
  { qualityFloorMillionths: 0, floorMillionths: 950_000, fineMillionths: 1_000_000, alphaMicro: '0' },
])('terms of extreme sizes keep no room from being sealed: %o', changes => {
  const room = new RunRoom()
  room.owner(0)
  const run = room.quote({ qualityFloorMillionths: 0, ...changes }).hash
  room.offering(1, run, { qualityMillionths: 1, samples: 1 })
  room.offering(2, run, { qualityMillionths: 1_000_000 })
  room.offering(3, run)
  room.begin(run, 0xffff_ffff)
  room.close(ALL)
  for (const id of room.run(run).appraisers)
    room.measure(
      ALL.find(i => member(i) === id)!,
      run,
      { 1: 1e12, 2: -1e12, 3: 1 },
      { toRound: 0xffff_ffff },
    )
  room.close(ALL)
  room.write(0, { kind: 'abort', run, reason: '' })
  room.close(ALL)
  const text = canonicalise(encodeState(room.state))
  expect(text).not.toMatch(/NaN|Infinity|e\+|-0[,"\]}]/)
  const again = decodeState(ROOM, JSON.parse(text) as Canonical)
  expect(again && canonicalise(encodeState(again))).toBe(text)
  expect(totalMicro(room.state)).toBe(ISSUED)
})
