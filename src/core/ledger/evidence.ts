// Evidence that an author contradicted itself: two signatures for one place. Read from a 'proof' entry or made for one.
// Says whether the two exclude each other; their signatures are for the caller to check.
import { canonicalise } from './canonical.ts'
import { parseText } from './canonical-text.ts'
import type { ProofBody, SignedHead } from './entry.ts'
import { sealStatement, signedHead } from './schema-seal.ts'
import type { SealStatement } from './seal.ts'

export type Evidence =
  | { readonly kind: 'entries'; readonly pair: readonly [SignedHead, SignedHead] }
  | { readonly kind: 'statements'; readonly pair: readonly [SealStatement, SealStatement] }

/** Code points of one signed text; its shape keeps it well below. */
export const MAX_EVIDENCE = 1_024
const FLAT = { depth: 1 }

/** Undefined unless both texts are canonical, of the accused, of one room, and exclude each other. */
export function readEvidence(proof: Omit<ProofBody, 'kind'>): Evidence | undefined {
  if (proof.evidence === 'entries') {
    const first = parseText(signedHead, proof.first, FLAT)
    const second = parseText(signedHead, proof.second, FLAT)
    if (!first || !second || first.author !== proof.against || !areForked(first, second)) return undefined
    return { kind: 'entries', pair: [first, second] }
  }
  const first = parseText(sealStatement, proof.first, FLAT)
  const second = parseText(sealStatement, proof.second, FLAT)
  if (!first || !second || first.author !== proof.against || !areContradicting(first, second))
    return undefined
  return { kind: 'statements', pair: [first, second] }
}

/**
 * Two entries for one place of one chain. A second signature under the same contents counts: the entries that follow name
 * the one or the other.
 */
export function areForked(a: SignedHead, b: SignedHead): boolean {
  return a.room === b.room && a.author === b.author && a.seq === b.seq && canonicalise(a) !== canonicalise(b)
}

/**
 * Two seals in one place of the agreement. A host commits once in an epoch, whatever the view, and never a proposal that it
 * replaced: who stood by the older one relies on that.
 */
export function areContradicting(a: SealStatement, b: SealStatement): boolean {
  if (a.room !== b.room || a.author !== b.author || a.epoch !== b.epoch || a.path !== b.path) return false
  if (a.seal === b.seal) return false
  if (a.phase === b.phase) return a.view === b.view || (a.path === 'host' && a.phase === 'commit')
  return a.path === 'host' && (isOvertaken(a, b) || isOvertaken(b, a))
}

function isOvertaken(commit: SealStatement, propose: SealStatement): boolean {
  return commit.phase === 'commit' && propose.phase === 'propose' && propose.view > commit.view
}

/** What to put into a ledger against the author of two forked heads. The same two give the same body in either order. */
export function proofOfFork(a: SignedHead, b: SignedHead): ProofBody {
  const [first, second] = [canonicalise(a), canonicalise(b)].sort() as [string, string]
  return { kind: 'proof', against: a.author, evidence: 'entries', first, second }
}

export function proofOfContradiction(a: SealStatement, b: SealStatement): ProofBody {
  const [first, second] = [canonicalise(a), canonicalise(b)].sort() as [string, string]
  return { kind: 'proof', against: a.author, evidence: 'statements', first, second }
}
