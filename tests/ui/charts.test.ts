import { expect, it } from 'vitest'
import type { MemberId } from '../../src/core/num/ids.ts'
import { thin } from '../../src/ui/charts/thin.ts'
import { initialOf, seatsOf } from '../../src/ui/room/seats.ts'
import { membersOf, readScenario } from './fake-data.ts'

const count = (n: number) => Array.from({ length: n }, (_, i) => i)

it.each([1, 2, 159, 160, 161, 1000, 99_999])(
  '%i points become at most 160, first and newest among them',
  n => {
    const drawn = thin(count(n), 160)
    expect(drawn.length).toBeLessThanOrEqual(160)
    expect(drawn.length).toBeGreaterThan(Math.min(n, 80) - 1)
    expect(drawn[0]).toBe(0)
    expect(drawn.at(-1)).toBe(n - 1)
    expect([...drawn].sort((a, b) => a - b)).toEqual(drawn)
  },
)

it('you sit nearest to yourself, whatever your id; nobody sits on another', () => {
  for (const members of [1, 2, 8, 50]) {
    const [first, ...others] = membersOf({ ...readScenario(new URLSearchParams()), members }, 'Hana')
    const seats = seatsOf([...others, { ...first!, id: 'zzz' as MemberId }])
    expect(seats[0]!.member.self).toBe(true)
    expect(seats[0]!.x).toBeCloseTo(0)
    expect(seats[0]!.y).toBeGreaterThan(100)
    seats.forEach((seat, i) => {
      const next = seats[(i + 1) % seats.length]!
      if (next === seat) return
      expect(Math.hypot(seat.x - next.x, seat.y - next.y)).toBeGreaterThan(2 * seat.radius)
    })
  }
})

it('takes the first letter as a person sees it', () => {
  expect(['hana', ' ゆき', '👩🏽‍🔬 Mei', 'が', ''].map(initialOf)).toEqual(['H', 'ゆ', '👩🏽‍🔬', 'が', '·'])
})
