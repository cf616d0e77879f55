import { bucketOf } from '../../src/core/ledger/head-buckets.ts'
import { describe, expect, test } from 'vitest'
import { CHUNK_BYTES } from '../../src/core/gossip/state.ts'
import { SIGNED_HEADER_BYTES } from '../../src/core/gossip/update.ts'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import { bytesToHex } from '../../src/core/num/hex.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { decodeMessage, encodeMessage, LIMITS, type PeerMessage } from '../../src/protocol/messages.ts'
import { encodePresence, type PresenceStatement } from '../../src/protocol/presence.ts'

const author = encodeBase64url(new Uint8Array(32).fill(3)) as MemberId
const hash = bytesToHex(Uint8Array.from({ length: 32 }, (_, i) => i))
const statement: PresenceStatement = {
  author,
  counter: 1_790_000_000_123,
  status: 'training',
  round: 12,
  baseRound: 9,
  baseHash: hash,
  stepsPerSecond: 42.5,
  accuracy: 0.9181,
  steps: 240,
  links: 3,
}

function signed(presence: PresenceStatement): PeerMessage {
  const body = encodePresence(presence)
  const bytes = new Uint8Array(body.length + 64)
  bytes.set(body)
  return { type: 'presence', statement: presence, signed: bytes }
}

const chunk: PeerMessage = {
  type: 'state-chunk',
  round: 9,
  hash,
  total: 203_551,
  index: 12,
  proof: ['aa'.repeat(32), hash],
  bytes: Uint8Array.of(1, 2, 3),
}

const messages: PeerMessage[] = [
  signed(statement),
  signed({ ...statement, accuracy: null, status: 'watching' }),
  {
    type: 'have',
    updates: [
      { round: 1, id: hash },
      { round: 0xffffffff, id: hash },
    ],
  },
  { type: 'have', updates: [] },
  { type: 'want', ids: [hash] },
  { type: 'update', signed: new Uint8Array(SIGNED_HEADER_BYTES).fill(1), payload: Uint8Array.of(1, 2, 3) },
  { type: 'digest', rounds: [{ round: 4, digest: hash }] },
  { type: 'state-want', round: 9, hash, first: 258, count: 3 },
  { type: 'state-none', round: 9, hash },
  chunk,
  { ...chunk, proof: [] },
  { type: 'heads', heads: [{ author, seq: 5, hash }] },
  { type: 'heads-digest', digests: new Uint8Array(1032).fill(7) },
  { type: 'heads-part', buckets: [bucketOf(author)], heads: [{ author, seq: 5, hash }] },
  { type: 'heads-part', buckets: [], heads: [] },
  { type: 'entries-want', after: [{ author, seq: -1, hash: '' }] },
  { type: 'entries', entries: [Uint8Array.of(1), Uint8Array.of(2, 3)] },
  { type: 'backlog', entries: [Uint8Array.of(1), Uint8Array.of(2, 3)] },
  { type: 'entries-have', hashes: [hash, hash] },
  { type: 'entries-get', hashes: [hash] },
  { type: 'seal-status', epoch: 7, seal: hash, digest: hash },
  { type: 'seal-statements', statements: [Uint8Array.of(1), Uint8Array.of(2, 3)] },
  { type: 'seal-want', seal: hash },
  { type: 'seal', seal: Uint8Array.of(1, 2) },
  { type: 'certificates-want', after: 3 },
  { type: 'certificates', certificates: [Uint8Array.of(5)] },
  { type: 'snapshot-want', seal: hash },
  { type: 'snapshot', seal: hash, bytes: Uint8Array.of(1, 2) },
  { type: 'archive-want', seal: hash },
  { type: 'archive', seal: hash, bytes: Uint8Array.of(9) },
  {
    type: 'sum',
    relay: true,
    round: 70_000,
    lead: author,
    author,
    signature: new Uint8Array(64).fill(5),
    payload: Uint8Array.of(1, 0, 7),
  },
]

