// Sponsored runs under chance: whatever members write in whatever order between authors, states agree, survive their snapshots,
// and no credit appears or disappears. And the largest settlement that is allowed.
import { expect, test } from 'vitest'
import type { Canonical } from '../../../../src/core/ledger/canonical.ts'
import { canonicalise } from '../../../../src/core/ledger/canonical.ts'
import { createRng, type Rng } from '../../../../src/core/num/rng.ts'
import { encodeBase64url } from '../../../../src/core/num/base64url.ts'
import type { MemberId } from '../../../../src/core/num/ids.ts'
import { closeRuns } from '../../../../src/core/incentives/runs/closing.ts'
import { runsMechanism } from '../../../../src/core/incentives/runs/mechanism.ts'
import {
  applyEntry,
  closeEpoch,
  createRoomState,
  decodeState,
  encodeState,
  type RoomState,
} from '../../../../src/core/room/fold.ts'
import { member, ROOM } from '../../ledger/fixtures.ts'
import { T0, type Written } from '../../room/script.ts'
import { quoteBody, RunRoom, rootOf, totalMicro } from './run-room.ts'

const AUTHORS = 6
const MODES = ['local', 'split', 'paired'] as const

function step(room: RunRoom, rng: Rng): void {
  const author = rng.below(AUTHORS)
  const known = [...room.state.runs.runs.keys(), ...room.written.flatMap(quotes)]
  const run = known.length > 0 && rng.below(12) > 0 ? known[rng.below(known.length)]! : 'ee'.repeat(32)
  const assetOf = (who: number): string =>
    room.written.findLast(({ entry }) => entry.author === member(who) && entry.body.kind === 'asset')?.hash ??
    'dd'.repeat(32)
  const contracts = [...room.state.runs.runs.values()].flatMap(({ pairs }) =>
    pairs.map(({ contract }) => contract),
  )
  switch (rng.below(16)) {
    case 0:
      return room.owner(author, rng.below(5) ? rootOf(author) : rootOf(rng.below(AUTHORS)))
    case 1:
      return void room.write(author, { kind: 'leave' })
    case 2:
      return void room.quote(
        {
          rewardMicro: String(1 + rng.below(5 * 10 ** 8)),
          rounds: 5 + rng.below(3),
          remeasureRounds: rng.below(3),
          expiresUnixMs: rng.below(3) === 0 ? T0 + 3_000 : 0,
        },
        rng.below(3) === 0 ? author : 0,
      )
    case 3:
    case 4:
      return void room.asset(author)
    case 5:
    case 6:
      return void room.offer(author, run, assetOf(author), {
        mode: MODES[rng.below(3)]!,
        qualityMillionths: 500_000 + rng.below(500_001),
        samples: 1 + rng.below(6_000),
      })
    case 7:
      return void room.capacity(author, run, {
        modes: rng.below(2) ? 'any' : 'split',
        speedMilli: 1 + rng.below(9),
      })
    case 8:
    case 9:
      return void room.write(room.state.runs.runs.get(run) ? 0 : author, {
        kind: 'begin',
        run,
        round: rng.below(10),
      })
    case 10:
      return void room.write(author, { kind: 'withdraw', run })
    case 11: {
      const contract = contracts[rng.below(Math.max(1, contracts.length))] ?? 'cc'.repeat(32)
      const kind = rng.below(3) ? ('contract' as const) : ('deletion' as const)
      if (rng.below(3) === 0)
        return void room.write(author, { kind: 'service', run, contract, jobs: 1 + rng.below(9) })
      return void room.write(author, { kind, run, contract })
    }
    case 12:
    case 13: {
      const values = Object.fromEntries(
        Array.from({ length: AUTHORS }, (_, i) => [i, rng.below(2_000) - 600]),
      )
      const method = rng.below(2) ? ('drops' as const) : ('shapley' as const)
      return void room.measure(author, run, values, { method, toRound: 1 + rng.below(20) })
    }
    case 14:
      return void (rng.below(3) === 0 && room.write(author, { kind: 'abort', run, reason: 'x' }))
    default:
      return void room.write(author, {
        kind: 'transfer',
        to: member(rng.below(AUTHORS)),
        amountMicro: String(1 + rng.below(10 ** 8)),
        memo: '',
      })
  }
}

