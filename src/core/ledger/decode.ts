// The border of the ledger: bytes from a member, a file or the store become a record or nothing. Every decoder demands the
// canonical form and keeps its limits. Signatures, chains and agreement are checked elsewhere.
import { parseBytes, type TextLimits } from './canonical-text.ts'
import type { Entry } from './entry.ts'
import { entry } from './schema-entry.ts'
import { certificate, proposal, seal, sealStatement, snapshot } from './schema-seal.ts'
import type { Certificate, Seal, SealedHead, SealStatement, Snapshot } from './seal.ts'

export interface Proposal {
  readonly seal: Seal
  readonly heads: readonly SealedHead[]
}

export const MAX_ENTRY_BYTES = 64 * 1024
const STATEMENT: TextLimits = { bytes: 1_024, depth: 1 }
const SEAL: TextLimits = { bytes: 64 * 1024, depth: 2 }
const PROPOSAL: TextLimits = { bytes: 1024 * 1024, depth: 3 }
const CERTIFICATE: TextLimits = { bytes: 512 * 1024, depth: 4 }
/** Twice what 5,000 members with a device and a receipt each come to: nobody could join a room whose snapshot is too large. */
const SNAPSHOT: TextLimits = { bytes: 16 * 1024 * 1024, depth: 16 }

export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  return parseBytes(entry, bytes, { bytes: MAX_ENTRY_BYTES, depth: 8 })
}

export function decodeSealStatement(bytes: Uint8Array): SealStatement | undefined {
  return parseBytes(sealStatement, bytes, STATEMENT)
}

export function decodeSeal(bytes: Uint8Array): Seal | undefined {
  return parseBytes(seal, bytes, SEAL)
}

/** A seal with the heads that it names by hash: what a member needs to judge it. */
export function decodeProposal(bytes: Uint8Array): Proposal | undefined {
  return parseBytes(proposal, bytes, PROPOSAL)
}

export function decodeCertificate(bytes: Uint8Array): Certificate | undefined {
  return parseBytes(certificate, bytes, CERTIFICATE)
}

/** The state inside is canonical; its mechanisms decode its parts. */
export function decodeSnapshot(bytes: Uint8Array): Snapshot | undefined {
  return parseBytes(snapshot, bytes, SNAPSHOT)
}
