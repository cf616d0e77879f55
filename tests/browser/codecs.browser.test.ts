// The bits that Node gives: what members of one room must agree on does not depend on their engine.
import { expect, it } from 'vitest'
import recorded from '../golden/codecs.json'
import { codecVectors } from '../tools/codec-vectors.ts'

it('payloads, residuals and directions are those recorded in Node', () =>
  expect(codecVectors()).toEqual(recorded))
