import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../src/core/num/base64url.ts'
import {
  decodeClientFrame,
  decodeServerFrame,
  encodeFrame,
  MAX_FRAME_BYTES,
  MAX_PAYLOAD_BYTES,
  type ClientFrame,
  type RoomHash,
  type ServerFrame,
  type SignalingErrorCode,
  type SocketId,
} from '../../src/protocol/signaling.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(encodeBase64url)
const socketId = bytes(12).map(text => text as SocketId)
const roomHash = bytes(32).map(text => text as RoomHash)
const data = fc.uint8Array({ maxLength: 300 }).map(encodeBase64url)

const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  roomHash.map(room => ({ t: 'join', v: 1, room }) as const),
  fc.record({ t: fc.constant('send' as const), to: socketId, data }),
  fc.integer({ min: 1, max: 16 }).map(count => ({ t: 'introduce', count }) as const),
)

const errorCodes: readonly SignalingErrorCode[] = [
  'malformed',
  'not-joined',
  'room-full',
  'rate',
  'too-large',
  'unknown-peer',
  'server-full',
]

const serverFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.record({
    t: fc.constant('welcome' as const),
    self: socketId,
    peers: fc.array(socketId, { maxLength: 8 }),
    size: fc.integer({ min: 1, max: 200 }),
    iceServers: fc.array(
      fc.oneof(
        fc.constant({ urls: 'stun:stun.example:3478' }),
        fc.constant({ urls: 'turn:turn.example?transport=tcp', username: '17', credential: 'YQ==' }),
      ),
      { maxLength: 8 },
    ),
  }),
  fc.record({ t: fc.constantFrom('peer' as const, 'gone' as const), peer: socketId }),
  fc.record({ t: fc.constant('from' as const), from: socketId, data }),
  fc.constant({ t: 'beat' } as const),
  fc.record({ t: fc.constant('error' as const), code: fc.constantFrom(...errorCodes) }),
  fc.record({ t: fc.constant('error' as const), code: fc.constantFrom(...errorCodes), to: socketId }),
)

const ID = 'AAAAAAAAAAAAAAAA'
const ROOM = 'A'.repeat(43)

describe('signaling frames', () => {
  it('come back as they were sent', () => {
    fc.assert(
      fc.property(clientFrame, frame => {
        expect(decodeClientFrame(encodeFrame(frame))).toEqual({ status: 'ok', frame })
      }),
    )
    fc.assert(
      fc.property(serverFrame, frame => {
        expect(decodeServerFrame(encodeFrame(frame))).toEqual({ status: 'ok', frame })
      }),
    )
  })

  it('are refused, never thrown at, for any other text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map(text => `{"t":${text}}`),
        ),
        text => {
          const asClient = decodeClientFrame(text)
          const asServer = decodeServerFrame(text)
          // The only valid frame without an argument; fast-check may find it.
          if (text !== '{"t":"beat"}') expect(asServer.status).not.toBe('ok')
          expect(asClient.status).not.toBe('ok')
        },
      ),
    )
  })

  it.each([
    ['a wrong version', { t: 'join', v: 2, room: ROOM }],
    ['no version', { t: 'join', room: ROOM }],
    ['a short room', { t: 'join', v: 1, room: ROOM.slice(1) }],
    ['a room with stray bits', { t: 'join', v: 1, room: `${'A'.repeat(42)}B` }],
    ['a room that is a list', { t: 'join', v: 1, room: [ROOM] }],
    ['a receiver that is no id', { t: 'send', to: 'everyone', data: '' }],
    ['data that is no text', { t: 'send', to: ID, data: 7 }],
    ['data in plain base64', { t: 'send', to: ID, data: 'ab+/' }],
    ['padded data', { t: 'send', to: ID, data: 'YQ==' }],
    ['data of an impossible length', { t: 'send', to: ID, data: 'abcde' }],
    ['data with stray bits', { t: 'send', to: ID, data: 'YR' }],
    ['no introductions', { t: 'introduce', count: 0 }],
    ['half an introduction', { t: 'introduce', count: 1.5 }],
    ['too many introductions', { t: 'introduce', count: 17 }],
    ['a frame of the server', { t: 'beat' }],
    ['an inherited type', { __proto__: { t: 'introduce', count: 1 } }],
    ['a type that every object has', { t: 'constructor' }],
    ['null', null],
    ['a list', [{ t: 'introduce', count: 1 }]],
  ])('refuse %s', (_name, frame) => {
    expect(decodeClientFrame(JSON.stringify(frame))).toEqual({ status: 'malformed' })
  })

  it('do not take prototype keys from JSON for their own', () => {
    expect(decodeClientFrame('{"__proto__":{"t":"introduce","count":1}}').status).toBe('malformed')
    expect(decodeServerFrame('{"t":"error","code":"toString"}').status).toBe('malformed')
  })

  it('carry a payload up to its limit, and name what is above', () => {
    const full = encodeBase64url(new Uint8Array(MAX_PAYLOAD_BYTES).fill(255))
    const frame: ClientFrame = { t: 'send', to: ID as SocketId, data: full }
    expect(encodeFrame(frame).length).toBeLessThanOrEqual(MAX_FRAME_BYTES)
    const decoded = decodeClientFrame(encodeFrame(frame))
    expect(
      decoded.status === 'ok' && decoded.frame.t === 'send' && decodeBase64url(decoded.frame.data),
    ).toHaveLength(MAX_PAYLOAD_BYTES)
    expect(decodeClientFrame(encodeFrame({ ...frame, data: `${full}AA` })).status).toBe('too-large')
    expect(decodeClientFrame(' '.repeat(MAX_FRAME_BYTES + 1)).status).toBe('too-large')
  })

  it('let no data through that core cannot decode', () => {
    const alphabet = fc.constantFrom(...'ABab09-_Qgw')
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 12 }), text => {
        const isValid = decodeClientFrame(JSON.stringify({ t: 'send', to: ID, data: text })).status === 'ok'
        expect(isValid).toBe(decodeBase64url(text) !== undefined)
      }),
    )
  })

  it('drop fields of later versions and refuse ICE servers that are none', () => {
    expect(decodeClientFrame('{"t":"introduce","count":2,"later":true}')).toEqual({
      status: 'ok',
      frame: { t: 'introduce', count: 2 },
    })
    const welcome = {
      t: 'welcome',
      self: ID,
      peers: [],
      size: 1,
      iceServers: [{ urls: 'https://example.org' }],
    }
    expect(decodeServerFrame(JSON.stringify(welcome)).status).toBe('malformed')
  })
})
