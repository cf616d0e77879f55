import { expect, test } from 'vitest'
import { createEphemeralSigner, verifySignature } from '../../src/adapters/signer-webcrypto.ts'
import { decodeBase64url, encodeBase64url } from '../../src/core/num/base64url.ts'
import type { MemberId } from '../../src/core/num/ids.ts'

const message = new TextEncoder().encode('a statement')

test('an identity is its public key, and others verify what it signs', async () => {
  const [ann, ben] = [await createEphemeralSigner(), await createEphemeralSigner()]
  expect(decodeBase64url(ann.id, 32)).toHaveLength(32)
  expect(ann.id).not.toBe(ben.id)
  const signature = await ann.sign(message)
  expect(signature).toHaveLength(64)
  expect(await ben.verify(ann.id, message, signature)).toBe(true)
  expect(await verifySignature(ann.id, message, signature)).toBe(true)
  expect(await ben.verify(ben.id, message, signature)).toBe(false)
})

test('signs the vector of RFC 8032 section 7.1, test 3, as everybody does', async () => {
  const author = encodeBase64url(
    Buffer.from('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'hex'),
  ) as MemberId
  const signature = Buffer.from(
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac' +
      '18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
    'hex',
  )
  expect(await verifySignature(author, Uint8Array.of(0xaf, 0x82), signature)).toBe(true)
  expect(await verifySignature(author, Uint8Array.of(0xaf, 0x83), signature)).toBe(false)
})

test('bad keys, signatures and lengths are false, never an error', async () => {
  const ann = await createEphemeralSigner()
  const signature = await ann.sign(message)
  expect(await ann.verify(ann.id, message, signature.subarray(1))).toBe(false)
  expect(await ann.verify(ann.id, message, new Uint8Array(64))).toBe(false)
  for (const id of ['', 'x', '!'.repeat(43), encodeBase64url(new Uint8Array(32).fill(255)), `${ann.id}A`]) {
    expect(await ann.verify(id as MemberId, message, signature), id).toBe(false)
  }
})

test('many authors do not push out correctness', async () => {
  const ann = await createEphemeralSigner()
  const signature = await ann.sign(message)
  for (let i = 0; i < 600; i++) {
    const stranger = encodeBase64url(Uint8Array.from({ length: 32 }, (_, j) => (i * 31 + j * 7) & 255))
    await ann.verify(stranger as MemberId, message, signature)
  }
  expect(await ann.verify(ann.id, message, signature)).toBe(true)
})
