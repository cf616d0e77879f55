import { describe, expect, test } from 'vitest'
import { balanceOf, previewBalances, type CreditsState } from '../../../src/core/ledger/credits.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import { stateHash } from '../../../src/core/room/fold.ts'
import { RoomScript } from '../room/script.ts'
import { member } from './fixtures.ts'

const pay = (to: number, amount: bigint) =>
  ({ kind: 'transfer', to: member(to), amountMicro: amount.toString(), memo: '' }) as const

function room(members: number, rewardMicro = '1000'): RoomScript {
  const script = new RoomScript({}, { rewardMicro })
  for (let i = 0; i < members; i++) script.join(i)
  return script
}

const total = (balances: ReadonlyMap<unknown, bigint>): bigint =>
  [...balances.values()].reduce((a, b) => a + b, 0n)
const balances = ({ state: { credits } }: RoomScript, count: number): bigint[] =>
  Array.from({ length: count }, (_, i) => balanceOf(credits, member(i)))
const faults = ({ rejected }: CreditsState): string[] => rejected.map(({ why }) => why)

describe('credits', () => {
  test('the charter issues to the founder; transfers are carried out at the seal, not before', () => {
    const script = room(3)
    script.write(0, pay(1, 400n))
    expect(balances(script, 3)).toEqual([1000n, 0n, 0n])
    expect(previewBalances(script.state.credits).get(member(1))).toBe(400n)
    script.close([0, 1, 2])
    expect(balances(script, 3)).toEqual([600n, 400n, 0n])
    expect(script.state.credits.pending).toEqual([])
  })

  test('in the order of authors and sequences, each whole or not at all', () => {
    const script = room(3)
    const [first, second] = [0, 1].sort((a, b) => (member(a) < member(b) ? -1 : 1)) as [number, number]
    expect([first, second]).toEqual([0, 1])
    script.write(1, pay(2, 700n))
    script.write(0, pay(1, 700n))
    script.write(0, pay(2, 400n))
    script.write(0, pay(2, 300n))
    script.close([0, 1, 2])
    // The founder pays 700, cannot pay 400 of 300, pays 300; then member 1 hands its 700 on.
    expect(balances(script, 3)).toEqual([0n, 0n, 1000n])
    expect(faults(script.state.credits)).toEqual(['insufficient'])
  })

  test('nobody unknown is paid, and paying oneself changes nothing', () => {
    const script = room(2)
    script.write(0, pay(7, 10n))
    script.write(0, pay(0, 10n))
    script.write(5, pay(0, 1n))
    script.close([0, 1])
    expect(balances(script, 2)).toEqual([1000n, 0n])
    expect(faults(script.state.credits).sort()).toEqual(['unknown-payee', 'unknown-payer'])
  })

  test('what a convicted author pays after the cut never counts; what it received stays with it', () => {
    const script = room(3)
    script.write(0, pay(1, 500n))
    script.close([0, 1, 2])
    script.write(1, pay(2, 100n))
    const late = script.write(1, pay(2, 300n))
    script.write(2, script.proofAgainst(1, late.entry.seq))
    expect(previewBalances(script.state.credits).get(member(2))).toBe(100n)
    script.close([0, 2])
    expect(balances(script, 3)).toEqual([500n, 400n, 100n])
    expect(faults(script.state.credits)).toEqual(['convicted'])
  })

  test('while the room is paused nothing is paid; afterwards it is', () => {
    const script = room(2)
    const order = { kind: 'order', target: '', reason: 'check', round: 3, expiresUnixMs: 0 } as const
    script.write(0, { ...order, action: 'pause', nonce: 1 })
    script.write(0, pay(1, 5n))
    script.close([0, 1])
    expect(balances(script, 2)).toEqual([1000n, 0n])
    script.write(0, { ...order, action: 'resume', nonce: 2 })
    script.close([0, 1])
    expect(balances(script, 2)).toEqual([995n, 5n])
  })

  test('conserved to the last micro-credit over 100 random rooms, whatever is asked', () => {
    for (let seed = 0; seed < 100; seed++) {
      const rng = createRng(`credits ${seed}`)
      const script = room(5, (10n ** 20n + BigInt(seed)).toString())
      for (let epoch = 0; epoch < 4; epoch++) {
        for (let i = 0; i < 20; i++) {
          const amount = BigInt(rng.below(2 ** 31)) ** BigInt(1 + rng.below(3))
          script.write(rng.below(6), pay(rng.below(7), amount + 1n))
        }
        const { issued } = script.state.credits
        expect(total(previewBalances(script.state.credits)), `seed ${seed}`).toBe(issued)
        script.close([0, 1, 2, 3, 4])
        expect(total(script.state.credits.balances), `seed ${seed}`).toBe(issued)
        expect([...script.state.credits.balances.values()].every(micro => micro >= 0n)).toBe(true)
      }
      expect(stateHash(script.state)).toMatch(/^[0-9a-f]{64}$/)
    }
  })
})
