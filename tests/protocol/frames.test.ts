import { describe, expect, test } from 'vitest'
import type { MemberId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import type { SocketId } from '../../src/ports/signaling.ts'
import { MAX_MESSAGE_BYTES } from '../../src/ports/transport.ts'
import {
  decodeLinkFrame,
  encodeLinkFrame,
  Inbox,
  MAX_LINK_FRAME_BYTES,
  MAX_LISTED_PEERS,
  MAX_PIECE_BYTES,
  writeDataFrame,
  type LinkFrame,
} from '../../src/protocol/frames.ts'
import { encodeBase64url } from '../../src/core/num/base64url.ts'

const member = (n: number): MemberId => encodeBase64url(new Uint8Array(32).fill(n)) as MemberId
const socket = (n: number): SocketId => String(n).padStart(16, 's') as SocketId

const frames: Exclude<LinkFrame, { type: 'data' }>[] = [
  { type: 'ping', token: 0xfffffffe },
  { type: 'pong', token: 0 },
  { type: 'ack', control: 7, bulk: 0xffffffff },
  { type: 'peers', socket: socket(1), peers: [] },
  {
    type: 'peers',
    socket: undefined,
    peers: [
      { member: member(1), socket: socket(2) },
      { member: member(2), socket: undefined },
    ],
  },
  { type: 'relay', member: member(3), payload: Uint8Array.of(1, 2, 3) },
  { type: 'relayed', member: member(3), payload: Uint8Array.of(4) },
  { type: 'close', code: 'leaving' },
  { type: 'close', code: 'surplus' },
  { type: 'close', code: 'refused' },
  { type: 'close', code: 'violation' },
  { type: 'close', code: 'replaced' },
]

test.each(frames.map(frame => [frame.type, frame] as const))('%s comes back as it was', (_type, frame) => {
  const bytes = encodeLinkFrame(frame)
  expect(decodeLinkFrame(bytes)).toEqual(frame)
  // Also as a part of a bigger buffer, and never when cut or extended.
  const wide = new Uint8Array(bytes.length + 9)
  wide.set(bytes, 5)
  expect(decodeLinkFrame(wide.subarray(5, 5 + bytes.length))).toEqual(frame)
  if (frame.type === 'relay' || frame.type === 'relayed') return
  expect(decodeLinkFrame(wide.subarray(5, 6 + bytes.length))).toBeUndefined()
  for (let cut = 0; cut < bytes.length; cut++) expect(decodeLinkFrame(bytes.subarray(0, cut))).toBeUndefined()
})

test('a list names at most so many neighbours', () => {
  const peers = Array.from({ length: MAX_LISTED_PEERS + 5 }, (_, i) => ({
    member: member(i),
    socket: socket(i),
  }))
  const bytes = encodeLinkFrame({ type: 'peers', socket: undefined, peers })
  expect(decodeLinkFrame(bytes)).toMatchObject({ peers: peers.slice(0, MAX_LISTED_PEERS) })
})

test('the layout of a data frame is the documented one', () => {
  const target = new Uint8Array(MAX_LINK_FRAME_BYTES)
  const length = writeDataFrame(target, 'bulk', 258, Uint8Array.of(9, 8, 7), 1)
  expect([...target.subarray(0, length)]).toEqual([0x11, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3, 0, 0, 0, 1, 8, 7])
})

test('10,000 random frames never throw, and what decodes is within the limits', () => {
  const seed = 'frames-fuzz-1'
  const rng = createRng(seed)
  const kinds = [0, 1, 2, 0x10, 0x11, 0x20, 0x21, 0x22, 0x30, 0x31, 0x32, 0x3f, 0xff]
  let decoded = 0
  for (let i = 0; i < 10_000; i++) {
    const length = rng.below(4) === 0 ? rng.below(2_000) : rng.below(80)
    const bytes = Uint8Array.from({ length }, () => (rng.below(3) === 0 ? 0 : rng.below(256)))
    if (length > 0) bytes[0] = kinds[rng.below(kinds.length)]!
    if (length > 1 && rng.below(2) === 0) bytes[1] = rng.below(4)
    if (length > 3 && rng.below(2) === 0) bytes.fill(0, 1, 4)
    const frame = decodeLinkFrame(bytes)
    if (!frame) continue
    decoded++
    if (frame.type === 'peers')
      expect(frame.peers.length, `${seed} ${i}`).toBeLessThanOrEqual(MAX_LISTED_PEERS)
    if (frame.type === 'data') expect(frame.piece.length, `${seed} ${i}`).toBe(length - 16)
    else expect(decodeLinkFrame(encodeLinkFrame(frame)), `${seed} ${i}`).toEqual(frame)
  }
  expect(decoded).toBeGreaterThan(500)
})

describe('an inbox', () => {
  const pieces = (id: number, message: Uint8Array): [number, number, number, Uint8Array][] => {
    const list: [number, number, number, Uint8Array][] = []
    let offset = 0
    do {
      const piece = message.subarray(offset, offset + MAX_PIECE_BYTES)
      list.push([id, message.length, offset, piece])
      offset += piece.length
    } while (offset < message.length)
    return list
  }

  test('puts messages together', () => {
    const inbox = new Inbox()
    const rng = createRng('inbox')
    for (let id = 1; id <= 20; id++) {
      const message = Uint8Array.from({ length: rng.below(300_000) }, (_, i) => (i * id) & 255)
      const results = pieces(id, message).map(piece => inbox.accept(...piece))
      const last = results.pop()
      expect(results.every(result => result.type === 'partial')).toBe(true)
      expect(last?.type === 'message' && Buffer.compare(last.bytes, message)).toBe(0)
      expect(inbox.delivered).toBe(id)
    }
  })

  test.each<[string, [number, number, number, number][]]>([
    ['a number that is not next', [[2, 10, 0, 10]]],
    ['a message that is too large', [[1, MAX_MESSAGE_BYTES + 1, 0, 2000]]],
    ['a piece that starts in the middle', [[1, 5000, 1024, 1024]]],
    [
      'a hole',
      [
        [1, 5000, 0, 1024],
        [1, 5000, 2048, 1024],
      ],
    ],
    [
      'a repetition',
      [
        [1, 5000, 0, 1024],
        [1, 5000, 0, 1024],
      ],
    ],
    [
      'a total that changes',
      [
        [1, 5000, 0, 1024],
        [1, 5001, 1024, 1024],
      ],
    ],
    ['a piece beyond the end', [[1, 5000, 0, 5001]]],
    ['crumbs', [[1, 5000, 0, 1]]],
    ['nothing, again and again', [[1, 5000, 0, 0]]],
    [
      'a message begun within another',
      [
        [1, 5000, 0, 1024],
        [2, 10, 0, 10],
      ],
    ],
  ])('calls %s malformed', (_name, accepts) => {
    const inbox = new Inbox()
    const results = accepts.map(([id, total, offset, length]) =>
      inbox.accept(id, total, offset, new Uint8Array(length)),
    )
    expect(results.pop()).toMatchObject({ type: 'malformed' })
    expect(results.every(result => result.type === 'partial')).toBe(true)
    expect(inbox.delivered).toBe(0)
  })

  test('after a break takes the message from its start, and ignores what it has', () => {
    const inbox = new Inbox()
    const message = new Uint8Array(100_000).fill(5)
    inbox.accept(1, 3, 0, new Uint8Array(3))
    inbox.accept(...pieces(2, message)[0]!)
    inbox.restart()
    expect(inbox.accept(1, 3, 0, new Uint8Array(3))).toEqual({ type: 'partial' })
    for (const piece of pieces(2, message)) inbox.accept(...piece)
    expect(inbox.delivered).toBe(2)
  })
})
