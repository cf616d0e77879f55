// One try at a link with the holder of a signaling socket, from the paired calls to a proven channel: WebRTC through
// batched signals, then the handshake, under one deadline. Ends exactly once.
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { Signer } from '../ports/signer.ts'
import type { LinkHello } from '../protocol/link-auth.ts'
import type { LinkChannel } from './link-channel.ts'
import { proveLink, type HandshakeOptions } from './link-handshake.ts'
import type { RtcSignal } from './link-signals.ts'
import { createRtcPeer, type CreateConnection, type OpenChannel, type RtcPeer } from './link-webrtc.ts'

export interface AttemptOptions {
  readonly clock: Clock
  readonly room: RoomId
  readonly signer: Signer
  readonly member: MemberId
  readonly role: 'offerer' | 'answerer'
  readonly configuration: RTCConfiguration
  readonly createConnection: CreateConnection
  readonly deadlineMs: number
  /** Read when the channel opens. */
  held(): HandshakeOptions['held']
  send(items: readonly RtcSignal[]): void
  onEnd(result: AttemptResult): void
}

export type AttemptResult =
  | {
      readonly status: 'proven'
      readonly channel: LinkChannel
      readonly own: LinkHello
      readonly other: LinkHello
    }
  | { readonly status: 'violation'; readonly detail: string }
  | { readonly status: 'failed' }

export interface LinkAttempt {
  signal(items: readonly RtcSignal[]): void
  /** Ends it without a result. */
  close(): void
}

/** Candidates come in bursts; one signaling frame carries those of this long. */
const BATCH_MS = 20

export function startAttempt(options: AttemptOptions): LinkAttempt {
  const { clock } = options
  let peer: RtcPeer | undefined
  let channel: LinkChannel | undefined
  let ended = false
  let outgoing: RtcSignal[] = []
  const incoming: RtcSignal[] = []

  const end = (result: AttemptResult | undefined): void => {
    if (ended) return
    ended = true
    cancelDeadline()
    if (result?.status !== 'proven') {
      channel?.close()
      if (!channel) peer?.close()
    }
    if (result) options.onEnd(result)
  }
  const cancelDeadline = clock.after(options.deadlineMs, () => end({ status: 'failed' }))

  const post = (signal: RtcSignal): void => {
    if (outgoing.length === 0) {
      clock.after(BATCH_MS, () => {
        const items = outgoing
        outgoing = []
        if (!ended || channel) options.send(items)
      })
    }
    outgoing.push(signal)
  }

  const prove = async (open: OpenChannel): Promise<void> => {
    channel = open.channel
    const result = await proveLink({
      channel: open.channel,
      room: options.room,
      signer: options.signer,
      role: options.role,
      expected: options.member,
      ownFingerprints: open.ownFingerprints,
      otherFingerprints: open.otherFingerprints,
      held: options.held(),
    })
    if (result.status === 'proven') end({ ...result, channel: open.channel })
    else end(result.status === 'violation' ? result : { status: 'failed' })
  }

  createRtcPeer({
    initiator: options.role === 'offerer',
    configuration: options.configuration,
    createConnection: options.createConnection,
    clock,
    onSignal: post,
    onOpen: open => {
      if (ended) open.channel.close()
      else prove(open).catch(() => end({ status: 'failed' }))
    },
    onFailed: () => end({ status: 'failed' }),
  }).then(
    made => {
      peer = made
      if (ended) made.close()
      else for (const signal of incoming) made.signal(signal)
    },
    // No WebRTC here, or its code did not load: this try is over, later ones may do better.
    () => end({ status: 'failed' }),
  )

  return {
    signal(items) {
      if (ended) return
      for (const item of items) {
        if (peer) peer.signal(item)
        else if (incoming.length < 64) incoming.push(item)
      }
    },
    close: () => end(undefined),
  }
}
