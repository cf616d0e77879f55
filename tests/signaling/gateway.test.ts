import { describe, expect, it } from 'vitest'
import { createGateway, type Connection, type Gateway, type GatewayOptions } from '../../signaling/gateway.ts'
import { DEFAULT_LIMITS, type SignalingLimits } from '../../signaling/limits.ts'
import { renderMetrics } from '../../signaling/metrics.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { encodeFrame, type ServerFrame, type SocketId } from '../../src/protocol/signaling.ts'
import { joinFrame, roomOf } from './support.ts'

const BEAT_MS = 1_000

interface FakeSocket {
  readonly connection: Connection
  readonly got: ServerFrame[]
  readonly pings: number[]
  buffered: number
  ended: number | 'terminated' | undefined
}

function createFixture(limits: Partial<SignalingLimits> = {}, options: Partial<GatewayOptions> = {}) {
  let nextId = 0
  const faults: unknown[] = []
  const gateway: Gateway = createGateway({
    limits: { ...DEFAULT_LIMITS, ...limits },
    beatMs: BEAT_MS,
    random: createRng('gateway').below,
    newSocketId: () => `id-${String(nextId++).padStart(13, '0')}` as SocketId,
    iceServers: () => [],
    onInternalError: error => faults.push(error),
    ...options,
  })
  const open = (nowMs = 0, address = '192.0.2.1'): FakeSocket => {
    const got: ServerFrame[] = []
    const pings: number[] = []
    const socket = { got, pings, buffered: 0, ended: undefined } as Omit<FakeSocket, 'connection'>
    const connection = gateway.open(
      {
        send: text => got.push(JSON.parse(text) as ServerFrame),
        ping: () => pings.push(pings.length),
        close: code => (socket.ended = code),
        terminate: () => (socket.ended = 'terminated'),
        bufferedBytes: () => socket.buffered,
      },
      address,
      nowMs,
    )
    return Object.assign(socket, { connection })
  }
  const openJoined = (nowMs = 0, address?: string) => {
    const socket = open(nowMs, address)
    gateway.text(socket.connection, encodeFrame(joinFrame('a')), nowMs)
    return socket
  }
  return { gateway, faults, open, openJoined }
}

const codes = (socket: FakeSocket) => socket.got.flatMap(frame => (frame.t === 'error' ? [frame.code] : []))

