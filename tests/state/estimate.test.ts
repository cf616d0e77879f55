import { expect, it } from 'vitest'
import { presetModel } from '../../src/core/model/presets.ts'
import { estimateJoin, modelFacts } from '../../src/state/estimate.ts'
import { charterOf, readScenario } from '../ui/fake-data.ts'

it('knows the models by their figures', () => {
  expect(modelFacts(presetModel('mlp', [28, 28, 1], 10))).toEqual({
    parameters: 101_770,
    trainingFlopPerSample: 609_792,
    // 25 scales of 2 bytes, a bit for each parameter, header and signature.
    updateBytes: 50 + 12_722 + 204,
  })
  expect(modelFacts(presetModel('cnn', [28, 28, 1], 10)).trainingFlopPerSample).toBe(1_740_480)
})

it('estimates minutes and traffic from the charter, and nothing for a room without an end', () => {
  const charter = charterOf(readScenario(new URLSearchParams()))
  const estimate = estimateJoin(charter)
  // 60 rounds of 20 steps of 32 samples at 1.5 GFLOP/s, and a second a round for the exchange.
  expect(estimate.seconds).toBeCloseTo(60 * (1 + (609_792 * 640) / 1.5e9), 6)
  expect(estimate.members).toBe(4)
  expect(estimate.bytesPerMinute).toBeCloseTo((6 * 12_976 * 60) / (1 + (609_792 * 640) / 1.5e9), 3)
  expect(estimateJoin({ ...charter, terms: { ...charter.terms, rounds: 0 } }).seconds).toBeNull()
})

it('a room that sums under masks pays 32 bits a parameter', () => {
  const charter = charterOf(readScenario(new URLSearchParams('swarm=masks')))
  expect(modelFacts(charter.model, 'masks').updateBytes).toBe(152 + 4 * 101_770)
  const { bytesPerMinute, seconds } = estimateJoin(charter)
  const roundSeconds = seconds! / charter.terms.rounds
  const perRound = (bytesPerMinute * roundSeconds) / 60
  // The vector once out, as lead those of three others in every fourth round, the sum in and out: 3.75 vectors.
  expect(perRound / (4 * 101_770)).toBeGreaterThan(3.75)
  expect(perRound / (4 * 101_770)).toBeLessThan(3.8)
})
