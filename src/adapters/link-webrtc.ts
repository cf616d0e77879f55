// A LinkChannel over WebRTC through simple-peer, loaded when the first link is made. simple-peer negotiates; frames go
// through its data channel with our own flow control (never its stream's, which fights over the low-water mark). Every
// RTCPeerConnection is counted until it is closed.
import type SimplePeer from 'simple-peer'
import type { Clock } from '../ports/clock.ts'
import { readFingerprints } from '../protocol/link-auth.ts'
import { FrameInlet, type LinkChannel } from './link-channel.ts'
import type { RtcSignal } from './link-signals.ts'
import { decodeRtcSignal } from './link-signals.ts'

export type CreateConnection = (configuration: RTCConfiguration) => RTCPeerConnection

export interface RtcPeerOptions {
  readonly initiator: boolean
  readonly configuration: RTCConfiguration
  readonly createConnection: CreateConnection
  readonly clock: Clock
  onSignal(signal: RtcSignal): void
  onOpen(open: OpenChannel): void
  /** Before it opened; once. */
  onFailed(): void
}

export interface OpenChannel {
  readonly channel: LinkChannel
  readonly ownFingerprints: readonly string[]
  readonly otherFingerprints: readonly string[]
}

export interface RtcPeer {
  signal(signal: RtcSignal): void
  /** Closes at once unless it opened: then the channel has its own close(). */
  close(): void
}

const LINGER_MS = 200
const LONGEST_LINGER_MS = 1_000

const connections = new Set<RTCPeerConnection>()

/** RTCPeerConnections of this page that were made here and not closed. */
export function openConnections(): number {
  return connections.size
}

export async function createRtcPeer(options: RtcPeerOptions): Promise<RtcPeer> {
  const { default: Peer } = await import('simple-peer')
  let connection: RTCPeerConnection | undefined
  let dataChannel: RTCDataChannel | undefined
  let opened = false
  let ended = false

  const inlet = new FrameInlet()
  // simple-peer's way to bring one's own WebRTC; here it hands us the connection and the channel that it made.
  const Tapped = function (configuration: RTCConfiguration): RTCPeerConnection {
    const made = options.createConnection(configuration)
    connections.add(made)
    connection = made
    const create = made.createDataChannel.bind(made)
    made.createDataChannel = (label, init) => (dataChannel = create(label, init))
    made.addEventListener('datachannel', event => {
      dataChannel ??= event.channel
    })
    return made
  }
  const peer: SimplePeer.Instance = new Peer({
    initiator: options.initiator,
    trickle: true,
    channelName: 'yoriai',
    config: options.configuration,
    // reason: a function that returns an object constructs it, which no type says; simple-peer only calls `new` on it.
    wrtc: {
      RTCPeerConnection: Tapped as unknown as typeof RTCPeerConnection,
      RTCSessionDescription,
      RTCIceCandidate,
    },
  })

  const release = (): void => {
    peer.destroy()
    // simple-peer closes the connection a microtask later; closing twice is harmless, and counting must be certain.
    connection?.close()
    if (connection) connections.delete(connection)
  }
  const end = (): void => {
    if (ended) return
    ended = true
    release()
    if (opened) inlet.closed()
    else options.onFailed()
  }

  peer.on('signal', data => {
    const signal = decodeRtcSignal(withType(data))
    if (signal && !ended) options.onSignal(signal)
  })
  peer.on('connect', () => {
    if (ended || !connection || !dataChannel) return
    opened = true
    options.onOpen({
      channel: createChannel(connection, dataChannel, inlet, options.clock, () => {
        ended = true
        release()
      }),
      ownFingerprints: readFingerprints(connection.localDescription?.sdp ?? ''),
      otherFingerprints: readFingerprints(connection.remoteDescription?.sdp ?? ''),
    })
  })
  peer.on('data', (data: Uint8Array) => {
    // simple-peer's Buffer is a view of the message's own memory; a plain view of it is what the rest of the house knows.
    if (!inlet.frame(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))) end()
  })
  peer.on('error', end)
  peer.on('close', end)

  return {
    signal(signal) {
      if (ended) return
      try {
        peer.signal(
          signal.type === 'candidate' ? { type: 'candidate', candidate: candidateOf(signal) } : signal,
        )
      } catch {
        // What the other side said cannot be used, so there will be no connection.
        end()
      }
    },
    close() {
      if (ended) return
      ended = true
      release()
    },
  }
}

function createChannel(
  connection: RTCPeerConnection,
  channel: RTCDataChannel,
  inlet: FrameInlet,
  clock: Clock,
  release: () => void,
): LinkChannel {
  let path: 'direct' | 'relay' = 'direct'
  let closing = false
  const onLow = (): void => inlet.low()
  channel.addEventListener('bufferedamountlow', onLow)
  selectedPath(connection).then(
    found => {
      path = found
    },
    () => undefined, // Statistics are a courtesy: without them the path reads direct.
  )
  return {
    send(frame) {
      if (closing || channel.readyState !== 'open') return false
      try {
        channel.send(frame as Uint8Array<ArrayBuffer>)
        return true
      } catch {
        // Closed or full between the check and the call: for the session it is a channel that broke.
        return false
      }
    },
    get bufferedBytes() {
      return channel.bufferedAmount
    },
    get path() {
      return path
    },
    setLowWater(bytes) {
      channel.bufferedAmountLowThreshold = bytes
    },
    receive: events => inlet.receive(events),
    hold: () => inlet.hold(),
    close() {
      if (closing) return
      closing = true
      inlet.end()
      channel.removeEventListener('bufferedamountlow', onLow)
      const started = clock.now()
      const linger = (): void => {
        const waiting = channel.readyState === 'open' && channel.bufferedAmount > 0
        if (waiting && clock.now() - started < LONGEST_LINGER_MS) clock.after(LINGER_MS, linger)
        else release()
      }
      // What was just sent leaves the process only after this turn.
      clock.after(LINGER_MS, linger)
    },
  }
}

async function selectedPath(connection: RTCPeerConnection): Promise<'direct' | 'relay'> {
  const reports = new Map<string, Record<string, unknown>>()
  const stats = await connection.getStats()
  stats.forEach((report: Record<string, unknown> & { id: string }) => reports.set(report.id, report))
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  for (const report of reports.values()) {
    const isPair =
      report['type'] === 'candidate-pair' && report['state'] === 'succeeded' && report['nominated'] === true
    if (!isPair) continue
    const ends = [report['localCandidateId'], report['remoteCandidateId']].map(id => reports.get(text(id)))
    if (ends.some(end => end?.['candidateType'] === 'relay')) return 'relay'
  }
  return 'direct'
}

function candidateOf(signal: Extract<RtcSignal, { type: 'candidate' }>): RTCIceCandidate {
  const { candidate, sdpMid, sdpMLineIndex } = signal
  return new RTCIceCandidate({ candidate, sdpMid, sdpMLineIndex })
}

/** simple-peer nests a candidate; the wire has it flat. */
function withType(data: SimplePeer.SignalData): unknown {
  return data.type === 'candidate' ? { ...data.candidate, type: 'candidate' } : data
}
