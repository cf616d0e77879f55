// A thousand sockets and readers that do not read, on a server in its own process.
import { afterEach, expect, it } from 'vitest'
import { setTimeout as sleep } from 'node:timers/promises'
import { startServerChild, type ServerChild, type Usage } from './child.ts'
import { startHonestRoom } from './honest-room.ts'
import { joinRoom } from './support.ts'

const SOCKETS = 1_000
const ROOMS = 20
const SLOW_READERS = 16

let server: ServerChild | undefined
afterEach(async () => {
  await server?.close()
  server = undefined
})

const mib = (bytes: number) => Math.round((bytes / 1024 / 1024) * 10) / 10
const from = (host: number) => ({ headers: { 'X-Forwarded-For': `192.0.2.${host}` } })

it('1,000 sockets in 20 rooms talk to whom they were introduced to; afterwards nothing is left of them', async () => {
  server = await startServerChild({ trustProxy: true })
  const { port } = server
  const before = await server.usage()
  const startedMs = performance.now()
  const members: Awaited<ReturnType<typeof joinRoom>>[] = []
  // Fifty at a time: a class that opens the link.
  for (let first = 0; first < SOCKETS; first += 50) {
    const wave = Array.from({ length: 50 }, (_, i) =>
      joinRoom(port, `room ${(first + i) % ROOMS}`, from(1 + (i % 4))),
    )
    members.push(...(await Promise.all(wave)))
  }
  const joinedMs = performance.now() - startedMs
  const full = await server.usage()
  expect(full.stats).toMatchObject({ sockets: SOCKETS, members: SOCKETS, rooms: ROOMS })
  expect(members.slice(-ROOMS).every(({ welcome }) => welcome.peers.length === 8)).toBe(true)

  let arrived = 0
  let expected = 0
  for (const { client } of members)
    client.ws.on('message', raw => (arrived += String(raw).includes('"from"') ? 1 : 0))
  for (const { client, welcome } of members) {
    for (const peer of welcome.peers) {
      client.say({ t: 'send', to: peer, data: 'A'.repeat(2_000) })
      expected++
    }
  }
  for (let i = 0; i < 400 && arrived < expected; i++) await sleep(25)
  expect(arrived).toBe(expected)

  await Promise.all(members.map(({ client }) => client.close()))
  const after = await untilIdle(server)
  console.log(
    `1,000 sockets: joined in ${joinedMs.toFixed(0)} ms, ${expected} messages passed on,`,
    `heap +${mib(full.heapBytes - before.heapBytes)} MiB while open, +${mib(after.heapBytes - before.heapBytes)} after,`,
    `resident +${mib(after.rssBytes - before.rssBytes)} MiB, longest stall ${Math.round(after.stallMs)} ms`,
  )
  expect(after.stats).toMatchObject({ sockets: 0, members: 0, rooms: 0, internalErrors: 0 })
  expect(mib(full.heapBytes - before.heapBytes)).toBeLessThan(64)
  expect(mib(after.heapBytes - before.heapBytes)).toBeLessThan(8)
  expect(mib(after.rssBytes - before.rssBytes)).toBeLessThan(160)
})

it('readers that do not read are disconnected before they cost memory, and an honest room does not notice', async () => {
  server = await startServerChild({ trustProxy: true })
  const { port } = server
  const room = await startHonestRoom(port, { members: 4, address: '192.0.2.250', everyMs: 20 })
  const before = await server.usage()
  const slow = await Promise.all(Array.from({ length: SLOW_READERS }, () => joinRoom(port, 'slow', from(1))))
  for (const { client } of slow) client.ws.pause()

  const peak = { rssBytes: before.rssBytes, heapBytes: before.heapBytes }
  const data = 'A'.repeat(64 * 1024)
  for (const [i, target] of slow.entries()) {
    // Each receiver gets up to 15 MiB from two senders, far more than the system's own socket buffers hold.
    const senders = await Promise.all([0, 1].map(() => joinRoom(port, 'slow', from(10 + i))))
    for (let sent = 0; sent < 120; sent++) {
      for (const { client } of senders) client.say({ t: 'send', to: target.self, data })
      if (sent % 20 === 0) await sleep(5)
    }
    await Promise.all(senders.map(({ client }) => drained(client.ws)))
    const usage = await server.usage()
    peak.rssBytes = Math.max(peak.rssBytes, usage.rssBytes)
    peak.heapBytes = Math.max(peak.heapBytes, usage.heapBytes)
    await Promise.all(senders.map(({ client }) => client.close()))
  }
  const { stats, stallMs } = await server.usage()
  const report = await room.stop()
  console.log(
    `slow readers: ${stats.disconnects['slow-reader']} of ${SLOW_READERS} disconnected after ${mib(stats.relayedBytes)} MiB,`,
    `peak heap +${mib(peak.heapBytes - before.heapBytes)} MiB, peak resident +${mib(peak.rssBytes - before.rssBytes)} MiB,`,
    `longest stall ${Math.round(stallMs)} ms, honest room: ${JSON.stringify(report)}`,
  )
  expect(stats.disconnects['slow-reader']).toBe(SLOW_READERS)
  expect(report).toMatchObject({ lost: 0, foreign: 0, disconnected: 0 })
  expect(report.slowestMs).toBeLessThan(2_000)
  expect(mib(peak.heapBytes - before.heapBytes)).toBeLessThan(48)
  expect(mib(peak.rssBytes - before.rssBytes)).toBeLessThan(160)
  for (const { client } of slow) client.ws.terminate()
})

async function untilIdle(child: ServerChild): Promise<Usage> {
  let usage = await child.usage()
  for (let i = 0; i < 100 && usage.stats.sockets > 0; i++) {
    await sleep(50)
    usage = await child.usage()
  }
  return usage
}

async function drained(ws: { readonly bufferedAmount: number }): Promise<void> {
  for (let i = 0; i < 400 && ws.bufferedAmount > 0; i++) await sleep(10)
}
