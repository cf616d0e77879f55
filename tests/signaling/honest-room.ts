// Members that keep sending each other numbered messages and notice everything: losses, disorder, strangers, delay.
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeBase64url, encodeBase64url } from '../../src/core/num/base64url.ts'
import type { SocketId } from '../../src/protocol/signaling.ts'
import { joinRoom, type RawClient } from './support.ts'

export interface HonestReport {
  readonly sent: number
  readonly lost: number
  /** Messages from outside the room, out of order or with other content. */
  readonly foreign: number
  readonly disconnected: number
  readonly slowestMs: number
}

export interface HonestRoom {
  readonly members: readonly SocketId[]
  stop(): Promise<HonestReport>
}

interface Options {
  readonly members: number
  /** Seen by a server that trusts its proxy. */
  readonly address: string
  readonly everyMs: number
}

export async function startHonestRoom(port: number, options: Options): Promise<HonestRoom> {
  const headers = { 'X-Forwarded-For': options.address }
  const joined: { client: RawClient; self: SocketId }[] = []
  for (let i = 0; i < options.members; i++) joined.push(await joinRoom(port, 'honest room', { headers }))
  const members = joined.map(member => member.self)

  let sent = 0
  let received = 0
  let foreign = 0
  let disconnected = 0
  let slowestMs = 0
  const lastSeen = new Map<string, number>()
  for (const { client, self } of joined) {
    client.ws.on('close', () => disconnected++)
    client.ws.on('message', raw => {
      const frame = JSON.parse(String(raw)) as { t: string; from?: SocketId; data?: string }
      if (frame.t !== 'from') return
      const bytes = decodeBase64url(frame.data ?? '') ?? new Uint8Array()
      const [number = -1, sentMs = 0] = new TextDecoder().decode(bytes).split(' ').map(Number)
      const way = `${frame.from ?? ''} ${self}`
      const isExpected = members.includes(frame.from!) && number > (lastSeen.get(way) ?? -1)
      if (!isExpected) foreign++
      lastSeen.set(way, number)
      received++
      slowestMs = Math.max(slowestMs, performance.now() - sentMs)
    })
  }
  const say = (): void => {
    for (const { client, self } of joined) {
      const to = members[(members.indexOf(self) + 1 + (sent % (members.length - 1))) % members.length]!
      if (to === self || client.ws.readyState !== client.ws.OPEN) continue
      client.say({
        t: 'send',
        to,
        data: encodeBase64url(new TextEncoder().encode(`${sent} ${performance.now()}`)),
      })
      sent++
    }
  }
  const timer = setInterval(say, options.everyMs)

  return {
    members,
    async stop() {
      clearInterval(timer)
      for (let i = 0; i < 200 && received < sent; i++) await sleep(25)
      const report = { sent, lost: sent - received, foreign, disconnected, slowestMs: Math.round(slowestMs) }
      await Promise.all(joined.map(({ client }) => client.close()))
      return report
    },
  }
}
