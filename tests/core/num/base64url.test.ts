import { expect, test } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../../src/core/num/base64url.ts'
import { createRng } from '../../../src/core/num/rng.ts'

test('agrees with Node and comes back, for every length up to 100', () => {
  const rng = createRng('base64url')
  for (let length = 0; length <= 100; length++) {
    const bytes = Uint8Array.from({ length }, () => rng.below(256))
    const text = encodeBase64url(bytes)
    expect(text).toBe(Buffer.from(bytes).toString('base64url'))
    expect(decodeBase64url(text, length)).toEqual(bytes)
  }
})

test.each([
  ['one character over', 'AAAAA'],
  ['padding', 'AA=='],
  ['the other alphabet', 'ab+/'],
  ['a space', 'AA A'],
  ['beyond ASCII', 'AAA\u00e9'],
  ['stray bits after one byte', 'AB'],
  ['stray bits after two bytes', 'AAB'],
])('refuses %s', (_name, text) => {
  expect(decodeBase64url(text)).toBeUndefined()
})

test('refuses another length than the one asked for', () => {
  const text = encodeBase64url(new Uint8Array(32))
  expect(decodeBase64url(text, 32)).toHaveLength(32)
  expect(decodeBase64url(text, 31)).toBeUndefined()
  expect(decodeBase64url(text, 33)).toBeUndefined()
})