/** Appraisers of what is training often do their work, or no run would ever be settled. */
function report(room: RunRoom, rng: Rng): void {
  for (const { hash, phase, appraisers, toRound } of room.state.runs.runs.values())
    for (const id of phase === 'training' ? appraisers : []) {
      const author = Array.from({ length: AUTHORS }, (_, i) => i).find(i => member(i) === id)
      if (author === undefined || rng.below(2)) continue
      const values = Object.fromEntries(
        Array.from({ length: AUTHORS }, (_, i) => [i, rng.below(2_000) - 600]),
      )
      room.measure(author, hash, values, { toRound: rng.below(3) ? toRound : toRound - 2 })
    }
}

const quotes = ({ entry, hash }: Written): string[] => (entry.body.kind === 'quote' ? [hash] : [])

function interleaved(written: readonly Written[], rng: Rng): Written[] {
  const chains = new Map<string, Written[]>()
  for (const each of written) chains.set(each.entry.author, [...(chains.get(each.entry.author) ?? []), each])
  const open = [...chains.values()]
  const order: Written[] = []
  while (open.length > 0) {
    const at = rng.below(open.length)
    order.push(open[at]!.shift()!)
    if (open[at]!.length === 0) open.splice(at, 1)
  }
  return order
}

const text = (state: RoomState): string => canonicalise(encodeState(state))

/** A thousand take ten seconds: RUN_ROOMS=1000. */
const ROOMS = Number(process.env['RUN_ROOMS'] ?? 200)

test('random rooms with runs: one outcome in any order, credits conserved, snapshots whole, exposures within limits', () => {
  const seen = { settled: 0, aborted: 0, training: 0, pairs: 0 }
  for (let seed = 0; seed < ROOMS; seed++) {
    const rng = createRng(`runs ${seed}`)
    const room = new RunRoom()
    const first = room.quote({ rounds: 6, remeasureRounds: rng.below(3) }).hash
    for (let i = 0; i < 5; i++) {
      room.owner(i)
      if (rng.below(4)) room.offer(i, first, room.asset(i).hash, { mode: MODES[rng.below(3)]! })
      if (rng.below(2)) room.capacity(i, first)
    }
    if (rng.below(3)) room.begin(first, rng.below(10))
    let other = createRoomState(ROOM)
    let from = 0
    const issued = totalMicro(room.state)
    for (let epoch = 1; epoch <= 5; epoch++) {
      for (let i = 0; i < 12; i++) step(room, rng)
      report(room, rng)
      const entries = room.written.slice(from)
      from = room.written.length
      for (const { entry, hash } of interleaved(entries, rng)) applyEntry(other, entry, hash)
      const facts = room.close([0, 1, 2, 3, 4, 5], T0 + 1_000 * epoch)
      closeEpoch(other, facts)
      const sealed = text(room.state)
      expect(text(other), `seed ${seed}, epoch ${epoch}: sealed`).toBe(sealed)
      const again = decodeState(ROOM, JSON.parse(sealed) as Canonical)
      if (!again) throw new Error(`seed ${seed}, epoch ${epoch}: the snapshot does not decode`)
      expect(text(again), `seed ${seed}, epoch ${epoch}: snapshot`).toBe(sealed)
      other = again
      expect(totalMicro(room.state), `seed ${seed}, epoch ${epoch}: credits`).toBe(issued)
      for (const [id, micro] of room.state.credits.balances)
        expect(micro >= 0n, `seed ${seed}, epoch ${epoch}: ${id} owes`).toBe(true)
      const { exposures, limits, runs } = room.state.runs
      for (const [owner, providers] of exposures)
        expect(providers.length, `seed ${seed}, epoch ${epoch}: exposures`).toBeLessThanOrEqual(
          limits.get(owner) ?? 1,
        )
      const busy = [...runs.values()]
        .filter(({ phase }) => phase === 'training')
        .flatMap(({ pairs }) => pairs.filter(({ broken }) => broken === 0))
      const providers = busy.map(({ provider }) => provider)
      expect(new Set(providers).size, `seed ${seed}, epoch ${epoch}: one owner a provider`).toBe(
        providers.length,
      )
    }
    for (const { phase, settlement, quote, pairs } of room.state.runs.runs.values()) {
      seen.pairs += pairs.length
      if (phase === 'open') continue
      seen[phase]++
      if (!settlement) continue
      const paid = settlement.payments.reduce((sum, { payMicro }) => sum + BigInt(payMicro), 0n)
      expect(paid + BigInt(settlement.returnedMicro), `seed ${seed}`).toBe(BigInt(quote.rewardMicro))
    }
  }
  // Chance reaches every phase.
  for (const [name, count] of Object.entries(seen)) expect(count, name).toBeGreaterThan(ROOMS / 20)
})

