// Why a room's document is written from verified entries alone: fifteen bytes of a stranger silence an author in a Yjs
// document that applies what it is sent. The same bytes at the border of a real peer change nothing.
import * as Y from 'yjs'
import { decodeEntry } from '../src/core/ledger/decode.ts'
import { blobSwarm } from '../src/sim/blobs.ts'
import { Swarm } from '../src/sim/swarm.ts'

const VICTIM = 0x9e3779b1

interface BareFigures {
  readonly attackBytes: number
  readonly written: number
  /** What somebody who heard the stranger sees, and a third who only ever heard that one. */
  readonly seen: number
  readonly seenByThird: number
}

/** Two documents that follow an author, one of which also hears a stranger. */
export function silenceBare(): BareFigures {
  const [author, hearer, third] = [new Y.Doc(), new Y.Doc(), new Y.Doc()]
  author.clientID = VICTIM
  const write = (count: number): void => {
    for (let i = 0; i < count; i++) author.getArray('entries').push([i])
  }
  const follow = (from: Y.Doc, to: Y.Doc): void =>
    Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)))
  write(100)
  follow(author, hearer)
  const attack = deletedRange(VICTIM, 100, 2 ** 31)
  Y.applyUpdate(hearer, attack)
  write(10)
  follow(author, hearer)
  follow(hearer, third)
  const seen = (doc: Y.Doc): number => doc.getArray('entries').length
  return {
    attackBytes: attack.length,
    written: seen(author),
    seen: seen(hearer),
    seenByThird: seen(third),
  }
}

/** Update (format 1) with one struct: so many deleted items of a client, from a clock on. */
function deletedRange(client: number, clock: number, length: number): Uint8Array {
  const [clients, structs, collected, deletions] = [1, 1, 0, 0]
  return Uint8Array.from([
    clients,
    structs,
    ...varUint(client),
    ...varUint(clock),
    collected,
    ...varUint(length),
    deletions,
  ])
}

function varUint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return [...bytes, rest]
}

interface RoomFigures {
  /** Entries that the others wrote, and how many of them the least informed member shows. */
  readonly written: number
  readonly seen: number
  /** Links that the stranger still has. */
  readonly links: number
  readonly isEntry: boolean
}

/** A member sends the bytes, aimed at every author of the room, to everybody, as whole messages. */
export async function silenceRoom(seed: string): Promise<RoomFigures> {
  const swarm = new Swarm(blobSwarm(seed, { rounds: 12 }, 5))
  for (let i = 0; i < 5; i++) await swarm.join()
  const honest = swarm.members.slice(0, 4)
  const { transport } = swarm.members[4]!.peer.deps
  await swarm.clock.run(5_000)
  const attacks = honest.map(({ peer }) => {
    // The very client ids under which the victims' documents are written.
    const client = [...peer.doc.doc.store.clients.keys()]
    return client.map(id => deletedRange(id, peer.doc.doc.store.clients.get(id)!.length, 2 ** 31))
  })
  for (const attack of attacks.flat())
    for (const link of transport.links()) transport.send(link, attack, 'control')
  // All rounds are over, and no seal has begun another document yet.
  await swarm.clock.run(20_000)
  const shown = honest.map(
    ({ peer }) => new Set(peer.doc.entries().map(bytes => new TextDecoder().decode(bytes))),
  )
  const written = new Set(shown.flatMap(entries => [...entries]))
  const figures: RoomFigures = {
    written: written.size,
    seen: Math.min(...shown.map(entries => entries.size)),
    links: transport.links().length,
    isEntry: attacks.flat().some(bytes => decodeEntry(bytes) !== undefined),
  }
  swarm.close()
  return figures
}
