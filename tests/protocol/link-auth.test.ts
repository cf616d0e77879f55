import { describe, expect, test } from 'vitest'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import {
  decodeAuthFrame,
  encodeHello,
  encodeProof,
  isResumed,
  newSession,
  proofBytes,
  readFingerprints,
  type LinkEnd,
  type LinkHello,
} from '../../src/protocol/link-auth.ts'

const bytes = (length: number, n: number): Uint8Array => new Uint8Array(length).fill(n)
const hello = (n: number, changes: Partial<LinkHello> = {}): LinkHello => ({
  member: encodeBase64url(bytes(32, n)) as MemberId,
  nonce: bytes(32, n + 1),
  ownSession: bytes(16, n + 2),
  otherSession: bytes(16, n + 3),
  control: n,
  bulk: 0xffffffff,
  ...changes,
})
const ROOM = 'AAECAwQFBgcICQoLDA0ODw' as RoomId

test('hello and proof come back as they were', () => {
  expect(decodeAuthFrame(encodeHello(hello(1)))).toEqual({ type: 'hello', hello: hello(1) })
  expect(decodeAuthFrame(encodeProof(bytes(64, 9)))).toEqual({ type: 'proof', signature: bytes(64, 9) })
})

test('anything cut, extended, of another version or random is refused without throwing', () => {
  for (const frame of [encodeHello(hello(1)), encodeProof(bytes(64, 9))]) {
    for (let cut = 0; cut < frame.length; cut++)
      expect(decodeAuthFrame(frame.subarray(0, cut))).toBeUndefined()
    expect(decodeAuthFrame(Uint8Array.of(...frame, 0))).toBeUndefined()
  }
  const newer = encodeHello(hello(1))
  newer[1] = 2
  expect(decodeAuthFrame(newer)).toBeUndefined()
  const rng = createRng('auth-fuzz')
  for (let i = 0; i < 2_000; i++) {
    decodeAuthFrame(Uint8Array.from({ length: rng.below(150) }, () => rng.below(256)))
  }
})

test('a proof changes with everything that both must agree on', () => {
  const near: LinkEnd = { hello: hello(1), fingerprints: ['sha-256 aa', 'sha-256 bb'] }
  const far: LinkEnd = { hello: hello(50), fingerprints: ['sha-256 cc'] }
  const variants = [
    proofBytes(ROOM, 'offerer', near, far),
    proofBytes('BBECAwQFBgcICQoLDA0ODw' as RoomId, 'offerer', near, far),
    proofBytes(ROOM, 'answerer', near, far),
    proofBytes(ROOM, 'offerer', far, near),
    proofBytes(ROOM, 'offerer', { ...near, fingerprints: ['sha-256 aa'] }, far),
    proofBytes(ROOM, 'offerer', near, { ...far, fingerprints: ['sha-256 cc', 'sha-256 dd'] }),
    proofBytes(ROOM, 'offerer', { ...near, hello: hello(1, { nonce: bytes(32, 99) }) }, far),
    proofBytes(ROOM, 'offerer', { ...near, hello: hello(1, { control: 5 }) }, far),
    proofBytes(ROOM, 'offerer', near, { ...far, hello: hello(50, { otherSession: bytes(16, 0) }) }),
    proofBytes(ROOM, 'offerer', near, { ...far, hello: hello(51) }),
  ]
  expect(new Set(variants.map(variant => encodeBase64url(variant))).size).toBe(variants.length)
})

describe('an interrupted link goes on', () => {
  const [ann, ben, none] = [bytes(16, 1), bytes(16, 2), bytes(16, 0)]
  const a = hello(1, { ownSession: ann, otherSession: ben })
  const b = hello(2, { ownSession: ben, otherSession: ann })
  test('when both hold it', () => expect(isResumed(a, b) && isResumed(b, a)).toBe(true))
  test.each([
    ['one side started anew', a, hello(2, { ownSession: none, otherSession: none })],
    [
      'both started anew',
      hello(1, { ownSession: none, otherSession: none }),
      hello(2, { ownSession: none, otherSession: none }),
    ],
    ['one holds an earlier link', a, hello(2, { ownSession: ben, otherSession: bytes(16, 9) })],
    ['the other does', a, hello(2, { ownSession: bytes(16, 9), otherSession: ann })],
  ])('but not when %s', (_name, near, far) => {
    expect(isResumed(near, far)).toBe(false)
    expect(isResumed(far, near)).toBe(false)
  })
  test('and a new one is named by the nonces', () => {
    expect(newSession(a)).toEqual(a.nonce.subarray(0, 16))
  })
})

test('all fingerprints of a description count, in one form', () => {
  const sdp = [
    'v=0',
    'a=fingerprint:sha-256 AB:CD',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=fingerprint:SHA-256  ab:cd ',
    'a=fingerprint:sha-384 00:11',
    'b=fingerprint:sha-256 EE:EE',
  ].join('\r\n')
  expect(readFingerprints(sdp)).toEqual(['sha-256 ab:cd', 'sha-384 00:11'])
  expect(readFingerprints('v=0\r\n')).toEqual([])
})
