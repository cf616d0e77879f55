import { expect, test } from 'vitest'
import { createRng } from '../../src/core/num/rng.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import { freeRiders } from '../../src/peer/copies.ts'

const LENGTH = 10_000
const id = (name: string): MemberId => name as MemberId

/** One bit a value, half of them alike between members, as honest updates of like data are at most. */
function signs(seed: string): Float32Array {
  const common = createRng('common')
  const own = createRng(seed)
  return Float32Array.from({ length: LENGTH }, () => {
    const shared = common.next() < 0.5 ? -1 : 1
    const rest = own.next() < 0.5 ? -1 : 1
    return 0.01 * (own.next() < 0.5 ? shared : rest)
  })
}

test('zeros, copies and copies that were scaled or touched up are found, honest updates are not', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(name => ({ author: id(name), vector: signs(name) }))
  expect(freeRiders([a!, b!, c!], []).size).toBe(0)
  const rng = createRng('touch')
  const touched = a!.vector.map(value => (rng.next() < 0.02 ? -value : value) * 0.3)
  const late = [
    { author: id('zero'), vector: new Float32Array(LENGTH) },
    { author: id('copy'), vector: b!.vector },
    { author: id('touched'), vector: touched },
  ]
  expect([...freeRiders([a!, b!, c!, ...late], [])]).toEqual(['zero', 'copy', 'touched'])
})

test('of two alike the later one is the copy; one’s own of the round before is none', () => {
  const first = { author: id('first'), vector: signs('x') }
  const second = { author: id('second'), vector: signs('x') }
  expect([...freeRiders([first, second], [])]).toEqual(['second'])
  expect([...freeRiders([second, first], [])]).toEqual(['first'])
  expect([...freeRiders([second], [first])]).toEqual(['second'])
  expect([...freeRiders([first], [first])]).toEqual([])
})
