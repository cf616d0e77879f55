// A member that is interrupted: what it wrote, what it voted and what it forgot, with stores that are slow or full.
import { afterEach, describe, expect, test } from 'vitest'
import { headSigningBytes } from '../../src/core/ledger/chain.ts'
import type { SignedHead } from '../../src/core/ledger/entry.ts'
import { proofOfContradiction, proofOfFork } from '../../src/core/ledger/evidence.ts'
import { NO_CUT } from '../../src/core/ledger/members.ts'
import type { SealStatement } from '../../src/core/ledger/seal.ts'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import { signedText, statementText } from '../../src/core/room/signed-text.ts'
import type { Store } from '../../src/ports/store.ts'
import { blobSwarm } from '../../src/sim/blobs.ts'
import { Swarm, type MemberOptions } from '../../src/sim/swarm.ts'

let open: Swarm | undefined
afterEach(() => {
  open?.close()
  open = undefined
})

function room(seed: string): Swarm {
  open = new Swarm({ ...blobSwarm(seed, { rounds: 0 }, 4), latencyMs: 20, stepMs: () => 100 })
  return open
}
const run = (swarm: Swarm, ms: number): Promise<boolean> => swarm.clock.run(swarm.clock.now() + ms)
const over = (change: (store: Store) => Partial<Store>): Pick<MemberOptions, 'ports'> => ({
  ports: ports => ({ ...ports, store: { ...ports.store, ...change(ports.store) } }),
})
const seqOf = (key: string): number => Number(key.slice(key.lastIndexOf('/') + 1))

describe('own entries', () => {
  test('are kept before anybody can get them', async () => {
    const swarm = room('kept-first')
    const early: string[] = []
    let own: (() => number) | undefined
    await swarm.join({
      ...over(store => ({
        async put(key, value) {
          if (own && key.startsWith('entry/') && own() > seqOf(key)) early.push(key)
          await new Promise<void>(resolve => swarm.clock.after(30, resolve))
          if (own && key.startsWith('entry/') && own() > seqOf(key)) early.push(key)
          await store.put(key, value)
        },
      })),
      prepare: peer => (own = () => peer.book.ledger.lengthOf(peer.self)),
    })
    await run(swarm, 25_000)
    expect(own!()).toBeGreaterThan(2)
    expect(early).toEqual([])
  })

  test('that a wiped store forgot come back before a new one is signed', async () => {
    const swarm = room('wiped')
    await swarm.join()
    await swarm.join()
    const forgetful = await swarm.join()
    await run(swarm, 25_000)
    const { self } = forgetful.peer
    const length = swarm.members[0]!.peer.book.ledger.lengthOf(self)
    expect(length).toBeGreaterThan(2)
    swarm.kill(forgetful)
    await forgetful.store.clear('')
    await run(swarm, 1_000)
    await swarm.rejoin(forgetful)
    await run(swarm, 40_000)
    for (const { peer } of swarm.members) {
      expect(peer.book.live.members.convicted.size).toBe(0)
      expect(peer.book.ledger.lengthOf(self)).toBeGreaterThan(length)
    }
  })
})

describe('a restart', () => {
  test('casts no vote before the old ones are read, however long that takes', async () => {
    const swarm = room('slow-restore')
    await swarm.join()
    await swarm.join()
    const slow = await swarm.join()
    await swarm.clock.run(1e9, () => slow.peer.book.epoch >= 1)
    swarm.kill(slow)
    let read = false
    const votes: boolean[] = []
    await swarm.rejoin(
      slow,
      over(store => ({
        async keys(prefix) {
          await new Promise<void>(resolve => swarm.clock.after(40_000, resolve))
          if (prefix.startsWith('vote/')) read = true
          return store.keys(prefix)
        },
        put(key, value) {
          if (key.startsWith('vote/')) votes.push(read)
          return store.put(key, value)
        },
      })),
    )
    await run(swarm, 400_000)
    expect(votes.length).toBeGreaterThan(0)
    expect(votes).not.toContain(false)
  })

  test('after the disk was full stands on the last seal that was kept whole', async () => {
    const swarm = room('full-disk')
    await swarm.join()
    await swarm.join()
    let isFull = false
    const member = await swarm.join(
      over(store => ({
        put: (key, value) =>
          isFull && (key.startsWith('snapshot/') || key.startsWith('epoch/'))
            ? Promise.reject(new Error('quota'))
            : store.put(key, value),
      })),
    )
    await swarm.clock.run(1e9, () => member.peer.book.epoch >= 1)
    await run(swarm, 1_000)
    isFull = true
    await swarm.clock.run(1e9, () => member.peer.book.epoch >= 3)
    await run(swarm, 5_000)
    const { self } = member.peer
    const length = member.peer.book.ledger.lengthOf(self)
    swarm.kill(member)
    // Nobody is there who could tell it what it wrote.
    for (const other of swarm.members.slice(0, 2)) swarm.kill(other)
    await swarm.rejoin(member)
    await run(swarm, 10_000)
    expect(member.peer.book.epoch).toBeGreaterThanOrEqual(1)
    expect(member.peer.book.ledger.lengthOf(self)).toBeGreaterThanOrEqual(length)
  })

  test('leaves no votes of epochs that are sealed and kept', async () => {
    const swarm = room('votes')
    const { store, peer } = await swarm.join()
    await swarm.clock.run(1e9, () => peer.book.epoch >= 4)
    await run(swarm, 1_000)
    const epochs = (await store.keys('vote/')).map(key => Number(key.split('/')[3]))
    expect(epochs.filter(epoch => epoch <= 4)).toEqual([])
  })
})

describe('a liar that is out already', () => {
  test('is accused again of a fork, for all must know where its chain ends', async () => {
    const swarm = room('twice')
    await swarm.join()
    await swarm.join()
    const { peer, signer } = await swarm.join()
    await run(swarm, 8_000)
    const finder = swarm.members[0]!.peer
    const { room: id } = finder.book.charter
    const statement = (seal: string): SealStatement => {
      const said = { v: 2, room: id, epoch: 1, path: 'quorum', phase: 'vote', view: 0, seal } as const
      const unsigned = { ...said, author: peer.self }
      return { ...unsigned, sig: encodeBase64url(signer.signNow(statementText(unsigned))) }
    }
    finder.citizen.accuse(proofOfContradiction(statement('11'.repeat(32)), statement('22'.repeat(32))))
    await run(swarm, 3_000)
    const cuts = (): unknown[] =>
      swarm.members.slice(0, 2).map(member => member.peer.book.live.members.convicted.get(peer.self))
    expect(cuts()).toEqual([NO_CUT, NO_CUT])
    const head = (bodyHash: string): SignedHead => {
      const unsigned = {
        v: 2,
        room: id,
        author: peer.self,
        seq: 9,
        prev: '33'.repeat(32),
        unixMs: 1,
        bodyHash,
      } as const
      const bytes = headSigningBytes({ ...unsigned, sig: '' })
      return { ...unsigned, sig: encodeBase64url(signer.signNow(signedText('entry', id, bytes))) }
    }
    finder.citizen.accuse(proofOfFork(head('44'.repeat(32)), head('55'.repeat(32))))
    await run(swarm, 3_000)
    expect(cuts()).toEqual([9, 9])
  })
})
