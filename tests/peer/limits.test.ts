// A member that knows the room but not its manners: what it sends costs the others little, and they say so.
import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { NO_ORDERS } from '../../src/core/gossip/halts.ts'
import { SIGNED_HEADER_BYTES, updateId } from '../../src/core/gossip/update.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { buildView } from '../../src/peer/peer-view.ts'
import { signUpdate } from '../../src/peer/sign-update.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { decodeMessage, encodeMessage, type PeerMessage } from '../../src/protocol/messages.ts'
import { blobSwarm } from '../../src/sim/blobs.ts'
import { createSimSigner } from '../../src/sim/sim-signer.ts'
import { Swarm, type SimMember } from '../../src/sim/swarm.ts'

interface Scene {
  readonly swarm: Swarm
  readonly raw: Transport
  readonly heard: PeerMessage[]
  readonly honest: MemberId
  say(message: PeerMessage | Uint8Array): void
  wait(ms: number): Promise<unknown>
  /** Reasons for which the honest member refused the raw one. */
  blamed(): string[]
}

async function scene(seed: string): Promise<Scene> {
  const swarm = new Swarm(blobSwarm(seed, { rounds: 0 }))
  const { peer, signer } = await swarm.join()
  await swarm.join()
  await swarm.clock.run(10_000)
  const raw = swarm.network.transport(createSimSigner(`${seed}/raw`).id)
  const heard: PeerMessage[] = []
  raw.subscribe(event => {
    const message =
      event.type === 'message' && event.from === signer.id ? decodeMessage(event.bytes) : undefined
    if (message) heard.push(message)
  })
  await swarm.clock.run(11_000)
  return {
    swarm,
    raw,
    heard,
    honest: signer.id,
    say: message =>
      void raw.send(signer.id, message instanceof Uint8Array ? message : encodeMessage(message), 'control'),
    wait: ms => swarm.clock.run(swarm.clock.now() + ms),
    blamed: () =>
      buildView(peer)
        .refusals.filter(({ member }) => member === raw.self)
        .map(({ reason }) => reason),
  }
}

