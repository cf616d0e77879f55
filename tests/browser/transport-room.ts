// A room of WebRTC transports in one page for tests, over signaling in memory; its wires can be cut.
import { createMemorySignaling, type MemorySignaling } from '../../src/adapters/signaling-memory.ts'
import { createEphemeralSigner } from '../../src/adapters/signer-webcrypto.ts'
import {
  createSimplePeerTransport,
  type LinkTimes,
  type SimplePeerTransport,
} from '../../src/adapters/transport-simple-peer.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import type { OverlayLimits } from '../../src/core/overlay/partners.ts'
import type { Signaling, SocketId } from '../../src/ports/signaling.ts'
import type { Signer } from '../../src/ports/signer.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { readFingerprints } from '../../src/protocol/link-auth.ts'
import { record, untilTrue } from '../contract/transport.ts'

export const ROOM = 'AAECAwQFBgcICQoLDA0ODw' as RoomId
export const QUICK: LinkTimes = {
  pingMs: 300,
  silenceMs: 1_200,
  graceMs: 4_000,
  callMs: 2_000,
  connectMs: 15_000,
}

export interface RtcRoom {
  readonly signaling: MemorySignaling
  join(times?: Partial<LinkTimes>, signer?: Signer, limits?: OverlayLimits): Promise<SimplePeerTransport>
  signerOf(transport: Transport): Signer
  /** The member's process is gone: its connections end without a word, and nothing of it goes on. */
  abandon(transport: Transport): void
  /** Closes the connections between two members under their feet, and the way to new ones. */
  cut(a: Transport, b: Transport): void
  restore(a: Transport, b: Transport): void
  connectionsOf(transport: Transport): readonly RTCPeerConnection[]
}

export function createRtcRoom(
  tamper?: (payload: Uint8Array, from: SocketId, to: SocketId) => Uint8Array | undefined,
): RtcRoom {
  const sockets = new Map<SocketId, MemberId>()
  const connections = new Map<MemberId, RTCPeerConnection[]>()
  const signers = new Map<MemberId, Signer>()
  const signalings = new Map<MemberId, Signaling>()
  const blocked = new Set<string>()
  const wire = (a: MemberId | undefined, b: MemberId | undefined): string => [a, b].sort().join(' ')
  const signaling = createMemorySignaling({
    onPath(payload, from, to) {
      if (blocked.has(wire(sockets.get(from), sockets.get(to)))) return undefined
      return tamper ? tamper(payload, from, to) : payload
    },
  })
  const made = (transport: Transport): RTCPeerConnection[] => connections.get(transport.self) ?? []
  return {
    signaling,
    async join(times, given, limits) {
      const signer = given ?? (await createEphemeralSigner())
      signers.set(signer.id, signer)
      const own: RTCPeerConnection[] = []
      connections.set(signer.id, own)
      const socket = signaling.connect()
      signalings.set(signer.id, socket)
      socket.subscribe(event => {
        if (event.type === 'open') sockets.set(event.self, signer.id)
      })
      return createSimplePeerTransport({
        signaling: socket,
        signer,
        room: ROOM,
        iceServers: [],
        times: { ...QUICK, ...times },
        ...(limits === undefined ? {} : { limits }),
        createConnection(configuration) {
          const connection = new RTCPeerConnection(configuration)
          own.push(connection)
          return connection
        },
      })
    },
    connectionsOf: made,
    signerOf: transport => signers.get(transport.self)!,
    abandon(transport) {
      signalings.get(transport.self)?.close()
      for (const connection of made(transport)) connection.close()
      transport.close()
    },
    cut(a, b) {
      blocked.add(wire(a.self, b.self))
      const ends = (description: RTCSessionDescription | null): string =>
        readFingerprints(description?.sdp ?? '').join(' ')
      for (const near of made(a)) {
        for (const far of made(b)) {
          if (near.signalingState === 'closed' || far.signalingState === 'closed') continue
          if (ends(near.localDescription) === ends(far.remoteDescription)) near.close()
        }
      }
    },
    restore(a, b) {
      blocked.delete(wire(a.self, b.self))
    },
  }
}

export async function openPair(
  room: RtcRoom,
): Promise<[SimplePeerTransport, SimplePeerTransport, ReturnType<typeof record>, ReturnType<typeof record>]> {
  const a = await room.join()
  const fromA = record(a)
  const b = await room.join()
  const fromB = record(b)
  await untilTrue('both linked', () => a.links().length === 1 && b.links().length === 1)
  return [a, b, fromA, fromB]
}
