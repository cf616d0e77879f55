// The recorded vectors, checked from their texts alone with Node's own hashes and signatures, and against this program.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { entryBytes, entryHash, Ledger, roomIdBytes } from '../../src/core/ledger/chain.ts'
import { decodeEntry } from '../../src/core/ledger/decode.ts'
import { rootOf } from '../../src/core/num/merkle.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import { ledgerVectors, type LedgerVectors } from '../tools/ledger-vectors.ts'

const vectors = JSON.parse(
  readFileSync(new URL('./ledger-entries.json', import.meta.url), 'utf8'),
) as LedgerVectors
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const sha256 = (...parts: Uint8Array[]): string =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')

const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: vectors.founder }, format: 'jwk' })
const isSigned = (text: string, signature: string): boolean =>
  verify(null, encode(text), key, Buffer.from(signature, 'base64url'))

test('the program writes the recorded vectors', () => expect(ledgerVectors()).toEqual(vectors))

test('all kinds are recorded', () =>
  expect(new Set(vectors.entries.map(({ kind }) => kind)).size).toBe(29))

test('the room is named after its founder', () => {
  const named = sha256(Buffer.from(vectors.founder, 'base64url'), Buffer.from(vectors.salt, 'base64url'))
  expect(Buffer.from(vectors.room, 'base64url').toString('hex')).toBe(named.slice(0, 32))
  expect(Buffer.from(roomIdBytes(vectors.founder as MemberId, vectors.salt)).toString('base64url')).toBe(
    vectors.room,
  )
})

describe.each(vectors.entries.map((vector, i) => ({ ...vector, i })))('entry $i, $kind', vector => {
  const read = JSON.parse(vector.entry) as { body: object; prev: string; sig: string; seq: number }

  test('hashes and leaf', () => {
    expect(sha256(encode(vector.entry))).toBe(vector.hash)
    expect(sha256(Uint8Array.of(0), encode(vector.entry))).toBe(vector.leaf)
    const body = /"body":(.*),"prev":"/.exec(vector.entry)![1]!
    expect(JSON.parse(body)).toEqual(read.body)
    expect(sha256(encode(body))).toBe(vector.bodyHash)
    expect(read.prev).toBe(vectors.entries[vector.i - 1]?.hash ?? '')
  })

  test('signature', () => {
    expect(vector.signed.startsWith(`yoriai/2/entry/${vectors.room}/{`)).toBe(true)
    const head = JSON.parse(vector.signed.slice(vector.signed.indexOf('{'))) as object
    const { body: _, sig, ...envelope } = read
    expect(head).toEqual({ ...envelope, bodyHash: vector.bodyHash })
    expect(sig).toBe(vector.signature)
    expect(isSigned(vector.signed, vector.signature)).toBe(true)
    expect(isSigned(`${vector.signed} `, vector.signature)).toBe(false)
  })

  test('decoding', () => {
    const entry = decodeEntry(encode(vector.entry))!
    expect(entry.body.kind).toBe(vector.kind)
    expect(entryBytes(entry)).toEqual(encode(vector.entry))
    expect(entryHash(entry)).toBe(vector.hash)
  })
})

test('the entries are a chain, and the root is theirs', () => {
  const ledger = new Ledger(vectors.room as RoomId)
  for (const { entry } of vectors.entries)
    expect(ledger.admit(decodeEntry(encode(entry))!)).toEqual({ status: 'added' })
  expect(rootOf(vectors.entries.map(({ leaf }) => Buffer.from(leaf, 'hex')))).toBe(vectors.root)
})

test.each(vectors.refused)('$why is no entry', ({ text }) =>
  expect(decodeEntry(encode(text))).toBeUndefined(),
)
