// P7 on real MNIST: the benchmark's study with fewer and shorter runs, so that a change that spoils a detector shows here.
import { beforeAll, describe, expect, it } from 'vitest'
import { study, type StudyPlan } from '../../../bench/evasion-study.ts'
import { prepareData } from '../../../scripts/prepare-data.mjs'
import { DATA_FOLDER } from '../../../src/adapters/task-data-node.ts'
import { MEASURED } from '../../../src/core/governance/detectors/measured.ts'
import { detectedShare } from '../../../src/core/governance/detectors/measured-records.ts'

const plan: StudyPlan = {
  hidden: 32,
  samples: 800,
  seed: 'P7',
  epochs: [4, 12],
  calibrationRuns: 20,
  checkRuns: 20,
  handOvers: 10,
  noise: [0, 0.2],
  parallelEpochs: 16,
  averageEvery: [1, 8],
  parallelGroups: 2,
  temperatures: [1, 4],
  students: 5,
  untrained: 100,
  continuedSteps: [20],
  continuedModels: 10,
}

beforeAll(async () => {
  await prepareData({ out: DATA_FOLDER })
}, 300_000)

describe('detection rates', () => {
  it('P7 sequential and parallel splits are found at few false positives, distillation mostly is not', async () => {
    const result = await study(plan)
    const told = JSON.stringify(result)
    expect(result.falsePositives / result.checkedPairs, told).toBeLessThanOrEqual(0.02)
    expect(detectedShare(result, 'sequential'), told).toBeGreaterThanOrEqual(0.95)
    expect(detectedShare(result, 'parallel'), told).toBeGreaterThanOrEqual(0.95)
    expect(detectedShare(result, 'distillation'), told).toBeLessThan(0.6)
    expect(result.freshStart.accused / result.freshStart.untrained, told).toBeLessThanOrEqual(0.02)
    expect(result.freshStart.continued[0], told).toMatchObject({ models: 10, detected: 10 })
  }, 300_000)

  it('P7 the figures on the screen hold the bars and name the missed case', () => {
    expect(MEASURED.length).toBeGreaterThan(0)
    for (const measured of MEASURED) {
      // Pairs of at least 20 runs set the threshold.
      expect(measured.calibrationRuns).toBeGreaterThanOrEqual(20)
      expect(measured.falsePositives / measured.checkedPairs).toBeLessThanOrEqual(0.02)
      expect(detectedShare(measured, 'sequential')).toBeGreaterThanOrEqual(0.95)
      expect(detectedShare(measured, 'parallel')).toBeGreaterThanOrEqual(0.95)
      expect(detectedShare(measured, 'distillation')).toBeLessThan(0.6)
      for (const { detected, pairs, lowest, highest } of measured.rows) {
        // Nobody typed these: counts fit the extremes and the threshold.
        if (detected === pairs) expect(lowest).toBeGreaterThan(measured.threshold - 0.0001)
        if (detected === 0) expect(highest).toBeLessThan(measured.threshold + 0.0001)
      }
    }
  })
})
