// The port's own acceptance suite, for a trainer whose middle layers run at a provider.
import { afterAll, expect } from 'vitest'
import { trainerContract } from '../../contract/trainer.ts'
import { createPair, type Pair } from './pair.ts'

const pairs: Pair[] = []

trainerContract(
  'lent, split',
  async ({ model }) => {
    const pair = createPair(model)
    pairs.push(pair)
    return pair.trainer
  },
  { backend: 'reference', models: ['logistic', 'mlp', 'cnn'] },
)

// The suite must not have been passed by the local trainer.
afterAll(() => {
  expect(pairs.flatMap(({ faults }) => faults).filter(fault => fault !== 'vanished')).toEqual([])
  expect(pairs.reduce((sum, { lender }) => sum + lender.steps, 0)).toBeGreaterThan(200)
})