test('a settlement of 200 owners pays the reward to the micro-credit', () => {
  for (const seed of ['a', 'b', 'c', 'd', 'e']) {
    const rng = createRng(`two hundred ${seed}`)
    const owners = Array.from({ length: 200 }, (_, i) => {
      const bytes = new Uint8Array(32).fill(7)
      bytes[0] = i
      return encodeBase64url(bytes) as MemberId
    }).sort()
    const state = runsMechanism.initial(ROOM)
    const run = 'ab'.repeat(32)
    const reward = 1_000_000_007n + BigInt(rng.below(10 ** 6))
    state.runs.set(run, {
      hash: run,
      sponsor: member(0),
      quote: { ...quoteBody, rewardMicro: String(reward) },
      phase: 'training',
      problem: null,
      offers: owners.map((owner, i) => ({
        owner,
        root: rootOf(i),
        qualityMillionths: 500_000 + rng.below(500_001),
        samples: 100,
        mode: 'local',
        present: 1,
      })),
      capacities: [],
      fromRound: 0,
      toRound: 20,
      remeasured: 1,
      appraisers: [member(1)],
      plan: owners.map(owner => ({
        owner,
        samples: 1,
        standing: 'active',
        shareMillionths: 5_000,
        payMicro: '1',
        costMicro: '1',
        qualityMillionths: 500_000,
      })),
      pairs: [],
      measures: [
        {
          appraiser: member(1),
          method: 'shapley',
          toRound: 20,
          rounds: 20,
          values: owners.map(owner => ({
            member: owner,
            nanoNats: rng.below(10 ** 9) - 10 ** 8,
            halfWidth: 0,
          })),
        },
      ],
      settlement: null,
      reason: '',
    })
    const balances = new Map<string, bigint>()
    closeRuns(
      state,
      { epoch: 1, unixMs: T0, members: [member(1)], anchor: member(0) },
      {
        balanceOf: id => balances.get(id) ?? 0n,
        add: (id, micro) => void balances.set(id, (balances.get(id) ?? 0n) + micro),
        cutOf: () => Infinity,
      },
    )
    const { settlement, phase } = state.runs.get(run)!
    expect(phase, seed).toBe('settled')
    expect(
      [...balances.values()].reduce((a, b) => a + b, 0n),
      seed,
    ).toBe(reward)
    expect(settlement!.payments).toHaveLength(200)
    const paid = settlement!.payments.reduce((sum, { payMicro }) => sum + BigInt(payMicro), 0n)
    expect(paid + BigInt(settlement!.returnedMicro), seed).toBe(reward)
  }
})
