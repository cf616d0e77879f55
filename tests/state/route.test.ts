import { expect, it } from 'vitest'
import { parseHash, roomHash } from '../../src/state/route.ts'
import type { RoomId } from '../../src/core/num/ids.ts'

const link = {
  room: 'Qy3pD0m9TzKf5sWb1LhXaA' as RoomId,
  key: 'mK4vXo2nD7cTq9LrYh1BzEwS5uGfJp8iN0aVtCk3RdM',
}

it.each(['', '#', '#/'])('%j is home', hash => {
  expect(parseHash(hash)).toEqual({ screen: 'home' })
})

it.each(['main', 'invite', 'try', 'swarm', 'ledger', 'governance', 'leave'] as const)(
  'a room address leads to its %s view and back',
  view => {
    expect(parseHash(roomHash(link, view))).toEqual({ screen: 'room', link, view })
  },
)

it('verification has an address outside of rooms', () => {
  expect(parseHash('#/verify')).toEqual({ screen: 'verify' })
})

it('says what is wrong with a link, and knows addresses that lead nowhere', () => {
  expect(parseHash('#/join=')).toEqual({ screen: 'bad-link', fault: 'bad-room' })
  expect(parseHash(`#/join=${link.room}`)).toEqual({ screen: 'bad-link', fault: 'no-key' })
  expect(parseHash(`${roomHash(link)}/nowhere`)).toEqual({ screen: 'lost' })
  expect(parseHash('#/settings')).toEqual({ screen: 'lost' })
  expect(parseHash('#main')).toEqual({ screen: 'lost' })
})
