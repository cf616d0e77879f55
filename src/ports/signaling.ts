// Port: introductions. The server knows sockets and an opaque room hash; payloads are sealed with the room key before
// they leave (AES-GCM, key by HKDF), so a payload that opens was made by somebody who holds the link.

/** Names a socket on the signaling server; changes at every reconnect. */
export type SocketId = string & { readonly __socketId: true }

/** As RTCConfiguration.iceServers; TURN credentials are time-limited and renewed at every open. */
export interface IceServer {
  readonly urls: string
  readonly username?: string
  readonly credential?: string
}

export type SignalingEvent =
  /** Also after every reconnect, and at once for who subscribes to an open one. `peers` are random introductions, `size` the sockets in the room, self included. */
  | {
      readonly type: 'open'
      readonly self: SocketId
      readonly peers: readonly SocketId[]
      readonly size: number
      readonly iceServers: readonly IceServer[]
    }
  | { readonly type: 'peer'; readonly peer: SocketId }
  | { readonly type: 'gone'; readonly peer: SocketId }
  /** Decrypted and authentic; payloads that do not open never get here (they are counted). */
  | { readonly type: 'message'; readonly from: SocketId; readonly payload: Uint8Array }
  | {
      readonly type: 'closed'
      readonly willRetry: boolean
      readonly reason: 'network' | 'room-full' | 'refused'
    }

export interface Signaling {
  readonly state: 'connecting' | 'open' | 'closed'
  send(to: SocketId, payload: Uint8Array): void
  /** Asks for up to `count` further random introductions; they come as 'peer' events. */
  introduce(count: number): void
  subscribe(listener: (event: SignalingEvent) => void): () => void
  close(): void
}