describe('bad manners', () => {
  test('garbage: blamed, and cut off after the third', async () => {
    const { swarm, raw, honest, say, wait, blamed } = await scene('garbage')
    const rng = createRng('garbage')
    expect(raw.links()).toContain(honest)
    for (let i = 0; i < 3; i++) say(Uint8Array.from({ length: 200 }, () => 200 + rng.below(56)))
    await wait(500)
    expect(blamed()).toEqual(['malformed'])
    expect(raw.links()).not.toContain(honest)
    swarm.close()
  })

  test('updates and states that nobody asked for are flooding', async () => {
    const { swarm, say, wait, blamed } = await scene('unasked')
    say({ type: 'update', signed: new Uint8Array(SIGNED_HEADER_BYTES), payload: new Uint8Array(100) })
    say({
      type: 'state-chunk',
      round: 3,
      hash: '00'.repeat(32),
      total: 31,
      index: 0,
      proof: [],
      bytes: new Uint8Array(31),
    })
    await wait(500)
    expect(blamed()).toEqual(['flooding'])
    swarm.close()
  })

  test('a delivery that is not what was announced is named', async () => {
    const { swarm, heard, say, wait, blamed } = await scene('swapped')
    const have = heard.findLast(message => message.type === 'have' && message.updates.length > 0)
    expect(have).toBeDefined()
    const [announced] = have?.type === 'have' ? have.updates : []
    say({ type: 'want', ids: [announced!.id] })
    await wait(200)
    const real = heard.find(message => message.type === 'update')
    expect(real?.type).toBe('update')
    // Announce something new for the newest round; answer the request with a real header over another payload.
    if (real?.type !== 'update') return
    const signed = real.signed.slice()
    signed[SIGNED_HEADER_BYTES - 1]! ^= 1
    say({ type: 'have', updates: [{ round: swarm.members[0]!.peer.machine.round, id: updateId(signed) }] })
    await wait(200)
    say({ type: 'update', signed, payload: real.payload })
    await wait(200)
    expect(blamed()).toEqual(['bad-signature'])
    swarm.close()
  })

  test('a slow answer is not a flood: half a minute late and no longer wanted, it is ignored', async () => {
    const { swarm, raw, heard, honest, say, wait, blamed } = await scene('slow answer')
    const signed = new Uint8Array(SIGNED_HEADER_BYTES).fill(5)
    const id = updateId(signed)
    say({ type: 'have', updates: [{ round: swarm.members[0]!.peer.machine.round, id }] })
    await wait(300)
    expect(heard.some(message => message.type === 'want' && message.ids.includes(id))).toBe(true)
    await wait(30_000)
    // As often as an honest link may be made to say it.
    for (let i = 0; i < 4; i++) say({ type: 'update', signed, payload: new Uint8Array(10) })
    await wait(300)
    expect(blamed()).toEqual([])
    expect(raw.links()).toContain(honest)
    say({ type: 'update', signed, payload: new Uint8Array(10) })
    await wait(300)
    expect(blamed()).toEqual(['flooding'])
    swarm.close()
  })

  test('what an update says of its own round does not keep its name for ever', async () => {
    const { swarm, heard, say, wait } = await scene('far ahead')
    const [{ peer }, { signer: author }] = swarm.members as [SimMember, SimMember]
    const payload = new Uint8Array(0)
    const header = {
      room: swarm.room!,
      codec: 1,
      round: 4_000_000_000,
      steps: 1,
      samples: 1,
      author: author.id,
      base: new Uint8Array(32),
      payloadHash: sha256(payload),
      payloadBytes: 0,
      orders: NO_ORDERS,
    }
    const { signed, id } = await signUpdate(header, payload, author)
    const held = (): number => peer.wire.updates['refused'].size
    say({ type: 'have', updates: [{ round: peer.machine.round, id }] })
    await wait(300)
    expect(heard.some(message => message.type === 'want' && message.ids.includes(id))).toBe(true)
    say({ type: 'update', signed, payload })
    await wait(300)
    expect(held()).toBe(1)
    await wait(20_000)
    expect(held()).toBe(0)
    swarm.close()
  })

  test.each([
    ['minus zero', '"unixMs":-0'],
    ['a lone surrogate', '"nickname":"\\ud800"'],
  ])('%s in an entry is malformed, and the next message is heard', async (_, part) => {
    const { swarm, heard, say, wait, blamed } = await scene('uncanonical')
    const field = part.startsWith('"unixMs"')
      ? `"nickname":"n","part":0,"role":"trainer",${part}`
      : `${part},"part":0,"role":"trainer","unixMs":1`
    const text = `{"author":"${'A'.repeat(43)}","body":{"kind":"join",${field}},"prev":"","room":"${swarm.members[0]!.peer.options.link.room}","seq":0,"sig":"${'A'.repeat(86)}","v":1}`
    say({ type: 'entries', entries: [new TextEncoder().encode(text)] })
    await wait(300)
    expect(blamed()).toEqual(['malformed'])
    const before = heard.filter(({ type }) => type === 'backlog').length
    say({ type: 'heads', heads: [] })
    await wait(300)
    expect(heard.filter(({ type }) => type === 'backlog').length).toBeGreaterThan(before)
    swarm.close()
  })

  test('asking for everything again and again is answered only a few times', async () => {
    const { swarm, heard, say, wait } = await scene('greedy')
    const entriesBefore = heard.filter(({ type }) => type === 'backlog').length
    for (let i = 0; i < 50; i++) say({ type: 'heads', heads: [] })
    const have = heard.findLast(message => message.type === 'have' && message.updates.length > 0)
    const id = have?.type === 'have' ? have.updates[0]!.id : ''
    for (let i = 0; i < 50; i++) say({ type: 'want', ids: [id] })
    await wait(1_000)
    expect(heard.filter(({ type }) => type === 'backlog').length - entriesBefore).toBeLessThanOrEqual(6)
    const answers = heard.filter(({ type }) => type === 'update').length
    expect(answers).toBeGreaterThan(0)
    expect(answers).toBeLessThanOrEqual(4)
    swarm.close()
  })

  test('announcing what will never come delays nobody who is in step', async () => {
    const { swarm, say, wait } = await scene('promises')
    const rng = createRng('promises')
    const { machine } = swarm.members[0]!.peer
    const before = machine.round
    for (let i = 0; i < 20; i++) {
      const id = Array.from({ length: 64 }, () => rng.below(16).toString(16)).join('')
      say({ type: 'have', updates: [{ round: machine.round + (i % 3), id }] })
      await wait(200)
    }
    // A round of this room takes about half a second.
    expect(machine.round - before).toBeGreaterThanOrEqual(6)
    swarm.close()
  })

  test('entries: a bad signature and another room are the sender’s fault', async () => {
    const { swarm, heard, say, wait, blamed } = await scene('entries')
    say({ type: 'heads', heads: [] })
    await wait(200)
    const told = heard
      .filter(message => message.type === 'backlog')
      .flatMap(message => (message.type === 'backlog' ? message.entries : []))
    const text = new TextDecoder().decode(
      told.find(entry => new TextDecoder().decode(entry).includes('"join"')),
    )
    say({ type: 'entries', entries: [new TextEncoder().encode(text.replace('"part":', '"part":1'))] })
    await wait(200)
    expect(blamed()).toEqual(['bad-signature'])
    swarm.close()
  })
})

describe('small questions with large answers', () => {
  test('statements and proposals of an epoch are handed out so often and no more', async () => {
    const { swarm, raw, heard, say, wait } = await scene('sealing-questions')
    const { book } = swarm.members[0]!.peer
    await swarm.clock.run(1e9, () => book.epoch >= 1)
    // Until something is said in the epoch: then a digest of nothing differs.
    await swarm.clock.run(1e9, () => swarm.members[0]!.peer.wire.seals.machine.statements.length > 0)
    expect(raw.links().length).toBeGreaterThan(0)
    const [statement] = swarm.members[0]!.peer.wire.seals.machine.statements
    heard.length = 0
    for (let i = 0; i < 200; i++) {
      say({ type: 'seal-status', epoch: book.epoch, seal: '00'.repeat(32), digest: '00'.repeat(32) })
      say({ type: 'seal-want', seal: statement!.seal })
    }
    await wait(400)
    const count = (type: PeerMessage['type']): number => heard.filter(message => message.type === type).length
    expect(count('seal')).toBeGreaterThan(0)
    expect(count('seal')).toBeLessThanOrEqual(48)
    expect(count('seal-statements')).toBeLessThanOrEqual(40)
    swarm.close()
  })
})
