import { describe, expect, test } from 'vitest'
import { Contacts, viaAddress, viaMember } from '../../src/adapters/link-contacts.ts'
import {
  decodeLinkSignal,
  encodeLinkSignal,
  TRANSPORT_PAYLOAD,
  type LinkSignal,
  type TryId,
} from '../../src/adapters/link-signals.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import { createRng } from '../../src/core/num/rng.ts'
import type { SocketId } from '../../src/ports/signaling.ts'

const id = 'A'.repeat(43) as MemberId
const [own, other] = ['o'.repeat(16), 't'.repeat(16)] as [TryId, TryId]
const sdp = 'v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=fingerprint:sha-256 AB\r\n'

const signals: LinkSignal[] = [
  { t: 'here', id, ask: true },
  { t: 'call', id, own },
  { t: 'take', id, own, other },
  { t: 'busy', other, final: false },
  { t: 'rtc', own, other, items: [] },
  {
    t: 'rtc',
    own,
    other,
    items: [
      { type: 'offer', sdp },
      {
        type: 'candidate',
        candidate: 'candidate:1 1 udp 1 x.local 9 typ host',
        sdpMid: '0',
        sdpMLineIndex: 0,
      },
    ],
  },
]

const payload = (json: string): Uint8Array =>
  Uint8Array.of(TRANSPORT_PAYLOAD, ...new TextEncoder().encode(json))

describe('transport signals', () => {
  test.each(signals.map(signal => [signal.t, signal] as const))('%s comes back as it was', (_t, signal) => {
    expect(decodeLinkSignal(encodeLinkSignal(signal))).toEqual(signal)
  })

  const rtc = (item: unknown): string => JSON.stringify({ t: 'rtc', own, other, items: [item] })
  test.each([
    ['nothing', new Uint8Array(0)],
    ['another part’s payload', Uint8Array.of(2, 123, 125)],
    ['bytes that are not UTF-8', Uint8Array.of(TRANSPORT_PAYLOAD, 0xff, 0xfe)],
    ['an unknown type', payload('{"t":"hello"}')],
    ['a list', payload('[1]')],
    ['a member that is none', payload(`{"t":"here","id":"${'A'.repeat(42)}","ask":true}`)],
    ['a name with stray bits', payload(`{"t":"here","id":"${'A'.repeat(42)}B","ask":true}`)],
    ['a try that is none', payload(`{"t":"call","id":"${id}","own":"short"}`)],
    ['video', payload(rtc({ type: 'offer', sdp: `${sdp}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n` }))],
    ['no media at all', payload(rtc({ type: 'offer', sdp: 'v=0\r\n' }))],
    ['a description that is too long', payload(rtc({ type: 'answer', sdp: sdp + 'a'.repeat(20_000) }))],
    ['renegotiation', payload(rtc({ type: 'renegotiate', renegotiate: true }))],
    ['a candidate for nothing', payload(rtc({ type: 'candidate', candidate: 'x' }))],
    [
      'a candidate that is too long',
      payload(rtc({ type: 'candidate', candidate: 'x'.repeat(2_000), sdpMid: '0' })),
    ],
    ['too many items', payload(JSON.stringify({ t: 'rtc', own, other, items: Array(65).fill({}) }))],
    ['too many bytes', payload(JSON.stringify({ t: 'busy', other, final: true, x: 'y'.repeat(50_000) }))],
  ])('%s is refused', (_name, bytes) => {
    expect(decodeLinkSignal(bytes)).toBeUndefined()
  })

  test('5,000 bent signals never throw', () => {
    const rng = createRng('signals-1')
    for (let i = 0; i < 5_000; i++) {
      const bytes = encodeLinkSignal(signals[rng.below(signals.length)]!)
      for (let n = rng.below(4); n >= 0; n--) bytes[rng.below(bytes.length)] = rng.below(256)
      const decoded = decodeLinkSignal(
        bytes.subarray(0, rng.below(3) === 0 ? rng.below(bytes.length) : undefined),
      )
      if (decoded) expect(decodeLinkSignal(encodeLinkSignal(decoded)), `signals-1 ${i}`).toEqual(decoded)
    }
  })
})

describe('contacts', () => {
  const socket = (n: number): SocketId => String(n).padStart(16, 's') as SocketId
  const any = (): boolean => true

  test('of several sockets with one name the one that failed least is called', () => {
    const contacts = new Contacts()
    contacts.note(socket(1), id)
    contacts.note(socket(2), id)
    expect(contacts.callable(0, any).get(id)?.address).toBe(socket(2))
    contacts.failed(socket(2), 0)
    expect(contacts.callable(100_000, any).get(id)?.address).toBe(socket(1))
  })

  test('failures make pauses that grow to half a minute', () => {
    const contacts = new Contacts()
    contacts.note(socket(1), id)
    const pauses: number[] = []
    for (let now = 0, i = 0; i < 8; i++) {
      contacts.failed(socket(1), now)
      pauses.push(contacts.get(socket(1))!.notBefore - now)
      now += 60_000
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    expect(contacts.callable(0, any).size).toBe(0)
  })

  test('are at most 512, the oldest go first', () => {
    const contacts = new Contacts()
    for (let n = 0; n < 600; n++) contacts.note(socket(n))
    expect(contacts.get(socket(87))).toBeUndefined()
    expect(contacts.get(socket(88))).toBeDefined()
  })

  test('through neighbours are named by the member', () => {
    expect(viaMember(viaAddress(id))).toBe(id)
    expect(viaMember(socket(1))).toBeUndefined()
  })
})
