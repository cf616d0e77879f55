// Test vectors of the ledger's format: entries of every kind with their bytes, hashes and signatures, and texts that are no
// entries. `npx tsx tests/tools/ledger-vectors.ts` records them in tests/golden/ledger-entries.json. Recorded once for a
// version of the format: a change of the file is a change of the format.
import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { canonicalise } from '../../src/core/ledger/canonical.ts'
import { entryHash, hashOf, headOf, roomIdBytes, signingBytes } from '../../src/core/ledger/chain.ts'
import type { Entry, EntryBody, SignedHead } from '../../src/core/ledger/entry.ts'
import { proofOfFork } from '../../src/core/ledger/evidence.ts'
import { leafHash, rootOf } from '../../src/core/num/merkle.ts'
import { signedText } from '../../src/core/room/signed-text.ts'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import type { RoomId } from '../../src/core/num/ids.ts'
import { badBodies, badEnvelopes } from '../core/ledger/bad-entries.ts'
import { charterBody, governanceTerms, SALT, samples } from '../core/ledger/fixtures.ts'
import { testIdentity, type TestIdentity } from './test-identity.ts'

export interface LedgerVectors {
  readonly about: string
  readonly room: string
  readonly founder: string
  readonly salt: string
  readonly entries: readonly {
    readonly kind: string
    /** The canonical bytes as text. */
    readonly entry: string
    readonly hash: string
    readonly bodyHash: string
    /** What was signed, as text: purpose and room in clear, then the canonical head without its signature. */
    readonly signed: string
    readonly signature: string
    /** RFC 9162 leaf hash. */
    readonly leaf: string
  }[]
  /** RFC 9162 root over the entries in this order. */
  readonly root: string
  readonly refused: readonly { readonly why: string; readonly text: string }[]
}

const FILE = fileURLToPath(new URL('../golden/ledger-entries.json', import.meta.url))
const START_UNIX_MS = 1_790_000_000_000
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export function ledgerVectors(): LedgerVectors {
  const founder = testIdentity(0)
  const room = encodeBase64url(roomIdBytes(founder.id, SALT)) as RoomId
  const governance = { ...governanceTerms, guardians: [founder.id] }
  const twins = [1, 2].map(part => {
    const body: EntryBody = { kind: 'join', nickname: 'both', role: 'trainer', part, dataRoot: '' }
    return headOf(sign(testIdentity(3), room, [], body))
  }) as [SignedHead, SignedHead]
  const bodies = samples.map((body): EntryBody => {
    if (body.kind === 'charter') return { ...charterBody, governance }
    if (body.kind === 'amend') return { ...body, governance: { ...governance, heartbeatMs: 30_000 } }
    return body.kind === 'proof' ? proofOfFork(...twins) : body
  })
  const chain: Entry[] = []
  for (const body of bodies) chain.push(sign(founder, room, chain, body))
  return {
    about:
      'Entries of one author from its first. Key: Ed25519 with the seed SHA-256("yoriai test identity 0"). Texts are UTF-8.',
    room,
    founder: founder.id,
    salt: SALT,
    entries: chain.map(entry => ({
      kind: entry.body.kind,
      entry: canonicalise(entry),
      hash: entryHash(entry),
      bodyHash: hashOf(entry.body),
      signed: text(signedText('entry', room, signingBytes(entry))),
      signature: entry.sig,
      leaf: hex(leafOf(entry)),
    })),
    root: rootOf(chain.map(leafOf)),
    refused: refused(chain[2]!),
  }
}

const leafOf = (entry: Entry): Uint8Array => leafHash(new TextEncoder().encode(canonicalise(entry)))

function sign(identity: TestIdentity, room: RoomId, chain: readonly Entry[], body: EntryBody): Entry {
  const seq = chain.length
  const prev = seq === 0 ? '' : entryHash(chain[seq - 1]!)
  const unsigned = { v: 2, room, author: identity.id, seq, prev, unixMs: START_UNIX_MS + seq, body } as const
  return { ...unsigned, sig: identity.sign(signedText('entry', room, signingBytes(unsigned))) }
}

/** Texts next to a sound entry. */
function refused(join: Entry): LedgerVectors['refused'] {
  const sound = canonicalise(join)
  return [
    ...badBodies.map(([why, body]) => ({ why, text: canonicalise({ ...join, body }) })),
    ...badEnvelopes.map(([why, change]) => ({ why, text: canonicalise({ ...join, ...change }) })),
    { why: 'a space', text: sound.replace(':', ': ') },
    { why: 'a newline at the end', text: `${sound}\n` },
    { why: 'keys out of order', text: JSON.stringify(join) },
    { why: 'a doubled key', text: sound.replace('"part":2', '"part":2,"part":2') },
    { why: 'an exponent', text: sound.replace('"part":2', '"part":2e0') },
    { why: 'a whole fraction', text: sound.replace('"part":2', '"part":2.0') },
    { why: 'minus zero', text: sound.replace('"part":2', '"part":-0') },
    { why: 'an escape that is not needed', text: sound.replace('trainer', '\\u0074rainer') },
    { why: 'a lone surrogate', text: sound.replace('花子', '\\ud800') },
    { why: 'truncation', text: sound.slice(0, -1) },
    { why: 'null', text: sound.replace('"part":2', '"part":null') },
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(FILE, `${JSON.stringify(ledgerVectors(), null, 1)}\n`)
  console.log('written: tests/golden/ledger-entries.json')
}
