// Proofs that travel alone, each one line of canonical JSON. 'yoriai-proof-2': one entry is a leaf of the tree that a seal
// names. 'yoriai-consistency-2': the tree of one seal is a beginning of another's. Each carries the charter, whose author
// and salt make the room's id. Whether the signers of a seal were entitled takes the whole ledger, or a seal hash that the
// reader knows from elsewhere; the report says so.
import * as v from 'valibot'
import { parseBytes } from '../ledger/canonical-text.ts'
import { canonicalise } from '../ledger/canonical.ts'
import type { Entry } from '../ledger/entry.ts'
import { count, hash } from '../ledger/fields.ts'
import { entryBytes, entryHash, hashOf } from '../ledger/chain.ts'
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from '../num/merkle.ts'
import { entry as entrySchema } from '../ledger/schema-entry.ts'
import { certificate as certificateSchema } from '../ledger/schema-seal.ts'
import type { Certificate } from '../ledger/seal.ts'
import type { MemberId, RoomId } from '../num/ids.ts'
import type { AuditFault } from './audit-report.ts'
import { certificateChecks, entryChecks, verifyAll, type Verify } from './audit-signatures.ts'
import { isFounding } from './founding.ts'

const INCLUSION_FORMAT = 'yoriai-proof-2'
const CONSISTENCY_FORMAT = 'yoriai-consistency-2'
/** Two certificates of a full room, a charter and an entry. */
const LIMITS = { bytes: 2 * 1024 * 1024, depth: 10 }
/** A tree of 2^53 leaves is no deeper; consistency takes up to twice as many. */
const path = v.pipe(v.array(hash), v.maxLength(107))

const inclusionFile = v.strictObject({
  format: v.literal(INCLUSION_FORMAT),
  certificate: certificateSchema,
  charter: entrySchema,
  entry: entrySchema,
  index: count,
  path,
})

const consistencyFile = v.strictObject({
  format: v.literal(CONSISTENCY_FORMAT),
  charter: entrySchema,
  newer: certificateSchema,
  older: certificateSchema,
  path,
})

/** Of the seal that a proof rests on. */
export interface ProofSeal {
  readonly epoch: number
  readonly hash: string
  readonly root: string
  readonly size: number
  readonly unixMs: number
  /** Whose signatures stand under it, checked. */
  readonly signers: readonly MemberId[]
}

interface ProofContents {
  readonly room: RoomId
  readonly title: string
  readonly founder: MemberId
  readonly seal: ProofSeal
}

export type ProofReport =
  | { readonly status: 'broken'; readonly fault: AuditFault }
  | (ProofContents & {
      readonly status: 'sound'
      readonly proves: 'inclusion'
      readonly entry: Entry
      readonly hash: string
      /** Place among all entries of the room, from 0. */
      readonly index: number
    })
  | (ProofContents & {
      readonly status: 'sound'
      readonly proves: 'consistency'
      readonly older: ProofSeal
    })

export interface InclusionParts {
  readonly charter: Entry
  readonly entry: Entry
  readonly index: number
  /** Leaf hashes of all entries from the room's beginning, at least as far as the seal reaches. */
  readonly leaves: readonly Uint8Array[]
  readonly certificate: Certificate
}

export function createProof({ charter, entry, index, leaves, certificate }: InclusionParts): Uint8Array {
  const proof = inclusionProof(leaves.slice(0, certificate.seal.size), index)
  return encode({ format: INCLUSION_FORMAT, certificate, charter, entry, index, path: proof })
}

export interface ConsistencyParts {
  readonly charter: Entry
  readonly older: Certificate
  readonly newer: Certificate
  /** As in InclusionParts. */
  readonly leaves: readonly Uint8Array[]
}

export function createConsistencyProof({ charter, older, newer, leaves }: ConsistencyParts): Uint8Array {
  const proof = consistencyProof(leaves.slice(0, newer.seal.size), older.seal.size)
  return encode({ format: CONSISTENCY_FORMAT, charter, newer, older, path: proof })
}

