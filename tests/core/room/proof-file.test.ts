import { describe, expect, it } from 'vitest'
import { verifySignature } from '../../../src/adapters/signer-webcrypto.ts'
import { canonicalise } from '../../../src/core/ledger/canonical.ts'
import { entryBytes, entryHash } from '../../../src/core/ledger/chain.ts'
import { leafHash } from '../../../src/core/num/merkle.ts'
import {
  createConsistencyProof,
  createProof,
  isProofFile,
  verifyProof,
} from '../../../src/core/room/proof-file.ts'
import { consortiumLedger, hostLedger } from '../../tools/golden-ledgers.ts'
import { ann, rememberingVerify, sampleLedger } from './audit-sample.ts'

const made = sampleLedger()
const { charter } = made
const [older, newer] = made.epochs.map(({ certificate }) => certificate)
const entries = made.epochs.flatMap(epoch => epoch.entries)
const leaves = entries.map(entry => leafHash(entryBytes(entry)))
const verify = rememberingVerify()

const proofOf = (index: number, certificate = newer!): Uint8Array =>
  createProof({ charter, entry: entries[index]!, index, leaves, certificate })
const consistency = createConsistencyProof({ charter, older: older!, newer: newer!, leaves })
const parsed = (file: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(file))
const encoded = (file: object): Uint8Array => new TextEncoder().encode(`${canonicalise(file)}\n`)

describe('proof of one entry', () => {
  it('holds for every sealed entry of every recorded ledger, against every seal that has it', async () => {
    for (const ledger of [made, hostLedger(), consortiumLedger()]) {
      const all = ledger.epochs.flatMap(epoch => epoch.entries)
      const allLeaves = all.map(entry => leafHash(entryBytes(entry)))
      for (const { certificate } of ledger.epochs)
        for (let index = 0; index < certificate.seal.size; index++) {
          const entry = all[index]!
          const file = createProof({ charter: ledger.charter, entry, index, leaves: allLeaves, certificate })
          expect(isProofFile(file)).toBe(true)
          const report = await verifyProof(file, verify)
          expect(report).toMatchObject({
            status: 'sound',
            proves: 'inclusion',
            room: ledger.room,
            hash: entryHash(entry),
            index,
            seal: { epoch: certificate.seal.epoch, root: certificate.seal.root },
          })
        }
    }
  })

  it('does not hold with any byte changed', async () => {
    const file = proofOf(4)
    const changed = new Uint8Array(file)
    for (const [at, old] of file.entries()) {
      for (const value of [old ^ 1, 10, 32])
        if (value !== old) {
          changed[at] = value
          const { status } = await verifyProof(changed, verify)
          expect(status, `byte ${at} to ${value}`).toBe('broken')
        }
      changed[at] = old
    }
  }, 600_000)

  it('names what does not hold', async () => {
    const file = parsed(proofOf(4))
    const other = hostLedger()
    const foreign = other.epochs[0]!
    const faults: readonly (readonly [string, object])[] = [
      ['wrong-root', { ...file, entry: entries[3] }],
      ['wrong-root', { ...file, index: 3 }],
      ['wrong-root', { ...file, index: 6 }],
      ['wrong-root', { ...file, path: [] }],
      ['wrong-room', { ...file, entry: foreign.entries[0] }],
      ['wrong-room', { ...file, certificate: foreign.certificate }],
      ['not-the-founder', { ...file, charter: made.entryOf(ann, 1) }],
      ['wrong-room', { ...file, charter: other.charter }],
      ['bad-signature', { ...file, entry: { ...entries[4], unixMs: 1 } }],
      ['no-quorum', { ...file, certificate: { seal: newer!.seal, statements: older!.statements } }],
      ['no-quorum', { ...file, certificate: { ...newer!, statements: newer!.statements.slice(1) } }],
      ['unreadable-line', { ...file, more: '' }],
      ['unreadable-line', { ...file, format: 'yoriai-proof-3' }],
    ]
    for (const [fault, changed] of faults)
      expect(await verifyProof(encoded(changed), verifySignature)).toEqual({ status: 'broken', fault })
    expect(await verifyProof(proofOf(4).slice(0, -1), verifySignature)).toMatchObject({ fault: 'truncated' })
  })
})

describe('proof that one seal continues another', () => {
  it('holds, and not the other way round or with another path', async () => {
    expect(await verifyProof(consistency, verifySignature)).toMatchObject({
      status: 'sound',
      proves: 'consistency',
      older: { epoch: 1 },
      seal: { epoch: 2 },
    })
    const file = parsed(consistency)
    const swapped = encoded({ ...file, newer: older, older: newer })
    expect(await verifyProof(swapped, verifySignature)).toMatchObject({ fault: 'out-of-order' })
    const path = file['path'] as string[]
    for (const other of [[], [...path, path[0]!], path.map(() => 'ab'.repeat(32))])
      expect(await verifyProof(encoded({ ...file, path: other }), verifySignature)).toMatchObject({
        fault: 'wrong-root',
      })
  })
})
