// Identity levels: 0 for whoever registered itself, 1 vouched by a guardian, 2 by an issuer that the terms name. Vouches end;
// the newest of an author about a subject is the one that counts. Beneficial owners are commitments: the ledger holds
// SHA-256 of salt and name, the opening goes to an auditor as a file.
import { sha256 } from '@noble/hashes/sha2.js'
import type { VouchBody } from '../ledger/entry.ts'
import { bytesToHex } from '../num/hex.ts'
import type { MemberId } from '../num/ids.ts'
import { derive } from './derived.ts'
import type { GovernanceState } from './state.ts'

export type Level = 0 | 1 | 2

export function vouch(state: GovernanceState, author: MemberId, body: VouchBody): void {
  let about = state.vouches.get(body.subject)
  if (!about) state.vouches.set(body.subject, (about = new Map()))
  const { level, owner, expiresUnixMs } = body
  about.set(author, { level, owner, expiresUnixMs, sealed: false })
}

/** Guardians and issuers are named by the terms themselves, so they stand at level 1 without a voucher. */
export function levelOf(state: GovernanceState, member: MemberId, unixMs: number): Level {
  const { terms } = derive(state)
  let level: Level = 0
  if (terms?.terms.guardians.includes(member) || terms?.terms.issuers.includes(member)) level = 1
  for (const [author, { level: stated, expiresUnixMs, sealed }] of state.vouches.get(member) ?? []) {
    if (expiresUnixMs !== 0 && expiresUnixMs <= unixMs) continue
    if (stated > level && (sealed || isEntitled(state, author, stated))) level = stated
  }
  return level
}

/** Level 1 by a guardian or an issuer, level 2 by an issuer only. */
export function isEntitled(state: GovernanceState, author: MemberId, level: 1 | 2): boolean {
  return derive(state).authorities.some(
    ({ guardians, issuers }) => issuers.includes(author) || (level === 1 && guardians.includes(author)),
  )
}

/** Owner commitments that somebody entitled stated, by member; of several the lowest. */
export function ownersOf(state: GovernanceState): ReadonlyMap<MemberId, string> {
  const owners = new Map<MemberId, string>()
  for (const [subject, about] of state.vouches) {
    const stated = [...about].flatMap(([author, { owner, level, sealed }]) =>
      owner !== '' && (sealed || isEntitled(state, author, level)) ? [owner] : [],
    )
    const lowest = stated.sort()[0]
    if (lowest !== undefined) owners.set(subject, lowest)
  }
  return owners
}

/** Exactly so long, or one commitment would open to several names. */
export const OWNER_SALT_BYTES = 16

/** Hex SHA-256 of salt and name in UTF-8. Throws RangeError for a salt of another length. */
export function commitOwner(salt: Uint8Array, name: string): string {
  if (salt.length !== OWNER_SALT_BYTES) throw new RangeError('the salt must have 16 bytes')
  const text = new TextEncoder().encode(name)
  const bytes = new Uint8Array(OWNER_SALT_BYTES + text.length)
  bytes.set(salt)
  bytes.set(text, OWNER_SALT_BYTES)
  return bytesToHex(sha256(bytes))
}

export function opensCommitment(commitment: string, salt: Uint8Array, name: string): boolean {
  return salt.length === OWNER_SALT_BYTES && commitOwner(salt, name) === commitment
}
