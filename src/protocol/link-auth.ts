// How two members prove to each other who holds the two ends of a channel, version 1. Each side sends a hello with a
// fresh nonce, then a signature over everything that both hellos said, the room, the roles and the DTLS fingerprints that
// it sees. Whoever sits in the middle has other fingerprints on one side, so no signature fits. Pure bytes: the signer
// and the channel are the caller's. The hello also carries where an interrupted link left off.
import { decodeBase64url, encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'

const VERSION = 1
const HELLO = 0x01
const PROOF = 0x02
export const NONCE_BYTES = 32
export const SESSION_BYTES = 16
const KEY_BYTES = 32
const SIGNATURE_BYTES = 64
const HELLO_BYTES = 2 + KEY_BYTES + NONCE_BYTES + 2 * SESSION_BYTES + 8

export interface LinkHello {
  readonly member: MemberId
  /** Fresh for every channel. */
  readonly nonce: Uint8Array
  /** The interrupted link that this side still holds: its own and the other side's name of it; zeros for none. */
  readonly ownSession: Uint8Array
  readonly otherSession: Uint8Array
  /** Messages of that link that were delivered here, by lane. */
  readonly control: number
  readonly bulk: number
}

/** Both sides hold the same interrupted link, so it goes on; else both start a new one. */
export function isResumed(a: LinkHello, b: LinkHello): boolean {
  const holds = (hello: LinkHello): boolean => hello.ownSession.some(byte => byte !== 0)
  return (
    holds(a) && holds(b) && sameBytes(a.ownSession, b.otherSession) && sameBytes(b.ownSession, a.otherSession)
  )
}

/** The name of one side's end of a link that starts with this hello. */
export function newSession(hello: LinkHello): Uint8Array {
  return hello.nonce.subarray(0, SESSION_BYTES)
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])
}

export type AuthFrame =
  | { readonly type: 'hello'; readonly hello: LinkHello }
  | { readonly type: 'proof'; readonly signature: Uint8Array }

export function encodeHello(hello: LinkHello): Uint8Array {
  const key = decodeBase64url(hello.member, KEY_BYTES)
  if (!key) throw new RangeError('a member id is 32 bytes in base64url')
  const bytes = new Uint8Array(HELLO_BYTES)
  bytes[0] = HELLO
  bytes[1] = VERSION
  let at = 2
  for (const field of [key, hello.nonce, hello.ownSession, hello.otherSession]) {
    bytes.set(field, at)
    at += field.byteLength
  }
  const view = new DataView(bytes.buffer)
  view.setUint32(at, hello.control)
  view.setUint32(at + 4, hello.bulk)
  return bytes
}

export function encodeProof(signature: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + SIGNATURE_BYTES)
  bytes[0] = PROOF
  bytes.set(signature, 1)
  return bytes
}

/** Undefined for whatever is neither; never throws. Copies, so the input may be reused. */
export function decodeAuthFrame(bytes: Uint8Array): AuthFrame | undefined {
  if (bytes[0] === PROOF && bytes.byteLength === 1 + SIGNATURE_BYTES) {
    return { type: 'proof', signature: new Uint8Array(bytes.subarray(1)) }
  }
  if (bytes[0] !== HELLO || bytes[1] !== VERSION || bytes.byteLength !== HELLO_BYTES) return undefined
  let at = 2
  const take = (length: number): Uint8Array => new Uint8Array(bytes.subarray(at, (at += length)))
  const member = encodeBase64url(take(KEY_BYTES)) as MemberId
  const nonce = take(NONCE_BYTES)
  const ownSession = take(SESSION_BYTES)
  const otherSession = take(SESSION_BYTES)
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  const hello = {
    member,
    nonce,
    ownSession,
    otherSession,
    control: view.getUint32(at),
    bulk: view.getUint32(at + 4),
  }
  return { type: 'hello', hello }
}

/** One end as the signer sees it. */
export interface LinkEnd {
  readonly hello: LinkHello
  /** All fingerprints of this end's session description, as readFingerprints gives them. */
  readonly fingerprints: readonly string[]
}

/** What `signer` signs about a link with `other`: everything both ends must agree on. */
export function proofBytes(
  room: RoomId,
  role: 'offerer' | 'answerer',
  signer: LinkEnd,
  other: LinkEnd,
): Uint8Array {
  const text = new TextEncoder()
  const fields: Uint8Array[] = [text.encode(`yoriai link ${VERSION}`), text.encode(room), text.encode(role)]
  for (const end of [signer, other]) {
    fields.push(encodeHello(end.hello), text.encode(end.fingerprints.join(' ')))
  }
  const bytes = new Uint8Array(fields.reduce((sum, field) => sum + 4 + field.byteLength, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const field of fields) {
    // Lengths in front: two lists of fields never give the same bytes.
    view.setUint32(at, field.byteLength)
    bytes.set(field, at + 4)
    at += 4 + field.byteLength
  }
  return bytes
}

/**
 * The certificate fingerprints of a session description, lower case, sorted, each once; empty where there is none. All
 * of them count: a description with a second fingerprint would otherwise let its holder in.
 */
export function readFingerprints(sdp: string): readonly string[] {
  const found = new Set<string>()
  for (const match of sdp.matchAll(/^a=fingerprint:([^\r\n]+)/gm)) {
    found.add(match[1]!.trim().toLowerCase().replace(/\s+/g, ' '))
  }
  return [...found].sort()
}
