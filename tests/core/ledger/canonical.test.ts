import fc from 'fast-check'
import { expect, test } from 'vitest'
import { canonicalise } from '../../../src/core/ledger/canonical.ts'

test('keys by UTF-16 order, no spaces, minimal escapes', () => {
  const value = { '\u20ac': 'Euro', '\r': 'return', 1: 1, '\ud83d\ude02': 'joy', ö: ['"', '\u001f'] }
  expect(canonicalise(value)).toBe('{"\\r":"return","1":1,"ö":["\\"","\\u001f"],"€":"Euro","😂":"joy"}')
})

test.each([0.5, -0, NaN, Infinity, 2 ** 53, null, undefined, true, '\ud800', { a: undefined }])(
  '%s has no canonical form',
  value => expect(() => canonicalise(value)).toThrow(TypeError),
)

test('reading and writing again changes nothing', () => {
  const value = fc.letrec(tie => ({
    node: fc.oneof(
      { maxDepth: 3 },
      fc.string({ unit: 'grapheme' }),
      fc.maxSafeInteger().filter(n => !Object.is(n, -0)),
      fc.array(tie('node')),
      fc.dictionary(
        fc.string({ unit: 'grapheme' }).filter(key => key !== '__proto__'),
        tie('node'),
      ),
    ),
  })).node
  fc.assert(
    fc.property(value, node => {
      expect(canonicalise(JSON.parse(canonicalise(node)))).toBe(canonicalise(node))
    }),
  )
})
