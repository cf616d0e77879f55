// The page of bench/transport.ts: moves the same bytes over a bare RTCDataChannel and over the transport, both ends in this
// page. The bare side is written as well as we can: 64 KiB pieces, a megabyte in the buffer, refilled at the half.
import { createMemorySignaling } from '../src/adapters/signaling-memory.ts'
import { createEphemeralSigner } from '../src/adapters/signer-webcrypto.ts'
import { createSimplePeerTransport } from '../src/adapters/transport-simple-peer.ts'
import type { RoomId } from '../src/core/num/ids.ts'
import type { Transport } from '../src/ports/transport.ts'

export interface Moved {
  readonly setUpMs: number
  readonly moveMs: number
}

export interface TransportBench {
  bare(totalBytes: number): Promise<Moved>
  transport(totalBytes: number, messageBytes: number): Promise<Moved>
}

declare global {
  interface Window {
    transportBench?: TransportBench
  }
}

const PIECE_BYTES = 64 * 1024
const HIGH_WATER_BYTES = 1024 * 1024

/** Not all zeros, in case anything on the way is clever. */
function content(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 2654435761) >>> 24
  return bytes
}

async function bare(totalBytes: number): Promise<Moved> {
  const started = performance.now()
  const [a, b] = [new RTCPeerConnection(), new RTCPeerConnection()]
  a.onicecandidate = ({ candidate }) => void b.addIceCandidate(candidate ?? undefined)
  b.onicecandidate = ({ candidate }) => void a.addIceCandidate(candidate ?? undefined)
  const channel = a.createDataChannel('bare')
  const arriving = new Promise<RTCDataChannel>(resolve => {
    b.ondatachannel = event => resolve(event.channel)
  })
  await a.setLocalDescription(await a.createOffer())
  await b.setRemoteDescription(a.localDescription!)
  await b.setLocalDescription(await b.createAnswer())
  await a.setRemoteDescription(b.localDescription!)
  const far = await arriving
  far.binaryType = 'arraybuffer'
  if (channel.readyState !== 'open') await new Promise(resolve => (channel.onopen = resolve))
  const setUpMs = performance.now() - started

  const piece = content(PIECE_BYTES)
  const begun = performance.now()
  const done = new Promise<void>(resolve => {
    let received = 0
    far.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      received += data.byteLength
      if (received >= totalBytes) resolve()
    }
  })
  let sent = 0
  const pump = (): void => {
    while (sent < totalBytes && channel.bufferedAmount < HIGH_WATER_BYTES) {
      channel.send(piece)
      sent += piece.byteLength
    }
  }
  channel.bufferedAmountLowThreshold = HIGH_WATER_BYTES / 2
  channel.onbufferedamountlow = pump
  pump()
  await done
  const moveMs = performance.now() - begun
  a.close()
  b.close()
  return { setUpMs, moveMs }
}

async function transport(totalBytes: number, messageBytes: number): Promise<Moved> {
  const signaling = createMemorySignaling()
  const started = performance.now()
  const join = async (): Promise<Transport> =>
    createSimplePeerTransport({
      signaling: signaling.connect(),
      signer: await createEphemeralSigner(),
      room: 'AAECAwQFBgcICQoLDA0ODw' as RoomId,
      iceServers: [],
    })
  const [a, b] = [await join(), await join()]
  const up = (one: Transport): Promise<void> =>
    new Promise(resolve => {
      one.subscribe(event => {
        if (event.type === 'up') resolve()
      })
    })
  await Promise.all([up(a), up(b)])
  const setUpMs = performance.now() - started

  const message = content(messageBytes)
  const begun = performance.now()
  let sent = 0
  const pump = (): void => {
    while (sent < totalBytes && a.send(b.self, message, 'bulk')) sent += messageBytes
  }
  await new Promise<void>(resolve => {
    let received = 0
    b.subscribe(event => {
      if (event.type !== 'message') return
      received += event.bytes.byteLength
      pump()
      if (received >= totalBytes) resolve()
    })
    pump()
  })
  const moveMs = performance.now() - begun
  a.close()
  b.close()
  return { setUpMs, moveMs }
}

window.transportBench = { bare, transport }
