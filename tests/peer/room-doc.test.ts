import * as Y from 'yjs'
import { expect, test } from 'vitest'
import { entryBytes } from '../../src/core/ledger/chain.ts'
import { createRng, shuffle } from '../../src/core/num/rng.ts'
import { RoomDoc } from '../../src/peer/room-doc.ts'
import {
  chain,
  charterBody,
  FOUNDER,
  joinBody,
  leaveBody,
  member,
  workBody,
} from '../core/ledger/fixtures.ts'

const chains = [
  chain(FOUNDER, [charterBody, joinBody, workBody]),
  ...[1, 2, 3].map(i => chain(member(i), [joinBody, workBody, workBody, leaveBody])),
]

function fill(seed: string): RoomDoc {
  const rng = createRng(seed)
  const room = new RoomDoc()
  const next = chains.map(() => 0)
  for (const turn of shuffle(
    chains.flatMap((entries, i) => entries.map(() => i)),
    rng,
  ))
    room.append(chains[turn]![next[turn]!++]!)
  return room
}

test('the document is byte for byte the same on every member, whatever the order of arrival', () => {
  const documents = Array.from({ length: 20 }, (_, i) => fill(`order ${i}`).encode())
  for (const document of documents) expect(document).toEqual(documents[0])
})

test('documents of one device merge without doubling anything', () => {
  const [a, b] = [fill('a'), fill('b')]
  Y.applyUpdate(a.doc, b.encode())
  expect(a.encode()).toEqual(b.encode())
  expect(a.entries()).toHaveLength(chains.flat().length)
})

test('entries come out as they went in; the same again and gaps are left alone', () => {
  const room = new RoomDoc()
  const heard: Uint8Array[] = []
  room.onAppend(entry => heard.push(entry))
  const [first, second, third] = chains[1]!
  room.append(first!)
  room.append(first!)
  room.append(third!)
  room.append(second!)
  expect(room.entries()).toEqual([entryBytes(first!), entryBytes(second!)])
  expect(heard).toEqual(room.entries())
  room.destroy()
})
