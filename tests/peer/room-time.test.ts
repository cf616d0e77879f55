import { expect, test } from 'vitest'
import type { MemberId } from '../../src/core/num/ids.ts'
import { RoomTime } from '../../src/peer/room-time.ts'
import type { Clock } from '../../src/ports/clock.ts'

const HOUR = 3_600_000
const member = (index: number): MemberId => `m${index}` as MemberId

function roomTime() {
  let now = 0
  const clock: Clock = { now: () => now, unixMs: () => 1_000_000 + now, after: () => () => undefined }
  const time = new RoomTime(clock)
  const hear = (index: number, aheadMs: number): void => time.hear(member(index), clock.unixMs() + aheadMs)
  return { time, hear, pass: (ms: number) => void (now += ms), ahead: () => time.unixMs() - clock.unixMs() }
}

test('one wrong clock moves nothing, most clocks do', () => {
  const { hear, ahead } = roomTime()
  hear(1, HOUR)
  expect(ahead()).toBe(0)
  hear(2, HOUR)
  expect(ahead()).toBe(HOUR)
})

test('clocks of the gone do not outvote those who are here', () => {
  const { hear, pass, ahead } = roomTime()
  for (let ghost = 10; ghost < 20; ghost++) hear(ghost, HOUR)
  for (let minute = 0; minute < 2; minute++) {
    pass(60_001)
    for (const here of [1, 2, 3]) hear(here, 5)
  }
  expect(ahead()).toBe(5)
})

test('where nobody was heard lately the last words stand', () => {
  const { hear, pass, ahead } = roomTime()
  for (const one of [1, 2, 3]) hear(one, HOUR)
  pass(10 * 60_000)
  expect(ahead()).toBe(HOUR)
})
