// Codecs and rules give the recorded bits in Node; tests/browser/codecs.browser.test.ts holds a browser to the same.
import { expect, test } from 'vitest'
import { codecVectors } from '../tools/codec-vectors.ts'
import recorded from './codecs.json' with { type: 'json' }

test('payloads, residuals and directions are the recorded ones', () => expect(codecVectors()).toEqual(recorded))

test('every codec and every rule is recorded, and no two agree by accident', () => {
  const directions = Object.entries(recorded).filter(([name]) => name.startsWith('direction'))
  expect(directions.length).toBe(18)
  expect(new Set(directions.map(([, hash]) => hash)).size).toBe(18)
})
