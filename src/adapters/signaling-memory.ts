// The Signaling port inside one process: sockets of one room that hear of each other as they would from the server. For
// tests: the server can stop and start, and somebody in the middle can read, change or drop payloads, which is what a
// hostile server with the room key could do. Payloads are not sealed.
import type { Clock } from '../ports/clock.ts'
import type { IceServer, Signaling, SignalingEvent, SocketId } from '../ports/signaling.ts'
import { createRng, shuffle } from '../core/num/rng.ts'
import { systemClock } from './clock-system.ts'

export interface MemorySignalingOptions {
  readonly clock?: Clock
  readonly seed?: string
  /** Members named in a welcome. */
  readonly welcomePeers?: number
  readonly iceServers?: readonly IceServer[]
  /** What becomes of a payload on its way; undefined drops it. */
  readonly onPath?: (payload: Uint8Array, from: SocketId, to: SocketId) => Uint8Array | undefined
}

export interface MemorySignaling {
  connect(): Signaling
  /** The server dies: all sockets close and retry until start(). */
  stop(): void
  start(): void
  /** A payload that a hostile server makes up. */
  inject(payload: Uint8Array, from: SocketId, to: SocketId): void
  readonly sockets: number
}

interface Client {
  socket: SocketId | undefined
  state: Signaling['state']
  readonly listeners: Set<(event: SignalingEvent) => void>
  readonly known: Set<Client>
}

export function createMemorySignaling(options: MemorySignalingOptions = {}): MemorySignaling {
  const clock = options.clock ?? systemClock
  const rng = createRng(options.seed ?? 'memory-signaling')
  const clients = new Set<Client>()
  const bySocket = new Map<SocketId, Client>()
  let running = true
  let sockets = 0

  /** Events come after the call that caused them, as from a network. */
  const tell = (client: Client, event: SignalingEvent): void => {
    const socket = client.socket
    clock.after(0, () => {
      if (client.state === 'closed' || client.socket !== socket) return
      for (const listener of [...client.listeners]) listener(event)
    })
  }

  const acquaint = (a: Client, b: Client): void => {
    a.known.add(b)
    b.known.add(a)
  }

  const openEvent = (client: Client, self: SocketId): SignalingEvent => ({
    type: 'open',
    self,
    peers: [...client.known].flatMap(peer => peer.socket ?? []),
    size: bySocket.size,
    iceServers: options.iceServers ?? [],
  })

  const open = (client: Client): void => {
    const socket = String(++sockets).padStart(16, '0') as SocketId
    const peers = shuffle([...bySocket.values()], rng).slice(0, options.welcomePeers ?? 8)
    client.socket = socket
    client.state = 'open'
    bySocket.set(socket, client)
    for (const peer of peers) acquaint(client, peer)
    tell(client, openEvent(client, socket))
    for (const peer of peers) tell(peer, { type: 'peer', peer: socket })
  }

  const forget = (client: Client): void => {
    const socket = client.socket
    if (socket === undefined) return
    bySocket.delete(socket)
    client.socket = undefined
    for (const peer of client.known) {
      peer.known.delete(client)
      tell(peer, { type: 'gone', peer: socket })
    }
    client.known.clear()
  }

  return {
    get sockets() {
      return bySocket.size
    },
    stop() {
      running = false
      bySocket.clear()
      for (const client of clients) {
        client.known.clear()
        client.socket = undefined
        client.state = 'connecting'
        tell(client, { type: 'closed', willRetry: true, reason: 'network' })
      }
    },
    inject(payload, from, to) {
      const target = bySocket.get(to)
      if (target) tell(target, { type: 'message', from, payload })
    },
    start() {
      running = true
      for (const client of clients) if (client.state === 'connecting') open(client)
    },
    connect() {
      const client: Client = {
        socket: undefined,
        state: 'connecting',
        listeners: new Set(),
        known: new Set(),
      }
      clients.add(client)
      clock.after(0, () => {
        if (running && client.state === 'connecting') open(client)
      })
      return {
        get state() {
          return client.state
        },
        send(to, payload) {
          const from = client.socket
          const target = bySocket.get(to)
          if (from === undefined) return
          if (!target) return tell(client, { type: 'gone', peer: to })
          acquaint(client, target)
          const arriving = options.onPath ? options.onPath(payload, from, to) : payload
          if (arriving) tell(target, { type: 'message', from, payload: new Uint8Array(arriving) })
        },
        introduce(count) {
          if (client.socket === undefined) return
          const strangers = [...bySocket.values()].filter(peer => peer !== client && !client.known.has(peer))
          for (const peer of shuffle(strangers, rng).slice(0, count)) {
            acquaint(client, peer)
            if (peer.socket !== undefined) tell(client, { type: 'peer', peer: peer.socket })
            tell(peer, { type: 'peer', peer: client.socket })
          }
        },
        subscribe(listener) {
          client.listeners.add(listener)
          const { socket } = client
          if (socket !== undefined) {
            clock.after(0, () => {
              if (client.socket === socket && client.listeners.has(listener))
                listener(openEvent(client, socket))
            })
          }
          return () => client.listeners.delete(listener)
        },
        close() {
          forget(client)
          client.state = 'closed'
          clients.delete(client)
          client.listeners.clear()
        },
      }
    },
  }
}
