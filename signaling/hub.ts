// Rooms of the signaling server as a machine without I/O: step(event) changes the state and returns what to do. It
// introduces random members to each other and passes on payloads that it cannot read. Chance and the ICE servers are
// handed in. Bounded by its two caps: a member knows at most the members of its room. Rates are the gateway's business.
import {
  CLOSE_ROOM_FULL,
  CLOSE_SERVER_FULL,
  MAX_WELCOME_PEERS,
  type ClientFrame,
  type IceServer,
  type RoomHash,
  type ServerFrame,
  type SignalingErrorCode,
  type SocketId,
} from '../src/protocol/signaling.ts'

export type HubEvent =
  | { readonly type: 'frame'; readonly socket: SocketId; readonly frame: ClientFrame }
  | { readonly type: 'leave'; readonly socket: SocketId }

export type HubEffect =
  | { readonly type: 'send'; readonly socket: SocketId; readonly frame: ServerFrame }
  | { readonly type: 'close'; readonly socket: SocketId; readonly code: number }

export interface HubOptions {
  readonly maxRooms: number
  readonly maxMembersPerRoom: number
  /** A uniform integer in [0, below). */
  readonly random: (below: number) => number
  readonly iceServers: () => readonly IceServer[]
}

export interface Hub {
  readonly rooms: number
  readonly members: number
  isJoined(socket: SocketId): boolean
  step(event: HubEvent): readonly HubEffect[]
}

interface Member {
  readonly socket: SocketId
  readonly room: Room
  /** Members that it was introduced to or exchanged messages with: they hear when it goes. Symmetric. */
  readonly known: Set<SocketId>
}

interface Room {
  readonly hash: RoomHash
  readonly members: Map<SocketId, Member>
}

export function createHub(options: HubOptions): Hub {
  const rooms = new Map<RoomHash, Room>()
  const members = new Map<SocketId, Member>()

  function onFrame(socket: SocketId, frame: ClientFrame): readonly HubEffect[] {
    const member = members.get(socket)
    if (frame.t === 'join') return member ? [refuse(socket, 'not-joined')] : join(socket, frame.room)
    if (!member) return [refuse(socket, 'not-joined')]
    switch (frame.t) {
      case 'send':
        return relay(member, frame.to, frame.data)
      case 'introduce':
        return introduce(member, frame.count)
      default:
        frame satisfies never
        return []
    }
  }

  function join(socket: SocketId, hash: RoomHash): readonly HubEffect[] {
    let room = rooms.get(hash)
    if (!room) {
      if (rooms.size >= options.maxRooms) return turnAway(socket, 'server-full', CLOSE_SERVER_FULL)
      room = { hash, members: new Map() }
      rooms.set(hash, room)
    }
    if (room.members.size >= options.maxMembersPerRoom) return turnAway(socket, 'room-full', CLOSE_ROOM_FULL)
    const member: Member = { socket, room, known: new Set() }
    const peers = pick([...room.members.values()], MAX_WELCOME_PEERS, options.random)
    room.members.set(socket, member)
    members.set(socket, member)
    for (const peer of peers) acquaint(member, peer)
    return [
      send(socket, {
        t: 'welcome',
        self: socket,
        peers: peers.map(peer => peer.socket),
        size: room.members.size,
        iceServers: options.iceServers(),
      }),
      ...peers.map(peer => send(peer.socket, { t: 'peer', peer: socket })),
    ]
  }

  function relay(member: Member, to: SocketId, data: string): readonly HubEffect[] {
    const target = member.room.members.get(to)
    if (!target || target === member) return [send(member.socket, { t: 'error', code: 'unknown-peer', to })]
    acquaint(member, target)
    return [send(to, { t: 'from', from: member.socket, data })]
  }

  function introduce(member: Member, count: number): readonly HubEffect[] {
    const strangers = [...member.room.members.values()].filter(
      other => other !== member && !member.known.has(other.socket),
    )
    return pick(strangers, count, options.random).flatMap(other => {
      acquaint(member, other)
      return [
        send(member.socket, { t: 'peer', peer: other.socket }),
        send(other.socket, { t: 'peer', peer: member.socket }),
      ]
    })
  }

  function leave(socket: SocketId): readonly HubEffect[] {
    const member = members.get(socket)
    if (!member) return []
    const { room } = member
    members.delete(socket)
    room.members.delete(socket)
    if (room.members.size === 0) rooms.delete(room.hash)
    const effects: HubEffect[] = []
    for (const friend of member.known) {
      room.members.get(friend)?.known.delete(socket)
      effects.push(send(friend, { t: 'gone', peer: socket }))
    }
    return effects
  }

  return {
    get rooms() {
      return rooms.size
    },
    get members() {
      return members.size
    },
    isJoined: socket => members.has(socket),
    step(event) {
      switch (event.type) {
        case 'frame':
          return onFrame(event.socket, event.frame)
        case 'leave':
          return leave(event.socket)
        default:
          event satisfies never
          return []
      }
    },
  }
}

function acquaint(a: Member, b: Member): void {
  a.known.add(b.socket)
  b.known.add(a.socket)
}

/** A uniform sample without replacement (partial Fisher-Yates); reorders the array it is given. */
function pick<T>(items: T[], count: number, random: (below: number) => number): readonly T[] {
  const taken = Math.min(count, items.length)
  for (let i = 0; i < taken; i++) {
    const j = i + random(items.length - i)
    const kept = items[i]!
    items[i] = items[j]!
    items[j] = kept
  }
  return items.slice(0, taken)
}

function send(socket: SocketId, frame: ServerFrame): HubEffect {
  return { type: 'send', socket, frame }
}

function refuse(socket: SocketId, code: SignalingErrorCode): HubEffect {
  return send(socket, { t: 'error', code })
}

function turnAway(socket: SocketId, code: SignalingErrorCode, close: number): readonly HubEffect[] {
  return [refuse(socket, code), { type: 'close', socket, code: close }]
}
