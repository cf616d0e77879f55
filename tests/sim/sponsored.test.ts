import { expect, test } from 'vitest'
import { glyphs, spoilLabels } from '../../src/core/data/glyph.ts'
import { runSponsored } from '../../src/sim/sponsored/run.ts'

test('R8: real peers measure the owner with 70 % wrong labels far below the others, and the books balance', async () => {
  const seed = 'short'
  const wrong = [0, 0, 0, 0.7]
  const { owners, run, conserved, reports } = await runSponsored({
    seed,
    model: {
      input: [8, 8, 1],
      layers: [
        { type: 'flatten' },
        { type: 'dense', units: 16, activation: 'relu' },
        { type: 'dense', units: 10, activation: 'linear' },
      ],
    },
    classes: [...'0123456789'],
    parts: wrong.map((part, n) =>
      spoilLabels(glyphs('A', 80, `${seed}/part/${n}`), part, `${seed}/labels/${n}`),
    ),
    test: glyphs('A', 300, `${seed}/test`),
    wrong,
    rounds: 6,
    localSteps: 6,
    stepMs: 500,
    learningRateMicro: 100_000,
    quote: { appraisers: 1 },
  })
  const [bad, honest] = [owners.at(-1)!.share, owners.slice(0, -1).map(({ share }) => share)]
  expect(bad).toBeLessThanOrEqual((0.6 * honest.reduce((sum, share) => sum + share, 0)) / honest.length)
  expect(Math.min(...honest)).toBeGreaterThan(0.1)
  expect(run.phase).toBe('settled')
  expect(reports).toBeGreaterThan(0)
  expect(conserved).toBe(true)
})