describe('messages between members', () => {
  test.each(messages.map(message => [message.type, message] as const))(
    '%s survives the wire',
    (_, message) => {
      expect(decodeMessage(encodeMessage(message))).toEqual(message)
    },
  )

  test('golden bytes of a presence: the layout of docs/protocol.md', () => {
    const bytes = encodeMessage(messages[0]!)
    expect(bytes.length).toBe(1 + 90 + 64)
    expect(bytesToHex(bytes.subarray(33, 48))).toBe('01a0c4506c7b' + '00' + '0000000c' + '00000009')
  })

  test('golden bytes of chunks and of what asks for them', () => {
    const name = '00000009' + hash
    expect(bytesToHex(encodeMessage({ type: 'state-want', round: 9, hash, first: 258, count: 3 }))).toBe(
      '06' + name + '0102' + '03',
    )
    expect(bytesToHex(encodeMessage(chunk))).toBe(
      '07' + name + '00031b1f' + '000c' + '02' + 'aa'.repeat(32) + hash + '010203',
    )
    expect(bytesToHex(encodeMessage({ type: 'state-none', round: 9, hash }))).toBe('08' + name)
  })

  test.each([
    ['nothing', []],
    ['an unknown type', [99, 1, 2, 3]],
    ['a cut presence', [1, ...new Uint8Array(60)]],
    ['half a record', [2, 0, 0, 0]],
    ['an update without a header', [4, ...new Uint8Array(SIGNED_HEADER_BYTES - 1)]],
    ['a request for chunks of the old layout', [6, ...new Uint8Array(36)]],
    ['a request for no chunk', [6, ...new Uint8Array(39)]],
    ['a request for too many chunks', [6, ...new Uint8Array(38), LIMITS.chunks + 1]],
    ['a chunk without bytes', [7, ...new Uint8Array(43)]],
    ['a chunk whose proof is cut', [7, ...new Uint8Array(42), 1, ...new Uint8Array(32)]],
    ['a chunk with an endless proof', [7, ...new Uint8Array(42), 17, ...new Uint8Array(17 * 32 + 1)]],
    ['a chunk that is too long', [7, ...new Uint8Array(43 + CHUNK_BYTES + 1)]],
    ['an entry longer than the message', [10, 0, 0, 0, 9, 1]],
    ['an empty entry', [10, 0, 0, 0, 0]],
    ['a cut seal status', [11, ...new Uint8Array(67)]],
    ['a snapshot of nothing', [18, ...new Uint8Array(32)]],
  ])('%s is no message', (_, bytes) => expect(decodeMessage(Uint8Array.from(bytes))).toBeUndefined())

  test('limits hold before anything is built', () => {
    expect(decodeMessage(new Uint8Array(1 + 36 * (LIMITS.announced + 1)).fill(2, 0, 1))).toBeUndefined()
    expect(decodeMessage(new Uint8Array(1 + 32 * (LIMITS.wanted + 1)).fill(3, 0, 1))).toBeUndefined()
    expect(decodeMessage(new Uint8Array(1 + 68 * (LIMITS.heads + 1)).fill(9, 0, 1))).toBeUndefined()
    const tooLong = [
      [10, LIMITS.entries.all],
      [12, LIMITS.statements.all],
      [14, LIMITS.sealBytes],
      [16, LIMITS.certificates.all],
      [18, 32 + LIMITS.snapshotBytes],
      [20, 32 + LIMITS.archiveBytes],
    ] as const
    for (const [code, limit] of tooLong) {
      const bytes = new Uint8Array(2 + limit).fill(1)
      bytes[0] = code
      expect(decodeMessage(bytes)).toBeUndefined()
    }
  })

  test('implausible presences are no messages: unknown status, speed that is no number, accuracy above one', () => {
    const sound = encodeMessage(messages[0]!)
    const spoil = (position: number, ...bytes: number[]): Uint8Array => {
      const bad = sound.slice()
      bad.set(bytes, 1 + position)
      return bad
    }
    expect(decodeMessage(spoil(38, 9))).toBeUndefined()
    expect(decodeMessage(spoil(79, 0x7f, 0xc0, 0, 0))).toBeUndefined()
    expect(decodeMessage(spoil(79, 0xbf, 0x80, 0, 0))).toBeUndefined()
    expect(decodeMessage(spoil(83, 0x27, 0x11))).toBeUndefined()
  })

  test('20,000 random and mutated messages never throw', () => {
    const rng = createRng('messages')
    const sound = messages.map(encodeMessage)
    let understood = 0
    for (let i = 0; i < 20_000; i++) {
      const bytes =
        i % 2 === 0
          ? sound[rng.below(sound.length)]!.slice()
          : Uint8Array.from({ length: rng.below(300) }, () => rng.below(256))
      for (let k = 0; k < 3 && bytes.length > 0; k++) bytes[rng.below(bytes.length)] = rng.below(256)
      if (decodeMessage(bytes)) understood++
    }
    expect(understood).toBeGreaterThan(100)
  })
})
