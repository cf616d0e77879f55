// A seeded source of frames that no honest client sends: wrong in form, type, size, encoding or order.
import type { Rng } from '../../src/core/num/rng.ts'
import { encodeFrame, type SocketId } from '../../src/protocol/signaling.ts'
import { joinFrame } from './support.ts'

export type HostileFrame =
  | { readonly type: 'message'; readonly content: string | Uint8Array; readonly binary: boolean }
  /** One message in pieces; the last piece may be missing. */
  | { readonly type: 'fragments'; readonly pieces: readonly string[]; readonly ends: boolean }
  | { readonly type: 'pings'; readonly count: number }
  /** Bytes below the WebSocket framing. */
  | { readonly type: 'wire'; readonly bytes: Uint8Array }

const randomBytes = (rng: Rng, length: number) => Uint8Array.from({ length }, () => rng.below(256))
const pick = <T>(rng: Rng, items: readonly T[]): T => items[rng.below(items.length)]!
const text = (content: string): HostileFrame => ({ type: 'message', content, binary: false })

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  0.5,
  '',
  'constructor',
  [],
  [[]],
  {},
  { length: 4 },
  '\u0000',
  '\ud800',
  'A'.repeat(43),
]

const MAKERS: readonly ((rng: Rng, victim: SocketId) => HostileFrame)[] = [
  rng => text(String.fromCharCode(...randomBytes(rng, rng.below(60)))),
  rng => ({ type: 'message', content: randomBytes(rng, rng.below(3_000)), binary: true }),
  rng => text(pick(rng, ['[', '{"t":', '{"a":[']).repeat(1 + rng.below(12_000))),
  rng => text(`{"t":"send","to":"${'A'.repeat(16)}","data":"${'A'.repeat(65_000 + rng.below(2_000))}"}`),
  rng => text('x'.repeat(66_000 + rng.below(60_000))),
  rng =>
    text(JSON.stringify({ t: pick(rng, ODD_VALUES), v: pick(rng, ODD_VALUES), room: pick(rng, ODD_VALUES) })),
  rng => text(JSON.stringify({ t: 'send', to: pick(rng, ODD_VALUES), data: pick(rng, ODD_VALUES) })),
  rng => text(JSON.stringify({ t: 'introduce', count: pick(rng, ODD_VALUES) })),
  rng => text(JSON.stringify(pick(rng, ODD_VALUES))),
  rng =>
    text(
      `{"${pick(rng, ['__proto__', 'constructor', 'prototype'])}":{"t":"join","polluted":true},"toString":1,"t":"x"}`,
    ),
  rng => text(encodeFrame({ t: 'introduce', count: 1 + rng.below(16) })),
  rng => text(encodeFrame(joinFrame(`elsewhere ${rng.below(50)}`))),
  // Valid in form: the victim is in another room, so nothing may reach it.
  (rng, victim) => text(encodeFrame({ t: 'send', to: victim, data: 'A'.repeat(4 * rng.below(200)) })),
  rng => text(`{"t":"beat","n":${'9'.repeat(1 + rng.below(5_000))}}`),
  rng => ({
    type: 'fragments',
    pieces: Array.from({ length: 2 + rng.below(60) }, () => '{"t":'.slice(rng.below(5))),
    ends: true,
  }),
  rng => ({ type: 'pings', count: 1 + rng.below(300) }),
]

/** A connection does not outlive one of these: they break WebSocket itself. */
const BREAKERS: readonly ((rng: Rng) => HostileFrame)[] = [
  // Text of bytes that are no UTF-8.
  rng => ({ type: 'message', content: Uint8Array.of(0x7b, 0xff, 0xc0, rng.below(256)), binary: false }),
  rng => text('x'.repeat(pick(rng, [140_000, 1_000_000, 8_000_000]))),
  rng => ({
    type: 'fragments',
    pieces: Array.from({ length: 65 + rng.below(500) }, () => ''),
    ends: rng.next() < 0.5,
  }),
  // A message that never ends, then another one.
  () => ({ type: 'fragments', pieces: ['{"t":', '{"t":'], ends: false }),
  // Frames of the client must be masked.
  rng => ({ type: 'wire', bytes: Uint8Array.of(0x81, 1, rng.below(256)) }),
  rng => ({ type: 'wire', bytes: randomBytes(rng, 1 + rng.below(200)) }),
  // An announced length of 2^63 bytes.
  () => ({ type: 'wire', bytes: Uint8Array.of(0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4) }),
]

export function makeBreaker(rng: Rng): HostileFrame {
  return pick(rng, BREAKERS)(rng)
}

export function makeHostileFrame(rng: Rng, victim: SocketId): HostileFrame {
  return pick(rng, MAKERS)(rng, victim)
}
