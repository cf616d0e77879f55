import { expect, test } from 'vitest'
import { WebSocket as NodeWebSocket, WebSocketServer } from 'ws'
import { createSignalingServer, type SignalingServer } from '../../signaling/server.ts'
import { createRoomCipher } from '../../src/adapters/room-cipher.ts'
import { createMemorySignaling } from '../../src/adapters/signaling-memory.ts'
import { createWebSocketSignaling, MAX_PLAIN_BYTES } from '../../src/adapters/signaling-websocket.ts'
import type { RoomId } from '../../src/core/num/ids.ts'
import type { SocketId } from '../../src/ports/signaling.ts'
import { CLOSE_POLICY, CLOSE_ROOM_FULL, encodeFrame, SIGNALING_PATH } from '../../src/protocol/signaling.ts'
import { describeSignaling, listen } from '../contract/signaling.ts'

const ROOM = 'AAECAwQFBgcICQoLDA0ODw' as RoomId
const KEY = new Uint8Array(32).fill(7)
/** Node 20 has no WebSocket of its own; the one of ws has the same face. */
const createSocket = (url: string): WebSocket => new NodeWebSocket(url) as unknown as WebSocket
const urlOf = (port: number): string => `ws://127.0.0.1:${port}${SIGNALING_PATH}`

describeSignaling('memory', async () => {
  const server = createMemorySignaling()
  return {
    connect: async () => server.connect(),
    stopServer: async () => server.stop(),
    startServer: async () => server.start(),
    destroy: async () => undefined,
  }
})

describeSignaling('WebSocket', async () => {
  let server: SignalingServer = await createSignalingServer(0, { host: '127.0.0.1' })
  const { port } = server
  return {
    connect: async () =>
      createWebSocketSignaling({
        url: urlOf(port),
        cipher: await createRoomCipher(ROOM, KEY),
        random: () => 0,
        createSocket,
      }),
    stopServer: () => server.close(),
    startServer: async () => {
      server = await createSignalingServer(port, { host: '127.0.0.1' })
    },
    destroy: () => server.close(),
  }
})

test('members with another key are in another room, even with the room’s name', async () => {
  const server = await createSignalingServer(0, { host: '127.0.0.1' })
  const join = async (key: Uint8Array) =>
    createWebSocketSignaling({
      url: urlOf(server.port),
      cipher: await createRoomCipher(ROOM, key),
      createSocket,
    })
  const [a, b] = [await join(KEY), await join(new Uint8Array(32))]
  expect(await listen(a).until('open')).toMatchObject({ size: 1 })
  expect(await listen(b).until('open')).toMatchObject({ size: 1 })
  a.close()
  b.close()
  await server.close()
})

