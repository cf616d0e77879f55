// A page with one transport over the real signaling server, driven by tests that need several pages or processes.
import { openConnections } from '../../src/adapters/link-webrtc.ts'
import { createRoomCipher } from '../../src/adapters/room-cipher.ts'
import { createWebSocketSignaling } from '../../src/adapters/signaling-websocket.ts'
import { loadOrCreateSigner } from '../../src/adapters/signer-webcrypto.ts'
import { createSimplePeerTransport } from '../../src/adapters/transport-simple-peer.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import type { IceServer } from '../../src/ports/signaling.ts'

export interface PageOptions {
  readonly signalUrl: string
  /** Identity in this browser's storage. */
  readonly slot: string
  readonly relayOnly?: boolean
  readonly iceServers?: readonly IceServer[]
}

export interface PageLink {
  readonly path: string
  readonly receivedBytes: number
}

export interface PageTransport {
  join(options: PageOptions): Promise<string>
  links(): Record<string, PageLink>
  /** Messages of `count` times `bytes` to everyone. */
  send(bytes: number, count: number): boolean
  /** Types of events so far, with the last reason of "down". */
  events(): string[]
  received(): number
  leave(): void
  openConnections(): number
}

declare global {
  interface Window {
    pageTransport?: PageTransport
  }
}

const ROOM = 'AAECAwQFBgcICQoLDA0ODw' as RoomId

let transport: ReturnType<typeof createSimplePeerTransport> | undefined
let leave: () => void = () => undefined
const events: string[] = []
let received = 0

window.pageTransport = {
  async join({ signalUrl, slot, relayOnly, iceServers }) {
    const signer = await loadOrCreateSigner('transport-test', slot)
    const cipher = await createRoomCipher(ROOM, new Uint8Array(32).fill(5))
    const signaling = createWebSocketSignaling({ url: signalUrl, cipher })
    const made = createSimplePeerTransport({
      signaling,
      signer,
      room: ROOM,
      ...(iceServers === undefined ? {} : { iceServers }),
      ...(relayOnly ? { iceTransportPolicy: 'relay' } : {}),
    })
    transport = made
    made.subscribe(event => {
      if (event.type === 'message') received += event.bytes.byteLength
      else events.push(event.type === 'down' ? `down ${event.reason}` : event.type)
    })
    leave = () => {
      made.close()
      signaling.close()
    }
    return signer.id
  },
  links() {
    const found: Record<string, PageLink> = {}
    for (const member of transport?.links() ?? []) {
      const stats = transport!.stats(member)!
      found[member] = { path: stats.path, receivedBytes: stats.receivedBytes }
    }
    return found
  },
  send(bytes, count) {
    let sent = true
    for (const member of transport?.links() ?? []) {
      for (let i = 0; i < count; i++)
        sent = transport!.send(member as MemberId, new Uint8Array(bytes), 'bulk') && sent
    }
    return sent
  },
  events: () => events,
  received: () => received,
  leave: () => leave(),
  openConnections,
}
