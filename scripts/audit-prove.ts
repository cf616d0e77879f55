// Proof files made from an exported ledger that the audit found sound: for whoever has the ledger and wants to show one
// entry, or that one seal continues another, to somebody who has not.
import { entryHash } from '../src/core/ledger/chain.ts'
import type { Entry } from '../src/core/ledger/entry.ts'
import { leafHash } from '../src/core/num/merkle.ts'
import type { Certificate } from '../src/core/ledger/seal.ts'
import { readLine } from '../src/core/room/audit-lines.ts'
import { LineReader } from '../src/core/room/export-file.ts'
import { createConsistencyProof, createProof } from '../src/core/room/proof-file.ts'

export type ProofRequest =
  | { readonly type: 'inclusion'; readonly entry: string }
  | { readonly type: 'consistency'; readonly older: number; readonly newer: number }

export class ProofRequestError extends Error {
  override readonly name = 'ProofRequestError'
  constructor(
    readonly kind: 'not-whole' | 'no-such-entry' | 'no-such-seal',
    message: string,
  ) {
    super(message)
  }
}

export function makeProof(
  ledger: Uint8Array,
  request: ProofRequest,
): { readonly name: string; readonly bytes: Uint8Array } {
  const { charter, certificates, entries, leaves } = collect(ledger)
  if (request.type === 'inclusion') {
    const certificate = certificates[certificates.length - 1]
    const index = entries.findIndex(entry => entryHash(entry) === request.entry)
    const entry = entries[index]
    if (!entry || !certificate || index >= certificate.seal.size)
      throw new ProofRequestError('no-such-entry', `no sealed entry has the hash ${request.entry}`)
    const bytes = createProof({ charter, entry, index, leaves, certificate })
    return { name: `yoriai-proof-${request.entry.slice(0, 12)}.json`, bytes }
  }
  const older = certificates[request.older - 1]
  const newer = certificates[request.newer - 1]
  if (!older || !newer || older.seal.epoch >= newer.seal.epoch)
    throw new ProofRequestError('no-such-seal', 'name an older and a newer epoch that the ledger has')
  return {
    name: `yoriai-consistency-${request.older}-${request.newer}.json`,
    bytes: createConsistencyProof({ charter, older, newer, leaves }),
  }
}

interface Collected {
  readonly charter: Entry
  /** Of epoch 1 on. */
  readonly certificates: readonly Certificate[]
  readonly entries: readonly Entry[]
  readonly leaves: readonly Uint8Array[]
}

function collect(ledger: Uint8Array): Collected {
  const certificates: Certificate[] = []
  const entries: Entry[] = []
  const leaves: Uint8Array[] = []
  for (const { bytes } of new LineReader().push(ledger)) {
    const record = readLine(bytes)
    if (record?.type === 'head' && record.fromEpoch > 0)
      throw new ProofRequestError('not-whole', 'it begins after a seal, so its tree cannot be built')
    if (record?.type === 'certificate') certificates.push(record.certificate)
    if (record?.type !== 'entry') continue
    entries.push(record.entry)
    leaves.push(leafHash(record.bytes))
  }
  const charter = entries.find(({ body }) => body.kind === 'charter')
  if (!charter) throw new ProofRequestError('not-whole', 'it has no charter')
  return { charter, certificates, entries, leaves }
}
