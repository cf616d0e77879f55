// Whatever is wrong gets its own refusal: nothing throws, nothing slips through.
import { describe, expect, test } from 'vitest'
import { BAD_INPUTS } from '../../../src/sim/rdfl/bad-input.ts'

describe('bad input is refused by kind', () => {
  for (const { name, refusal, run } of BAD_INPUTS)
    test(name, () => expect(run()).toMatchObject({ ok: false, refusal: { kind: refusal } }))
})
