// Sessions and the handshake over channels in memory: what the browser tests cannot provoke at will.
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/adapters/clock-system.ts'
import { proveLink, type HandshakeOptions } from '../../src/adapters/link-handshake.ts'
import { LinkSession } from '../../src/adapters/link-session.ts'
import { createEphemeralSigner } from '../../src/adapters/signer-webcrypto.ts'
import type { RoomId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { encodeLinkFrame } from '../../src/protocol/frames.ts'
import { decodeAuthFrame, encodeHello, encodeProof, SESSION_BYTES } from '../../src/protocol/link-auth.ts'
import { createChannelPair } from './channel-pair.ts'

const settle = (ms = 50): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

interface Seen {
  readonly session: LinkSession
  readonly messages: Uint8Array[]
  readonly other: string[]
}

function session(): Seen {
  const messages: Uint8Array[] = []
  const other: string[] = []
  return {
    messages,
    other,
    session: new LinkSession(systemClock, {
      onMessage: bytes => messages.push(bytes),
      onPeers: frame => other.push(`peers ${frame.peers.length}`),
      onRelay: frame => other.push(frame.type),
      onClose: code => other.push(`close ${code}`),
      onViolation: detail => other.push(`violation ${detail}`),
      onDetached: () => other.push('detached'),
      onLife: () => undefined,
    }),
  }
}

const START = { control: 0, bulk: 0 }

function connect(a: Seen, b: Seen): ReturnType<typeof createChannelPair> {
  const pair = createChannelPair()
  const [fromA, fromB] = [a.session.delivered, b.session.delivered]
  expect(a.session.attach(pair.ends[0], fromB)).toBe(true)
  expect(b.session.attach(pair.ends[1], fromA)).toBe(true)
  return pair
}

describe('a session', () => {
  test('that breaks again and again delivers everything once and in order', async () => {
    const seed = 'breaks-1'
    const rng = createRng(seed)
    const [a, b] = [session(), session()]
    let pair = connect(a, b)
    const sent = { control: [] as number[], bulk: [] as number[] }
    for (let i = 0; i < 400; i++) {
      const priority = rng.next() < 0.5 ? 'control' : 'bulk'
      const bytes = new Uint8Array(8 + rng.below(150_000))
      bytes[0] = priority === 'control' ? 1 : 0
      new DataView(bytes.buffer).setUint32(4, i)
      expect(a.session.send(bytes, priority), seed).toBe(true)
      sent[priority].push(i)
      if (rng.below(4) === 0) await settle(rng.below(6))
      if (rng.below(12) === 0) {
        pair.break()
        expect(a.session.isAttached || b.session.isAttached).toBe(false)
        if (rng.below(2) === 0) await settle(2)
        pair = connect(a, b)
      }
      if (rng.below(10) === 0) b.session.tick()
    }
    for (let i = 0; i < 200 && b.messages.length < 400; i++) {
      b.session.tick()
      await settle(20)
    }
    const arrived = { control: [] as number[], bulk: [] as number[] }
    for (const bytes of b.messages) {
      arrived[bytes[0] === 1 ? 'control' : 'bulk'].push(
        new DataView(bytes.buffer, bytes.byteOffset).getUint32(4),
      )
    }
    expect(arrived, seed).toEqual(sent)
    expect(b.other.filter(what => what.startsWith('violation'))).toEqual([])
  })

  test('stops at a receiver that acknowledges nothing, and holds a bounded amount', async () => {
    const [a, b] = [session(), session()]
    const pair = connect(a, b)
    // Acknowledgements, one more byte in front of two numbers, never arrive.
    pair.hand = (frame, towards) => (towards === 0 && frame[0] === 0x22 ? undefined : frame)
    let taken = 0
    for (let i = 0; i < 100; i++) {
      while (a.session.send(new Uint8Array(1024 * 1024), 'bulk')) taken++
      await settle(5)
    }
    expect(taken).toBeLessThanOrEqual(16 + 8 + 2)
    expect(a.session.send(new Uint8Array(10), 'control')).toBe(true)
    await settle()
    expect(b.messages.at(-1)).toHaveLength(10)
  })

  test('measures round trips, counts bytes and passes on lists and relays', async () => {
    const [a, b] = [session(), session()]
    connect(a, b)
    a.session.tick()
    a.session.post({ type: 'peers', socket: undefined, peers: [] })
    await settle()
    expect(a.session.stats.rttMs).toBeGreaterThanOrEqual(0)
    expect(b.other).toEqual(['peers 0'])
    expect(b.session.stats.receivedBytes).toBe(a.session.stats.sentBytes)
    expect(a.session.stats.bufferedBytes).toBe(0)
  })

  test('says what waits in control before a polite close', async () => {
    const [a, b] = [session(), session()]
    connect(a, b)
    for (let i = 0; i < 5; i++) a.session.send(new Uint8Array(900_000), 'bulk')
    a.session.send(Uint8Array.of(1), 'control')
    a.session.close('leaving')
    await settle()
    expect(b.messages.at(-1)).toEqual(Uint8Array.of(1))
    expect(b.other).toEqual(['close leaving'])
    expect(b.session.isAttached).toBe(false)
  })

  test.each([
    ['garbage', Uint8Array.of(0x77, 1, 2)],
    ['an empty frame', new Uint8Array(0)],
    ['a frame that is too long', new Uint8Array(70_000).fill(0x11, 0, 1)],
    ['a number out of order', Uint8Array.of(0x10, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 1)],
    ['an acknowledgement of nothing', encodeLinkFrame({ type: 'ack', control: 0, bulk: 3 })],
    ['a proof after the handshake', encodeProof(new Uint8Array(64))],
  ])('calls %s a violation', async (_name, frame) => {
    const b = session()
    const pair = createChannelPair()
    b.session.attach(pair.ends[1], START)
    pair.ends[0].receive({ onFrame: () => undefined, onLow: () => undefined, onClosed: () => undefined })
    pair.ends[0].send(frame)
    await settle(10)
    expect(b.other).toHaveLength(1)
    expect(b.other[0]).toMatch(/^violation /)
    expect(b.messages).toEqual([])
  })

  test('is not resumed by who claims more than was sent', () => {
    const a = session()
    a.session.send(Uint8Array.of(1), 'control')
    expect(a.session.attach(createChannelPair().ends[0], { control: 1, bulk: 0 })).toBe(false)
  })
})

describe('the handshake', () => {
  const room = 'AAECAwQFBgcICQoLDA0ODw' as RoomId
  const none = new Uint8Array(SESSION_BYTES)
  const held = { ownSession: none, otherSession: none, control: 0, bulk: 0 }

  const setUp = async (changes: Partial<Record<'a' | 'b', Partial<HandshakeOptions>>> = {}) => {
    const [ann, ben] = [await createEphemeralSigner(), await createEphemeralSigner()]
    const pair = createChannelPair()
    const options: Record<'a' | 'b', HandshakeOptions> = {
      a: {
        channel: pair.ends[0],
        room,
        signer: ann,
        role: 'offerer',
        expected: ben.id,
        ownFingerprints: ['sha-256 aa'],
        otherFingerprints: ['sha-256 bb'],
        held,
        ...changes.a,
      },
      b: {
        channel: pair.ends[1],
        room,
        signer: ben,
        role: 'answerer',
        expected: ann.id,
        ownFingerprints: ['sha-256 bb'],
        otherFingerprints: ['sha-256 aa'],
        held,
        ...changes.b,
      },
    }
    return { ann, ben, pair, options }
  }
  const both = async (options: Record<'a' | 'b', HandshakeOptions>) =>
    Promise.all([proveLink(options.a), proveLink(options.b)])

  test('proves both ends to each other', async () => {
    const { ann, ben, options } = await setUp()
    const [a, b] = await both(options)
    expect(a).toMatchObject({ status: 'proven', own: { member: ann.id }, other: { member: ben.id } })
    expect(b).toMatchObject({ status: 'proven', own: { member: ben.id }, other: { member: ann.id } })
  })

  test.each<[string, Partial<Record<'a' | 'b', Partial<HandshakeOptions>>>]>([
    ['another fingerprint at one end', { b: { otherFingerprints: ['sha-256 cc'] } }],
    ['a second fingerprint slipped in', { a: { otherFingerprints: ['sha-256 bb', 'sha-256 cc'] } }],
    ['another room', { b: { room: 'BBECAwQFBgcICQoLDA0ODw' as RoomId } }],
    ['two offerers', { b: { role: 'offerer' } }],
    ['no fingerprint', { a: { ownFingerprints: [] }, b: { ownFingerprints: [] } }],
  ])('fails on both sides with %s', async (_name, changes) => {
    const { options } = await setUp(changes)
    const results = await both(options)
    expect(results.map(result => result.status)).toEqual(['violation', 'violation'])
  })

  test('does not take somebody else for whom was announced', async () => {
    const stranger = await createEphemeralSigner()
    const { options } = await setUp({ a: { expected: stranger.id } })
    expect((await proveLinkBeside(options)).status).toBe('violation')
  })

  test('a proof cannot be played again on another channel', async () => {
    const { options, pair } = await setUp()
    const recorded: Uint8Array[] = []
    pair.hand = (frame, towards) => {
      if (towards === 0) recorded.push(frame.slice())
      return frame
    }
    await both(options)
    const again = createChannelPair()
    again.ends[1].receive({ onFrame: () => undefined, onLow: () => undefined, onClosed: () => undefined })
    const result = proveLink({ ...options.a, channel: again.ends[0] })
    for (const frame of recorded) again.ends[1].send(frame)
    expect(recorded).toHaveLength(2)
    expect((await result).status).toBe('violation')
  })

  test('a member cannot mirror the other’s frames', async () => {
    const { ann, options, pair } = await setUp({ a: {} })
    pair.ends[1].receive({
      onFrame: frame => {
        const decoded = decodeAuthFrame(frame)
        pair.ends[1].send(decoded?.type === 'hello' ? encodeHello(decoded.hello) : frame)
      },
      onLow: () => undefined,
      onClosed: () => undefined,
    })
    expect((await proveLink({ ...options.a, expected: ann.id })).status).toBe('violation')
  })

  test('ends when the channel does', async () => {
    const { options, pair } = await setUp()
    const result = proveLink(options.a)
    pair.break()
    expect((await result).status).toBe('closed')
  })

  test('keeps what follows the proof for the session', async () => {
    const { options, pair } = await setUp()
    const ben = session()
    const results = both(options)
    await results
    pair.ends[1].send(encodeLinkFrame({ type: 'peers', socket: undefined, peers: [] }))
    await settle(10)
    const ann = session()
    ann.session.attach(pair.ends[0], START)
    ben.session.attach(pair.ends[1], START)
    ann.session.send(Uint8Array.of(4), 'control')
    await settle(10)
    expect(ann.other).toEqual(['peers 0'])
    expect(ben.messages).toEqual([Uint8Array.of(4)])
  })

  async function proveLinkBeside(options: Record<'a' | 'b', HandshakeOptions>) {
    const [a] = await Promise.all([proveLink(options.a), Promise.race([proveLink(options.b), settle(100)])])
    return a
  }
})