/** A server that says what the test wants. */
async function scriptedServer(onSocket: (socket: NodeWebSocket, count: number) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await new Promise(resolve => server.once('listening', resolve))
  let count = 0
  server.on('connection', socket => onSocket(socket, ++count))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const cipher = await createRoomCipher(ROOM, KEY)
  const signaling = createWebSocketSignaling({ url: urlOf(port), cipher, random: () => 0, createSocket })
  return {
    cipher,
    signaling,
    heard: listen(signaling),
    async close() {
      signaling.close()
      for (const client of server.clients) client.terminate()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

const [SELF, PEER] = ['s'.repeat(16), 'p'.repeat(16)] as [SocketId, SocketId]
const WELCOME = encodeFrame({ t: 'welcome', self: SELF, peers: [PEER], size: 2, iceServers: [] })

test('garbage and payloads that do not open are counted and change nothing', async () => {
  const server = await scriptedServer(async socket => {
    socket.send('not json')
    socket.send(WELCOME)
    socket.send(Buffer.from([1, 2, 3]))
    socket.send(encodeFrame({ t: 'from', from: PEER, data: 'AAAA' }))
    const cipher = await createRoomCipher(ROOM, KEY)
    const toSomebodyElse = await cipher.seal(new Uint8Array(5), PEER, PEER)
    socket.send(
      encodeFrame({ t: 'from', from: PEER, data: Buffer.from(toSomebodyElse).toString('base64url') }),
    )
    const sealed = await cipher.seal(Uint8Array.of(42), PEER, SELF)
    socket.send(encodeFrame({ t: 'from', from: PEER, data: Buffer.from(sealed).toString('base64url') }))
  })
  const message = await server.heard.until('message')
  expect(message).toEqual({ type: 'message', from: PEER, payload: Uint8Array.of(42) })
  expect(server.signaling.rejected).toBe(4)
  expect(server.heard.events.map(event => event.type)).toEqual(['open', 'message'])
  await server.close()
})

test('a full room is final for who never was in, and waited for by who was', async () => {
  const first = await scriptedServer(socket => socket.close(CLOSE_ROOM_FULL))
  expect(await first.heard.until('closed')).toEqual({ type: 'closed', willRetry: false, reason: 'room-full' })
  expect(first.signaling.state).toBe('closed')
  await first.close()

  const later = await scriptedServer((socket, count) => {
    if (count === 2) return socket.close(CLOSE_ROOM_FULL)
    socket.send(WELCOME)
    if (count === 1) setTimeout(() => socket.terminate(), 20)
  })
  await later.heard.until('closed', event => event.reason === 'room-full' && event.willRetry)
  await later.heard.until('open', event => event !== later.heard.events[0])
  await later.close()
})

test('a server that throws us out says so', async () => {
  const server = await scriptedServer(socket => socket.close(CLOSE_POLICY))
  expect(await server.heard.until('closed')).toMatchObject({ willRetry: false, reason: 'refused' })
  await server.close()
})

test('a server that falls silent is left for a new connection', async () => {
  const timers = new Map<number, () => void>()
  let now = 0
  const clock = {
    now: () => now,
    unixMs: () => 0,
    after(ms: number, callback: () => void) {
      const due = now + ms + timers.size / 1000
      timers.set(due, callback)
      return () => timers.delete(due)
    },
  }
  const advance = (ms: number): void => {
    now += ms
    for (const [due, callback] of [...timers].sort(([a], [b]) => a - b)) {
      if (due > now) continue
      timers.delete(due)
      callback()
    }
  }
  const sockets: FakeSocket[] = []
  class FakeSocket {
    readyState = 1
    onopen: (() => void) | null = null
    onmessage: ((event: { data: string }) => void) | null = null
    onclose: ((event: { code: number }) => void) | null = null
    onerror: (() => void) | null = null
    closed = false
    readonly sent: string[] = []
    send(frame: string): void {
      this.sent.push(frame)
    }
    close(): void {
      this.closed = true
    }
  }
  const signaling = createWebSocketSignaling({
    url: 'ws://anywhere',
    cipher: await createRoomCipher(ROOM, KEY),
    clock,
    random: () => 1,
    createSocket: () => {
      const socket = new FakeSocket()
      sockets.push(socket)
      return socket as unknown as WebSocket
    },
  })
  const heard = listen(signaling)
  sockets[0]!.onopen!()
  expect(JSON.parse(sockets[0]!.sent[0]!)).toMatchObject({ t: 'join' })
  sockets[0]!.onmessage!({ data: WELCOME })
  advance(40_000)
  sockets[0]!.onmessage!({ data: encodeFrame({ t: 'beat' }) })
  advance(40_000)
  expect(signaling.state).toBe('open')
  advance(6_000)
  expect(sockets[0]!.closed).toBe(true)
  expect(heard.events.at(-1)).toEqual({ type: 'closed', willRetry: true, reason: 'network' })
  advance(600)
  expect(sockets).toHaveLength(2)
  // Nobody answers: the pauses grow to a limit.
  for (let i = 0; i < 12; i++) {
    advance(15_001)
    advance(15_001)
  }
  expect(sockets.length).toBeGreaterThan(8)
  expect(sockets.slice(0, -1).every(socket => socket.closed)).toBe(true)
  signaling.close()
  expect(timers.size).toBe(0)
})

test('refuses payloads above the limit', async () => {
  const server = await scriptedServer(socket => socket.send(WELCOME))
  await server.heard.until('open')
  expect(() => server.signaling.send(PEER, new Uint8Array(MAX_PLAIN_BYTES + 1))).toThrow(RangeError)
  await server.close()
})
