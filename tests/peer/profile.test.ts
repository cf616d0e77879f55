// What contributions are measured by must be what the rule really mixed: whoever says that it trained on a million samples, or sends
// a vector a million times too large, counts for no more in its part than it did in the round.
import { expect, test } from 'vitest'
import { DEFAULT_TERMS } from '../../src/core/ledger/terms.ts'
import type { TrainingTerms } from '../../src/core/ledger/entry.ts'
import type { Update } from '../../src/core/gossip/update.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { createProfile } from '../../src/peer/profile.ts'
import { makeUpdate, memberId } from '../core/gossip/fixtures.ts'

const PARAMETERS = 9_000

function updatesOf(terms: TrainingTerms, sizes: readonly number[], samples: readonly number[]): Update[] {
  const rng = createRng('parts')
  return sizes.map((size, k) => {
    const error = Float32Array.from({ length: PARAMETERS }, () => size * rng.normal())
    const encoded = createProfile(PARAMETERS, terms).encode(error, 0, false)
    return { ...makeUpdate(0, memberId(k), [k]), ...encoded, samples: samples[k]! }
  })
}

const cases: readonly [string, Partial<TrainingTerms>, readonly number[], readonly number[]][] = [
  ['four of unlike sizes', {}, [1, 2, 3, 4], [160, 160, 160, 160]],
  ['one a thousand times too large', {}, [1, 1, 1000, 1, 1], [160, 160, 160, 160, 160]],
  ['one that says a million samples', { weighting: 'samples' }, [1, 1, 1, 1], [160, 160, 1_000_000, 160]],
  ['blocks by turns', { profile: 'masked' }, [1, 2, 3, 4, 5], [160, 160, 160, 160, 160]],
  ['the plain mean', { rule: 'mean', weighting: 'samples' }, [1, 5, 1], [160, 320, 160]],
]

test.each(cases)('parts add up to what the rule mixed: %s', (_, extra, sizes, samples) => {
  const terms: TrainingTerms = { ...DEFAULT_TERMS, rule: 'clip-mean', ...extra }
  const profile = createProfile(PARAMETERS, terms)
  const updates = updatesOf(terms, sizes, samples)
  const parts = profile.parts(updates)
  const { direction } = profile.mix(updates)
  const largest = direction.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const furthest = direction.reduce((most, value, i) => {
    const sum = parts.reduce((total, part) => total + part[i]!, 0)
    return Math.max(most, Math.abs(sum - value))
  }, 0)
  expect(largest).toBeGreaterThan(0)
  expect(furthest).toBeLessThan(1e-6 * largest)
})

test('a vector that the rule leaves out puts nothing in', () => {
  const terms: TrainingTerms = { ...DEFAULT_TERMS, rule: 'clip-trim' }
  const parts = createProfile(PARAMETERS, terms).parts(updatesOf(terms, [1, 1, 1000, 1, 1], [1, 1, 1, 1, 1]))
  expect(parts[2]!.every(value => value === 0)).toBe(true)
  expect(parts[1]!.some(value => value !== 0)).toBe(true)
})