describe('the gateway', () => {
  it('answers each kind of bad frame by its code', () => {
    const { gateway, openJoined, open } = createFixture()
    const socket = openJoined()
    gateway.text(socket.connection, '{', 0)
    gateway.text(socket.connection, 'x'.repeat(200_000), 1_000)
    gateway.text(socket.connection, encodeFrame(joinFrame('b')), 2_000)
    gateway.text(
      socket.connection,
      encodeFrame({ t: 'send', to: 'A'.repeat(16) as SocketId, data: '' }),
      3_000,
    )
    gateway.binary(socket.connection, 10, 4_000)
    expect(codes(socket)).toEqual(['malformed', 'too-large', 'not-joined', 'unknown-peer', 'malformed'])
    const early = open()
    gateway.text(early.connection, encodeFrame({ t: 'introduce', count: 1 }), 0)
    expect(codes(early)).toEqual(['not-joined'])
  })

  it('lets a socket send its burst, then its rate, and disconnects it when it floods on', () => {
    const { gateway, openJoined } = createFixture({
      socketFrames: { capacity: 11, perSecond: 10 },
      socketStrikes: { capacity: 5, perSecond: 0 },
    })
    const sender = openJoined()
    const receiver = openJoined()
    const hello = encodeFrame({ t: 'send', to: receiver.connection.id, data: 'AA' })
    const arrived = () => receiver.got.filter(frame => frame.t === 'from').length
    for (let i = 0; i < 12; i++) gateway.text(sender.connection, hello, 0)
    expect(arrived()).toBe(10)
    expect(codes(sender)).toEqual(['rate'])
    gateway.text(sender.connection, hello, 100)
    expect(arrived()).toBe(11)
    for (let i = 0; i < 4; i++) gateway.text(sender.connection, hello, 100)
    expect(sender.ended).toBe(1008)
    expect(gateway.stats().disconnects.policy).toBe(1)
    gateway.text(sender.connection, hello, 60_000)
    expect(arrived()).toBe(11)
  })

  it('counts an introduction for each member asked for', () => {
    const { gateway, openJoined } = createFixture({ socketFrames: { capacity: 20, perSecond: 0 } })
    const socket = openJoined()
    gateway.text(socket.connection, encodeFrame({ t: 'introduce', count: 16 }), 0)
    gateway.text(socket.connection, encodeFrame({ t: 'introduce', count: 16 }), 0)
    expect(codes(socket)).toEqual(['rate'])
  })

  it('limits bytes too, and all sockets of an address together', () => {
    const byBytes = createFixture({ socketBytes: { capacity: 1_000, perSecond: 0 } })
    const heavy = byBytes.openJoined()
    byBytes.gateway.text(
      heavy.connection,
      JSON.stringify({ t: 'introduce', count: 1, pad: 'x'.repeat(900) }),
      0,
    )
    expect(codes(heavy)).toEqual(['rate'])

    const byAddress = createFixture({ addressFrames: { capacity: 3, perSecond: 0 } })
    const [a, b, c] = ['192.0.2.1', '192.0.2.1', '192.0.2.2'].map(address => byAddress.openJoined(0, address))
    for (const socket of [a!, b!, c!]) {
      byAddress.gateway.text(socket.connection, encodeFrame({ t: 'introduce', count: 1 }), 0)
    }
    expect([codes(a!), codes(b!), codes(c!)]).toEqual([['rate'], ['rate'], []])
  })

  it('turns away an address that opens sockets too fast, not the others', () => {
    const { gateway } = createFixture({ addressConnects: { capacity: 2, perSecond: 1 } })
    expect([0, 0, 0, 1_000].map(ms => gateway.admits('192.0.2.1', ms))).toEqual([true, true, false, true])
    expect(gateway.admits('192.0.2.2', 0)).toBe(true)
  })

  it('is full for an address or for all, says so, and has room again afterwards', () => {
    const { gateway, open } = createFixture({ maxSockets: 3, maxSocketsPerAddress: 2 })
    const first = open(0, '192.0.2.1')
    open(0, '192.0.2.1')
    const third = open(0, '192.0.2.1')
    expect([codes(third), third.ended]).toEqual([['server-full'], 4002])
    gateway.closed(third.connection)
    open(0, '192.0.2.2')
    expect(open(0, '192.0.2.3').ended).toBe(4002)
    gateway.closed(first.connection)
    gateway.closed(first.connection)
    expect(open(0, '192.0.2.1').ended).toBe(4002)
    expect(gateway.stats().disconnects.full).toBe(3)
  })

  it('disconnects a reader that lets more than the limit pile up, and tells its acquaintances', () => {
    const { gateway, openJoined } = createFixture({ maxBufferedBytes: 1_000 })
    const slow = openJoined()
    const honest = openJoined()
    const hello = encodeFrame({ t: 'send', to: slow.connection.id, data: 'AAAA' })
    slow.buffered = 900
    gateway.text(honest.connection, hello, 0)
    expect(slow.ended).toBeUndefined()
    slow.buffered = 980
    gateway.text(honest.connection, hello, 0)
    expect(slow.ended).toBe('terminated')
    gateway.closed(slow.connection)
    expect(honest.got.at(-1)).toEqual({ t: 'gone', peer: slow.connection.id })
    expect(gateway.stats().disconnects['slow-reader']).toBe(1)
  })

  it('beats, pings, and ends sockets that say nothing', () => {
    const { gateway, openJoined } = createFixture()
    const alive = openJoined()
    const silent = openJoined()
    for (let ms = 250; ms <= 3_000; ms += 250) {
      gateway.pong(alive.connection, ms)
      gateway.tick(ms)
    }
    expect(alive.got.filter(frame => frame.t === 'beat')).toHaveLength(3)
    expect(alive.pings).toHaveLength(3)
    expect([alive.ended, silent.ended]).toEqual([undefined, 'terminated'])
    expect(gateway.stats().disconnects.silent).toBe(1)
  })

  it('does not keep sockets that never join', () => {
    const { gateway, open } = createFixture({ joinTimeoutMs: 500 })
    const socket = open()
    gateway.tick(500)
    expect(socket.ended).toBeUndefined()
    gateway.tick(501)
    expect(socket.ended).toBe(1008)
  })

  it('answers pings only as often as frames, so a ping flood ends', () => {
    const { gateway, openJoined } = createFixture({
      socketFrames: { capacity: 10, perSecond: 0 },
      socketStrikes: { capacity: 20, perSecond: 0 },
    })
    const socket = openJoined()
    const answered = Array.from({ length: 100 }, () => gateway.ping(socket.connection, 0)).filter(Boolean)
    expect(answered).toHaveLength(9)
    expect(socket.ended).toBe(1008)
  })

  it('survives a fault of its own: it is counted and costs one socket', () => {
    const { gateway, faults, open, openJoined } = createFixture(
      {},
      {
        iceServers: () => {
          throw new Error('broken configuration')
        },
      },
    )
    const socket = open()
    gateway.text(socket.connection, encodeFrame(joinFrame('a')), 0)
    expect(socket.ended).toBe('terminated')
    expect(faults).toHaveLength(1)
    gateway.closed(socket.connection)
    expect(gateway.stats()).toMatchObject({ internalErrors: 1, sockets: 0, members: 0, rooms: 0 })
    expect(openJoined().ended).toBe('terminated')
  })

  it('shows counts in its metrics, and nothing that names anybody', () => {
    const { gateway, openJoined } = createFixture()
    const a = openJoined(0, '192.0.2.77')
    const b = openJoined(0, '192.0.2.78')
    gateway.text(a.connection, encodeFrame({ t: 'send', to: b.connection.id, data: 'AAAA' }), 0)
    const text = renderMetrics(gateway.stats(), 12.7, 1_000)
    expect(text).toContain('\nyoriai_signaling_rooms 1\n')
    expect(text).toContain('\nyoriai_signaling_members 2\n')
    expect(text).toContain('\nyoriai_signaling_relayed_bytes_total 4\n')
    expect(text).toContain('yoriai_signaling_frames_total{type="join"} 2\n')
    expect(text).toContain('yoriai_signaling_uptime_seconds 12\n')
    for (const secret of [roomOf('a'), a.connection.id, b.connection.id, '192.0.2'])
      expect(text).not.toContain(secret)
    for (const line of text.trim().split('\n')) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) yoriai_signaling_\w+ .+|yoriai_signaling_\w+(\{\w+="[\w-]+"\})? \d+)$/,
      )
    }
  })
})
