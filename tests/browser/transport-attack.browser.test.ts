// WebRTC links with somebody hostile or absent around them: a man in the middle of signaling, a server that stops, members
// that flood or speak nonsense.
import { afterEach, describe, expect, test } from 'vitest'
import { openConnections } from '../../src/adapters/link-webrtc.ts'
import {
  decodeLinkSignal,
  encodeLinkSignal,
  TRANSPORT_PAYLOAD,
  type RtcSignal,
  type TryId,
} from '../../src/adapters/link-signals.ts'
import type { SocketId } from '../../src/ports/signaling.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { record, untilLinked, untilTrue } from '../contract/transport.ts'
import { createRtcRoom, openPair } from './transport-room.ts'

const sleep = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))
let open: Transport[] = []

afterEach(async () => {
  for (const transport of open) transport.close()
  open = []
  await untilTrue('all connections closed', () => openConnections() === 0)
})

/**
 * Ends WebRTC with both victims and hands every data channel frame across, so that only the fingerprints differ: what a
 * signaling server that has the room key could do.
 */
class ManInTheMiddle {
  readonly #connections = new Map<SocketId, RTCPeerConnection>()
  readonly #channels = new Map<SocketId, RTCDataChannel>()
  readonly #tries = new Map<SocketId, { own: TryId; other: TryId }>()
  readonly #early: { towards: SocketId; data: ArrayBuffer }[] = []
  carried = 0
  deliver: (signal: Uint8Array, from: SocketId, to: SocketId) => void = () => undefined

  onPath = (payload: Uint8Array, from: SocketId, to: SocketId): Uint8Array | undefined => {
    const signal = decodeLinkSignal(payload)
    if (signal?.t !== 'rtc') return payload
    this.#tries.set(from, { own: signal.own, other: signal.other })
    void this.#take(from, to, signal.items)
    return undefined
  }

  async #take(from: SocketId, to: SocketId, items: readonly RtcSignal[]): Promise<void> {
    for (const item of items) {
      if (item.type === 'offer') {
        const near = this.#open(from, to)
        await near.setRemoteDescription(item)
        await near.setLocalDescription(await near.createAnswer())
        this.#say(to, from, { type: 'answer', sdp: near.localDescription!.sdp })
        const far = this.#open(to, from)
        this.#keep(to, far.createDataChannel('yoriai'), from)
        await far.setLocalDescription(await far.createOffer())
        this.#say(from, to, { type: 'offer', sdp: far.localDescription!.sdp })
      } else if (item.type === 'answer') {
        await this.#connections.get(from)?.setRemoteDescription(item)
      } else if (item.type === 'candidate') {
        for (let i = 0; i < 100 && !this.#connections.get(from)?.remoteDescription; i++) await sleep(10)
        await this.#connections.get(from)?.addIceCandidate(item)
      }
    }
  }

  /** A connection with the victim at `socket`, in the name of the one at `inNameOf`. */
  #open(socket: SocketId, inNameOf: SocketId): RTCPeerConnection {
    const connection = new RTCPeerConnection({ iceServers: [] })
    this.#connections.set(socket, connection)
    connection.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return
      const { candidate: text, sdpMid, sdpMLineIndex } = candidate
      this.#say(inNameOf, socket, { type: 'candidate', candidate: text, sdpMid, sdpMLineIndex })
    }
    connection.ondatachannel = ({ channel }) => this.#keep(socket, channel, inNameOf)
    return connection
  }

  #keep(socket: SocketId, channel: RTCDataChannel, other: SocketId): void {
    channel.binaryType = 'arraybuffer'
    const flush = (): void => {
      this.#channels.set(socket, channel)
      for (const { towards, data } of this.#early.splice(0)) this.#carry(towards, data)
    }
    if (channel.readyState === 'open') flush()
    else channel.onopen = flush
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => this.#carry(other, data)
  }

  #carry(towards: SocketId, data: ArrayBuffer): void {
    const channel = this.#channels.get(towards)
    if (channel?.readyState !== 'open') {
      this.#early.push({ towards, data })
      return
    }
    this.carried++
    channel.send(data)
  }

  #say(inNameOf: SocketId, to: SocketId, item: RtcSignal): void {
    const pair = this.#tries.get(inNameOf)
    const back = this.#tries.get(to)
    const own = pair?.own ?? back!.other
    const other = pair?.other ?? back!.own
    this.deliver(encodeLinkSignal({ t: 'rtc', own, other, items: [item] }), inNameOf, to)
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close()
  }
}

test('a man in the middle with the room key is found out by both, and no link comes up', async () => {
  const middle = new ManInTheMiddle()
  const room = createRtcRoom(middle.onPath)
  middle.deliver = (payload, from, to) => room.signaling.inject(payload, from, to)
  const [a, b] = [await room.join(), await room.join()]
  open.push(a, b)
  const [fromA, fromB] = [record(a), record(b)]
  for (const seen of [fromA, fromB]) {
    await seen.until('the violation', events => events.some(event => event.type === 'violation'))
    expect(seen.events.map(event => event.type)).toEqual(['violation'])
    expect(seen.events[0]).toMatchObject({ member: null })
  }
  // It really was in the middle: both hellos and proofs went through its hands.
  expect(middle.carried).toBeGreaterThanOrEqual(3)
  expect([...a.links(), ...b.links()]).toEqual([])
  middle.close()
})

