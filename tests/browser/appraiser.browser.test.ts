// The appraiser's worker in a real browser: all of its events, none with a sample in it, and an end when it is told to.
import { expect, it } from 'vitest'
import { workerAppraiser } from '../../src/adapters/appraiser-browser.ts'
import { glyphs } from '../../src/core/data/glyph.ts'
import type { AppraiserEvent } from '../../src/ports/appraiser.ts'

const OPTIONS = { seed: 'browser', qualityFloorMillionths: 500_000 }
const samples = () => ({
  train: glyphs('A', 200, 'browser'),
  heldOut: glyphs('A', 200, 'room'),
  isIndependent: true,
})

it('appraises, measures a curve and ends by itself', async () => {
  const given = samples()
  const events: AppraiserEvent[] = []
  await new Promise<void>((resolve, reject) => {
    workerAppraiser.start(given, OPTIONS, event => {
      events.push(event)
      if (event.type === 'finished') resolve()
      if (event.type === 'crashed') reject(new Error(event.message))
    })
  })
  const said = events.filter(({ type }) => type !== 'progress').map(({ type }) => type)
  expect(said).toEqual(['appraised', 'point', 'point', 'point', 'point', 'finished'])
  // Handed over, not copied: the page keeps no second copy of the samples.
  expect(given.train.x.length).toBe(0)
})

it('says nothing more once it was closed', async () => {
  const events: AppraiserEvent[] = []
  const handle = await new Promise<{ close(): void }>(resolve => {
    const started = workerAppraiser.start(samples(), OPTIONS, event => {
      events.push(event)
      resolve(started)
    })
  })
  handle.close()
  const heard = events.length
  await new Promise(resolve => setTimeout(resolve, 1_500))
  expect(events.length).toBe(heard)
  expect(events.some(({ type }) => type === 'finished')).toBe(false)
})