/** Whether the file begins as a proof does; then verifyProof is the one to ask, else the audit of a ledger. */
export function isProofFile(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes.subarray(0, 24))
  return text.startsWith('{"certificate":') || text.startsWith('{"charter":')
}

export async function verifyProof(bytes: Uint8Array, verify: Verify): Promise<ProofReport> {
  const line = bytes[bytes.length - 1] === NEWLINE ? bytes.subarray(0, -1) : undefined
  if (!line) return broken('truncated')
  const inclusion = parseBytes(inclusionFile, line, LIMITS)
  if (inclusion) return verifyInclusionFile(inclusion, verify)
  const consistency = parseBytes(consistencyFile, line, LIMITS)
  return consistency ? verifyConsistencyFile(consistency, verify) : broken('unreadable-line')
}

const NEWLINE = 10

async function verifyInclusionFile(
  file: v.InferOutput<typeof inclusionFile>,
  verify: Verify,
): Promise<ProofReport> {
  const { certificate, charter, entry, index } = file
  const fault = await faultOf(charter, [certificate], [entry], verify)
  if (fault) return broken(fault)
  const tree = { size: certificate.seal.size, root: certificate.seal.root }
  if (!verifyInclusion(leafHash(entryBytes(entry)), index, tree, file.path)) return broken('wrong-root')
  const contents = contentsOf(charter, certificate)
  return { ...contents, status: 'sound', proves: 'inclusion', entry, hash: entryHash(entry), index }
}

async function verifyConsistencyFile(
  file: v.InferOutput<typeof consistencyFile>,
  verify: Verify,
): Promise<ProofReport> {
  const { charter, older, newer } = file
  const fault = await faultOf(charter, [older, newer], [], verify)
  if (fault) return broken(fault)
  if (older.seal.epoch >= newer.seal.epoch) return broken('out-of-order')
  if (!verifyConsistency(older.seal, newer.seal, file.path)) return broken('wrong-root')
  return { ...contentsOf(charter, newer), status: 'sound', proves: 'consistency', older: sealOf(older) }
}

/** What all proofs must have in order: one room, its founder's charter, signatures, statements that name their seal. */
async function faultOf(
  charter: Entry,
  certificates: readonly Certificate[],
  entries: readonly Entry[],
  verify: Verify,
): Promise<AuditFault | null> {
  const { room } = charter
  if (!isFounding(charter)) return 'not-the-founder'
  const isOneRoom =
    entries.every(entry => entry.room === room) && certificates.every(({ seal }) => seal.room === room)
  if (!isOneRoom) return 'wrong-room'
  if (!certificates.every(hasOwnStatements)) return 'no-quorum'
  const checks = [...[charter, ...entries].flatMap(entryChecks), ...certificates.flatMap(certificateChecks)]
  return (await verifyAll(verify, checks)).fault
}

/** That the statements are about this seal, a commit among them; who had to sign is not to be seen from here. */
function hasOwnStatements({ seal, statements }: Certificate): boolean {
  const name = hashOf(seal)
  const isAbout = statements.every(
    each => each.seal === name && each.room === seal.room && each.epoch === seal.epoch,
  )
  return isAbout && statements.some(({ phase }) => phase === 'commit')
}

function contentsOf(charter: Entry, certificate: Certificate): ProofContents {
  const title = charter.body.kind === 'charter' ? charter.body.title : ''
  return { room: charter.room, title, founder: charter.author, seal: sealOf(certificate) }
}

function sealOf({ seal, statements }: Certificate): ProofSeal {
  const { epoch, root, size, unixMs } = seal
  const signers = [...new Set(statements.map(({ author }) => author))].sort()
  return { epoch, hash: hashOf(seal), root, size, unixMs, signers }
}

function broken(fault: AuditFault): ProofReport {
  return { status: 'broken', fault }
}

function encode(file: object): Uint8Array {
  return new TextEncoder().encode(`${canonicalise(file)}\n`)
}
