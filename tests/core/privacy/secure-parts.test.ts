// The parts of a secure sum by themselves: shares, levels, keys, bytes.
import { describe, expect, it } from 'vitest'
import { x25519 } from '@noble/curves/ed25519.js'
import { hexToBytes } from '../../../src/core/num/hex.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import {
  addMask,
  isSoundPublic,
  openShares,
  publicOf,
  sealShares,
} from '../../../src/core/privacy/secure-keys.ts'
import {
  decodeSumMessage,
  encodeSumMessage,
  type SumMessage,
} from '../../../src/core/privacy/secure-messages.ts'
import { dequantiseSum, quantise } from '../../../src/core/privacy/secure-quantise.ts'
import { combineShares, shareAt } from '../../../src/core/privacy/secure-shamir.ts'
import { plainSum, randomBytes, randomWords } from './sum-rig.ts'

describe('Shamir over GF(2^8)', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'any threshold of holders gives the secret back, one fewer does not (seed %d)',
    seed => {
      const rng = createRng(`shamir/${seed}`)
      const holders = 2 + Math.floor(rng.next() * 254)
      const threshold = 2 + Math.floor(rng.next() * Math.min(20, holders - 1))
      const secret = randomBytes(rng, 32)
      const coefficients = randomBytes(rng, 32 * (threshold - 1))
      const places = Array.from({ length: holders }, (_, i) => ({ x: i + 1, order: rng.next() }))
      const shares = places
        .sort((a, b) => a.order - b.order)
        .slice(0, threshold)
        .map(({ x }) => ({ x, bytes: shareAt(secret, coefficients, x) }))
      expect(combineShares(shares)).toEqual(secret)
      expect(combineShares(shares.slice(1))).not.toEqual(secret)
    },
  )

  it('threshold - 1 shares fit every secret alike', () => {
    // Threshold 2, one byte: for each secret exactly one coefficient gives the share that was seen.
    for (const secret of [0, 1, 77, 255]) {
      const fitting = Array.from(
        { length: 256 },
        (_, c) => shareAt(Uint8Array.of(secret), Uint8Array.of(c), 9)[0],
      )
      expect(new Set(fitting).size).toBe(256)
    }
  })

  it('multiplies as AES does: 0x57 * 0x13 = 0xfe (FIPS 197, section 4.2.1)', () => {
    expect(shareAt(Uint8Array.of(0), Uint8Array.of(0x57), 0x13)).toEqual(Uint8Array.of(0xfe))
  })
})

describe('levels', () => {
  it('sums of quantised changes are within half a level each of the sum of the changes', () => {
    const rng = createRng('levels')
    const members = 10
    const bound = 0.25
    const changes = Array.from({ length: members }, () =>
      Float32Array.from({ length: 400 }, () => rng.next() - 0.5),
    )
    const sum = dequantiseSum(
      plainSum(changes.map(change => quantise(change, bound, members))),
      bound,
      members,
    )
    const level = bound / Math.floor(0x7fffffff / members)
    sum.forEach((value, i) => {
      const exact = changes.reduce(
        (total, change) => total + Math.max(-bound, Math.min(bound, change[i]!)),
        0,
      )
      expect(Math.abs(value - exact)).toBeLessThanOrEqual((members / 2) * level * 1.001)
    })
  })

  it('never wraps, even when all stand at the bound', () => {
    for (const members of [2, 3, 10, 255]) {
      for (const side of [1, -1]) {
        const words = Array.from({ length: members }, () => quantise(Float32Array.of(side * 1e9), 2, members))
        expect(dequantiseSum(plainSum(words), 2, members)[0]).toBeCloseTo(2 * side * members, 6)
      }
    }
  })

  it('takes what is not a number for no change', () => {
    expect(Array.from(quantise(Float32Array.of(NaN, Infinity), 1, 2))).toEqual([0, 0x3fffffff])
  })
})

