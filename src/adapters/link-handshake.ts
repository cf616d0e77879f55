// Proves both ends of a fresh channel to each other (protocol/link-auth.ts): hello, hello, proof, proof. Resolves once the
// other side's proof holds; frames after the proof are kept for whoever takes the channel. The caller sets the deadline by
// closing the channel.
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Signer } from '../ports/signer.ts'
import {
  decodeAuthFrame,
  encodeHello,
  encodeProof,
  NONCE_BYTES,
  proofBytes,
  type LinkHello,
} from '../protocol/link-auth.ts'
import type { LinkChannel } from './link-channel.ts'

export interface HandshakeOptions {
  readonly channel: LinkChannel
  readonly room: RoomId
  readonly signer: Signer
  readonly role: 'offerer' | 'answerer'
  /** Whom signaling announced. */
  readonly expected: MemberId
  readonly ownFingerprints: readonly string[]
  readonly otherFingerprints: readonly string[]
  /** The interrupted link with that member, if one is held. */
  readonly held: Pick<LinkHello, 'ownSession' | 'otherSession' | 'control' | 'bulk'>
}

export type HandshakeResult =
  | { readonly status: 'proven'; readonly own: LinkHello; readonly other: LinkHello }
  | { readonly status: 'violation'; readonly detail: string }
  | { readonly status: 'closed' }

export function proveLink(options: HandshakeOptions): Promise<HandshakeResult> {
  const { channel, room, signer, role, expected } = options
  const own: LinkHello = {
    member: signer.id,
    nonce: crypto.getRandomValues(new Uint8Array(NONCE_BYTES)),
    ...options.held,
  }
  const ownEnd = { hello: own, fingerprints: options.ownFingerprints }
  const otherRole = role === 'offerer' ? 'answerer' : 'offerer'

  return new Promise(resolve => {
    let other: LinkHello | undefined
    let settled = false
    const settle = (result: HandshakeResult): void => {
      if (settled) return
      settled = true
      resolve(result)
    }
    const violate = (detail: string): void => settle({ status: 'violation', detail })

    const prove = async (hello: LinkHello): Promise<void> => {
      const otherEnd = { hello, fingerprints: options.otherFingerprints }
      channel.send(encodeProof(await signer.sign(proofBytes(room, role, ownEnd, otherEnd))))
    }

    const check = async (hello: LinkHello, signature: Uint8Array): Promise<void> => {
      const otherEnd = { hello, fingerprints: options.otherFingerprints }
      const signed = proofBytes(room, otherRole, otherEnd, ownEnd)
      if (await signer.verify(hello.member, signed, signature))
        settle({ status: 'proven', own, other: hello })
      else violate('the proof does not fit this link')
    }

    const fail = (): void => settle({ status: 'closed' })

    if (options.ownFingerprints.length === 0 || options.otherFingerprints.length === 0) {
      return violate('a session description without fingerprint')
    }
    channel.receive({
      onFrame(bytes) {
        const frame = decodeAuthFrame(bytes)
        if (frame?.type === 'hello' && !other) {
          if (frame.hello.member !== expected) return violate('another member than announced')
          other = frame.hello
          prove(other).catch(fail)
        } else if (frame?.type === 'proof' && other) {
          // Whatever follows is for the session that takes over.
          channel.hold()
          check(other, frame.signature).catch(fail)
        } else {
          violate('not the frame that the handshake expects')
        }
      },
      onLow: () => undefined,
      onClosed: fail,
    })
    if (!channel.send(encodeHello(own))) fail()
  })
}
