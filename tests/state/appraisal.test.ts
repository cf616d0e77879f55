// What a person reads of an appraisal and of a scaling fit, and the run that leads there.
import { expect, it } from 'vitest'
import type { Appraisal } from '../../src/core/data/appraisal/records.ts'
import { fitScaling } from '../../src/core/economics/scaling-fit.ts'
import { createFormat } from '../../src/i18n/format.ts'
import type { AppraiserEvent } from '../../src/ports/appraiser.ts'
import { appraisalSentences, findingRows, scalingSentences } from '../../src/state/appraisal-rows.ts'
import { AppraisalRun } from '../../src/state/appraisal-run.svelte.ts'
import { appraisalOf } from '../../src/state/appraisal-words.ts'
import { APPRAISAL, CURVE } from '../ui/fake-appraisal.ts'

const words = appraisalOf('en')
const f = createFormat('en')
const OPTIONS = { seed: 'run', qualityFloorMillionths: 500_000 }

it('findings become sentences, and what was not measured says so', () => {
  expect(appraisalSentences(APPRAISAL, words, f)).toEqual([
    '2 samples are empty.',
    'About 11.2% of the labels seem wrong: some 672 samples.',
    '9 samples stand there twice with different labels.',
    '126 samples are copies of another (2.1%).',
  ])
  const blind: Appraisal = { ...APPRAISAL, examined: { ...APPRAISAL.examined, labels: 0, drift: 0 } }
  const values = new Map(findingRows(blind, words, f).map(({ name, value }) => [name, value]))
  expect(values.get(words.findings.noise)).toBe(words.card.unknown)
  expect(values.get(words.findings.drift)).toBe(words.card.unknown)
  expect(values.get(words.findings.complete)).toBe('100.0%')
  expect(values.size).toBe(13)
})

it('a fit that levels off is warned of, in numbers', () => {
  const outcome = fitScaling(CURVE, 0.1)
  if (!outcome.ok) throw new Error(outcome.refusal.kind)
  const sentences = scalingSentences(outcome.fit, words, f)
  expect(sentences.some(sentence => sentence.startsWith('The curve is levelling off'))).toBe(true)
  for (const sentence of sentences) expect(sentence).toMatch(/\d/u)
})

function acted() {
  const state = { listener: (_: AppraiserEvent): void => undefined, closed: 0 }
  const session = {
    appraise(_: unknown, listener: (event: AppraiserEvent) => void) {
      state.listener = listener
      return { close: () => void state.closed++ }
    },
  }
  return { state, run: new AppraisalRun(session, 10) }
}

it('a run is followed to its end and fitted', () => {
  const { state, run } = acted()
  run.start(OPTIONS)
  expect(run.phase).toBe('running')
  state.listener({ type: 'progress', stage: 'labels', fraction: 0.5 })
  expect(run.progress).toMatchObject({ stage: 'labels', fraction: 0.5 })
  state.listener({ type: 'appraised', appraisal: APPRAISAL })
  for (const point of CURVE) state.listener({ type: 'point', point })
  expect(run.points).toEqual(CURVE)
  expect(run.fit).toBeNull()
  state.listener({ type: 'finished', points: CURVE })
  expect(run.phase).toBe('done')
  expect(run.fit?.samples).toBe(6_000)
})

it('a run that was stopped is not heard any more; refusals and crashes end one', () => {
  const { state, run } = acted()
  run.start(OPTIONS)
  const late = state.listener
  late({ type: 'appraised', appraisal: APPRAISAL })
  run.stop()
  expect([run.phase, state.closed, run.appraisal]).toEqual(['idle', 1, APPRAISAL])
  late({ type: 'finished', points: CURVE })
  expect(run.phase).toBe('idle')
  run.start(OPTIONS)
  expect(run.appraisal).toBeNull()
  state.listener({ type: 'refused', refusal: { kind: 'no-labels', samples: 3 } })
  expect([run.phase, run.refusal]).toEqual(['refused', { kind: 'no-labels', samples: 3 }])
  run.start(OPTIONS)
  state.listener({ type: 'crashed', message: 'worker' })
  expect([run.phase, run.refusal]).toEqual(['failed', null])
})
