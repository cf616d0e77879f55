import { expect, test } from 'vitest'
import { totalOver } from '../../../src/core/incentives/sampled-rounds.ts'
import { createRng, shuffle } from '../../../src/core/num/rng.ts'

const exact = (value: number) => ({ value, halfWidth: 0 })

test('all rounds looked at: the plain sum, errors in quadrature', () => {
  expect(totalOver([exact(1), exact(2), exact(-4)], 3)).toEqual({ value: -1, halfWidth: 0 })
  const noisy = [
    { value: 1, halfWidth: 3 },
    { value: 1, halfWidth: 4 },
  ]
  expect(totalOver(noisy, 2)).toEqual({ value: 2, halfWidth: 5 })
})

test('nothing looked at is nothing; one of several says how large, not how sure', () => {
  expect(totalOver([], 5)).toEqual({ value: 0, halfWidth: 0 })
  expect(totalOver([exact(2)], 5)).toEqual({ value: 10, halfWidth: 10 })
})

test('the interval of a sample holds the whole in about 95 of 100 draws', () => {
  const rng = createRng('sampled rounds')
  let held = 0
  const draws = 1_000
  for (let i = 0; i < draws; i++) {
    const rounds = Array.from({ length: 60 }, (_, round) => 1 / (1 + round / 20) + 0.3 * rng.normal())
    const whole = rounds.reduce((sum, value) => sum + value, 0)
    const { value, halfWidth } = totalOver(shuffle(rounds, rng).slice(0, 16).map(exact), 60)
    if (Math.abs(value - whole) <= halfWidth) held++
  }
  expect(held / draws).toBeGreaterThan(0.92)
  expect(held / draws).toBeLessThan(0.98)
})