test('with a false fingerprint slipped into the descriptions no link comes up', async () => {
  const decoder = new TextDecoder()
  const room = createRtcRoom(payload => {
    if (payload[0] !== TRANSPORT_PAYLOAD) return payload
    const text = decoder.decode(payload.subarray(1))
    const extra = `a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`
    const bent = text.replace(/(a=fingerprint:[^\\]+)/, `$1\\r\\n${extra}`)
    return Uint8Array.of(TRANSPORT_PAYLOAD, ...new TextEncoder().encode(bent))
  })
  const [a, b] = [await room.join({ connectMs: 1_500 }), await room.join({ connectMs: 1_500 })]
  open.push(a, b)
  const seen = [record(a), record(b)]
  await untilTrue('two tries', () => room.connectionsOf(a).length >= 2)
  expect(seen.flatMap(({ events }) => events.filter(event => event.type === 'up'))).toEqual([])
  expect(room.connectionsOf(a)[0]!.signalingState).toBe('closed')
})

test('nothing is built for a socket that never says hello', async () => {
  const room = createRtcRoom()
  const silent = room.signaling.connect()
  const a = await room.join()
  open.push(a)
  const heard: Uint8Array[] = []
  silent.subscribe(event => {
    if (event.type !== 'message') return
    heard.push(event.payload)
    // A preview, and nonsense of every length, in reply.
    silent.send(event.from, Uint8Array.of(2, 1, 2, 3))
    silent.send(event.from, Uint8Array.of(TRANSPORT_PAYLOAD, ...new TextEncoder().encode('{"t":"call"}')))
    silent.send(event.from, new Uint8Array(0))
  })
  await sleep(1_500)
  expect(heard.length).toBeGreaterThan(0)
  expect(openConnections()).toBe(0)
  expect(room.connectionsOf(a)).toEqual([])
  silent.close()
})

describe('without signaling', () => {
  test('links stay, a broken one comes back through a common neighbour, and a newcomer waits', async () => {
    const room = createRtcRoom()
    const three = [await room.join(), await room.join(), await room.join()] as const
    open.push(...three)
    const [a, b] = three
    const recorders = three.map(record)
    await untilLinked(three)
    // Neighbours have told each other about themselves.
    await sleep(500)
    room.signaling.stop()
    await sleep(200)
    a.send(b.self, Uint8Array.of(1), 'control')
    await recorders[1]!.until('a message', () => recorders[1]!.messagesFrom(a.self).length === 1)

    room.cut(a, b)
    a.send(b.self, Uint8Array.of(2), 'control')
    await recorders[1]!.until('the next', () => recorders[1]!.messagesFrom(a.self).length === 2)
    expect(recorders.flatMap(seen => seen.events.filter(event => event.type === 'down'))).toEqual([])

    const late = await room.join()
    open.push(late)
    record(late)
    await sleep(500)
    expect(late.links()).toEqual([])
    room.signaling.start()
    await untilLinked([...three, late])
  })

  test('two members alone whose link breaks lose it after the grace period', async () => {
    const room = createRtcRoom()
    const [a, b, fromA] = await openPair(room)
    open.push(a, b)
    room.signaling.stop()
    room.cut(a, b)
    await fromA.until('the loss', events => events.some(event => event.type === 'down'))
    expect(fromA.events.at(-1)).toEqual({ type: 'down', member: b.self, reason: 'lost' })
  })
})

test('a member that starts anew is down and up again, with its messages in order', async () => {
  const room = createRtcRoom()
  const [a, b, fromA] = await openPair(room)
  open.push(a)
  room.abandon(b)
  const again = await room.join({}, room.signerOf(b))
  open.push(again)
  const seen = record(again)
  await seen.until('a', events => events.some(event => event.type === 'up'))
  await fromA.until('down and up', events => events.filter(event => event.type === 'up').length === 2)
  expect(fromA.events.map(event => event.type)).toEqual(['up', 'down', 'up'])
  a.send(again.self, Uint8Array.of(3), 'control')
  await seen.until('a message', () => seen.messagesFrom(a.self).length === 1)
})

test('ten members form one overlay whose every member is reachable, and all of it is freed', async () => {
  const room = createRtcRoom()
  const limits = { meshMembers: 4, degree: 3, maxDegree: 4 }
  for (let i = 0; i < 10; i++) {
    const member = await room.join({}, undefined, limits)
    record(member)
    open.push(member)
  }
  await untilTrue('three links each', () => open.every(member => member.links().length >= 3))
  await untilTrue('one group', () => {
    const byId = new Map(open.map(member => [member.self, member]))
    const seen = new Set([open[0]!.self])
    for (const at of seen) for (const next of byId.get(at)!.links()) seen.add(next)
    return seen.size === 10
  })
  await sleep(2_000)
  expect(Math.max(...open.map(member => member.links().length))).toBeLessThanOrEqual(6)
})