describe('keys', () => {
  const rng = createRng('keys')
  const [a, b, c] = [randomBytes(rng, 32), randomBytes(rng, 32), randomBytes(rng, 32)]
  const transcript = randomBytes(rng, 32)
  const share = { seedShare: randomBytes(rng, 32), keyShare: randomBytes(rng, 32) }
  const box = sealShares(share.seedShare, share.keyShare, a, publicOf(b), transcript, { from: 0, to: 1 })

  it('a box opens for its reader, from its author, in its session, and in no other case', () => {
    expect(openShares(box, b, publicOf(a), transcript, { from: 0, to: 1 })).toEqual(share)
    expect(openShares(box, c, publicOf(a), transcript, { from: 0, to: 1 })).toBeNull()
    expect(openShares(box, b, publicOf(c), transcript, { from: 0, to: 1 })).toBeNull()
    expect(openShares(box, b, publicOf(a), transcript, { from: 1, to: 0 })).toBeNull()
    expect(openShares(box, b, publicOf(a), randomBytes(rng, 32), { from: 0, to: 1 })).toBeNull()
    expect(
      openShares(
        box.map(byte => byte ^ 1),
        b,
        publicOf(a),
        transcript,
        { from: 0, to: 1 },
      ),
    ).toBeNull()
  })

  it('a mask comes off again, over the end of a batch', () => {
    const vector = randomWords(rng, 40_001)
    const masked = vector.slice()
    addMask(masked, a, 1)
    expect(masked).not.toEqual(vector)
    addMask(masked, a, -1)
    expect(masked).toEqual(vector)
  })

  it('points of small order are no keys', () => {
    expect(isSoundPublic(publicOf(a))).toBe(true)
    expect(isSoundPublic(new Uint8Array(32))).toBe(false)
    expect(isSoundPublic(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0)))).toBe(false)
    const edge = (first: number): string => `${first.toString(16)}${'ff'.repeat(30)}7f`
    const ofOrderEight = [
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
      '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    ]
    for (const hex of [...ofOrderEight, edge(0xec), edge(0xed), edge(0xee)]) {
      const key = hexToBytes(hex)
      expect(isSoundPublic(key)).toBe(false)
      expect(() => x25519.getSharedSecret(a, key)).toThrow()
      key[31]! |= 0x80
      expect(isSoundPublic(key)).toBe(false)
    }
    expect(isSoundPublic(hexToBytes(edge(0xeb)))).toBe(true)
  })
})

describe('bytes', () => {
  const rng = createRng('bytes')
  const bytes32 = (): Uint8Array => randomBytes(rng, 32)
  const shape = { session: bytes32(), members: 9, parameters: 5 }
  const messages: SumMessage[] = [
    { kind: 'keys', sealPublic: publicOf(bytes32()), maskPublic: publicOf(bytes32()) },
    {
      kind: 'shares',
      seedCommitment: bytes32(),
      commitments: Array.from({ length: 8 }, bytes32),
      boxes: Array.from({ length: 3 }, () => randomBytes(rng, 80)),
    },
    { kind: 'masked', vector: randomWords(rng, 5) },
    { kind: 'list', list: 'sharers', members: [0, 3, 8], digest: bytes32() },
    { kind: 'confirm', digest: bytes32() },
    { kind: 'reveal', shares: [bytes32(), null, bytes32()] },
  ]

  it.each(messages)('$kind: there and back', message => {
    expect(decodeSumMessage(encodeSumMessage(message, shape), shape)).toEqual(message)
  })

  it.each(messages)('$kind: of no other length, version, kind or session', message => {
    const bytes = encodeSumMessage(message, shape)
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decodeSumMessage(bytes.subarray(0, length), shape)
      // A shorter reveal or share list of whole entries is a message of its own; machines compare it with their lists.
      if (typeof decoded !== 'string')
        expect(encodeSumMessage(decoded, shape)).toEqual(bytes.slice(0, length))
    }
    const changed = (at: number, value: number): Uint8Array =>
      bytes.map((byte, i) => (i === at ? value : byte))
    expect(decodeSumMessage(changed(0, 2), shape)).toBe('malformed')
    expect(decodeSumMessage(changed(1, 7), shape)).toBe('malformed')
    expect(decodeSumMessage(changed(1, 0), shape)).toBe('malformed')
    expect(decodeSumMessage(changed(5, bytes[5]! ^ 1), shape)).toBe('other-session')
  })

  it('whatever decodes, encodes to the same bytes (random bytes behind a good head)', () => {
    let decoded = 0
    for (let i = 0; i < 4000; i++) {
      const kind = 1 + Math.floor(rng.next() * 6)
      const lengths = [64, 32 + 144 * 2 - 80, 20, 35, 32, 33 * 2]
      const content = randomBytes(rng, lengths[kind - 1]! + (rng.next() < 0.3 ? 1 : 0))
      const bytes = Uint8Array.from([1, kind, ...shape.session.subarray(0, 16), ...content])
      if (kind === 4) bytes[18] = Math.floor(rng.next() * 4)
      const message = decodeSumMessage(bytes, shape)
      if (typeof message === 'string') continue
      decoded++
      expect(encodeSumMessage(message, shape)).toEqual(bytes)
    }
    expect(decoded).toBeGreaterThan(1000)
  })
})
