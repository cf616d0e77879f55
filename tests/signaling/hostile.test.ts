// 10,000 hostile frames from many addresses, while an honest room on the same server goes on talking.
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import type { WebSocket } from 'ws'
import { createRng } from '../../src/core/num/rng.ts'
import { SIGNALING_PATH } from '../../src/protocol/signaling.ts'
import { startServerChild, type ServerChild } from './child.ts'
import { makeBreaker, makeHostileFrame, type HostileFrame } from './hostile-frames.ts'
import { startHonestRoom } from './honest-room.ts'
import { connectRaw, joinFrame, type RawClient } from './support.ts'

const FRAMES = 10_000
const ATTACKERS = 12
const BATCH = 10

let server: ServerChild | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

it('10,000 hostile frames: the server lives, its memory is bounded, an honest room does not notice', async () => {
  const seed = 'hostile 1'
  server = await startServerChild({ trustProxy: true })
  const { port } = server
  const room = await startHonestRoom(port, { members: 5, address: '192.0.2.1', everyMs: 20 })
  const before = await server.usage()

  const tally = { sent: 0, connections: 0, refusedHandshakes: 0, answers: 0, breakers: 0 }
  const attack = async (attacker: number): Promise<void> => {
    const rng = createRng(`${seed} ${attacker}`)
    const address = `198.51.100.${attacker}`
    while (tally.sent < FRAMES) {
      const client = await connectRaw(port, { headers: { 'X-Forwarded-For': address } }).catch(
        () => undefined,
      )
      if (!client) {
        tally.refusedHandshakes++
        await sleep(50)
        continue
      }
      tally.connections++
      if (rng.next() < 0.8) client.say(joinFrame(`attackers ${rng.below(3)}`))
      // In batches that the server has read before the next one: else most frames would die with their connection.
      for (let isOpen = true; isOpen && tally.sent < FRAMES;) {
        for (let i = 0; i < BATCH; i++) await launch(client.ws, makeHostileFrame(rng, room.members[0]!))
        isOpen = await isAnswering(client)
        tally.sent += BATCH
        if (isOpen && rng.next() < 0.1) {
          await launch(client.ws, makeBreaker(rng))
          tally.breakers++
          await Promise.race([client.closed, sleep(300)])
          isOpen = false
        }
      }
      tally.answers += client.frames.length
      await client.close()
      if (rng.next() < 0.2) await garbageHandshake(port, rng.below(4))
    }
  }
  await Promise.all(Array.from({ length: ATTACKERS }, (_, i) => attack(i)))

  await sleep(200)
  const report = await room.stop()
  const after = await server.usage()
  const summary = {
    seed,
    attack: tally,
    honest: report,
    stallMs: after.stallMs,
    growthMiB: mib(after.rssBytes - before.rssBytes),
  }
  console.log('hostile frames:', JSON.stringify(summary), JSON.stringify(after.stats.errors))

  expect(tally.sent, `seed ${seed}`).toBeGreaterThanOrEqual(FRAMES)
  expect(server.process.exitCode).toBeNull()
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
  expect(after.stats.internalErrors).toBe(0)
  expect(after.stats.errors.malformed).toBeGreaterThan(1_000)
  // Nothing lost, nothing from strangers, nobody disconnected, and never kept waiting for long.
  expect(report.sent).toBeGreaterThan(100)
  expect(report).toMatchObject({ lost: 0, foreign: 0, disconnected: 0 })
  expect(report.slowestMs).toBeLessThan(2_000)
  expect(after.stats.members).toBeLessThanOrEqual(5)
  expect(mib(after.heapBytes - before.heapBytes)).toBeLessThan(16)
  expect(mib(after.rssBytes - before.rssBytes)).toBeLessThan(128)
})

function mib(bytes: number): number {
  return Math.round((bytes / 1024 / 1024) * 10) / 10
}

/** Pings and waits for the pong; false when the server has closed the connection instead. */
async function isAnswering({ ws, closed }: RawClient): Promise<boolean> {
  if (ws.readyState !== ws.OPEN) return false
  const pong = new Promise<true>(resolve => {
    ws.on('pong', (data: Buffer) => {
      if (data.toString() !== 'flood') resolve(true)
    })
  })
  ws.ping('batch', undefined, () => undefined)
  const isOpen = await Promise.race([pong, closed.then(() => false), sleep(1_000).then(() => false)])
  ws.removeAllListeners('pong')
  return isOpen
}

async function launch(ws: WebSocket, frame: HostileFrame): Promise<void> {
  // A send to a socket that the server has just cut is part of the attack.
  const done = () => undefined
  switch (frame.type) {
    case 'message':
      ws.send(frame.content, { binary: frame.binary }, done)
      break
    case 'fragments':
      frame.pieces.forEach((piece, i) =>
        ws.send(piece, { fin: frame.ends && i === frame.pieces.length - 1 }, done),
      )
      break
    case 'pings':
      for (let i = 0; i < frame.count; i++) ws.ping('flood', undefined, done)
      break
    case 'wire': {
      // reason: the library offers no way to break its own framing.
      const { _socket: socket } = ws as unknown as {
        _socket?: { destroyed: boolean; write(bytes: Uint8Array): void }
      }
      if (socket && !socket.destroyed) socket.write(frame.bytes)
      break
    }
    default:
      frame satisfies never
  }
  if (ws.bufferedAmount > 1_000_000) await sleep(5)
}

/** Handshakes that are none. */
async function garbageHandshake(port: number, kind: number): Promise<void> {
  const request = [
    '\u0000\u0001\u0002 garbage\r\n\r\n',
    `GET ${SIGNALING_PATH} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
    `GET /%zz HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: a\r\n\r\n`,
    `POST ${SIGNALING_PATH} HTTP/1.1\r\nHost: x\r\nOrigin: null\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`,
  ][kind]!
  await new Promise<void>(resolve => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    socket.setTimeout(1_000, () => socket.destroy())
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
    socket.resume()
  })
}
