// How many signatures make a seal final, and whether a certificate has them. Pure counting: the signatures themselves were
// checked before. n is the number of members of the previous seal (M), h what a host needs of them, f the Byzantine
// members that every n tolerates (fewer than a third). Why these numbers suffice: docs/seals.md.
import { canonicalise } from './canonical.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '../num/hex.ts'
import type { MemberId } from '../num/ids.ts'
import { compareStatements } from './schema-seal.ts'
import type { Certificate, Seal, SealStatement } from './seal.ts'

export type SealMode = 'host' | 'consortium'

/** The seal before, as far as counting goes. */
export interface Previous {
  readonly members: readonly MemberId[]
  readonly anchor: MemberId
}

/** f: the greatest number below a third of n. */
export function faultsTolerated(n: number): number {
  return Math.max(0, Math.ceil(n / 3) - 1)
}

/** More than two thirds. */
export function consortiumQuorum(n: number): number {
  return Math.floor((2 * n) / 3) + 1
}

/** h: half of M must stand behind a host's seal, besides most of those present. */
export function hostQuorum(n: number): number {
  return Math.ceil(n / 2)
}

/** Shares more than f members with every two thirds and with every half of M. */
export function successionQuorum(n: number): number {
  return Math.max(consortiumQuorum(n), n - hostQuorum(n) + faultsTolerated(n) + 1)
}

/** More than half of those present. */
export function presentMajority(count: number): number {
  return Math.floor(count / 2) + 1
}

/** The numbers in force; anything weaker is for showing that it fails. */
export interface SealRules {
  consortiumQuorum(n: number): number
  hostQuorum(n: number): number
  successionQuorum(n: number): number
  /** Whether a member stands by what it committed or voted before. */
  readonly locks: boolean
}

export const SEAL_RULES: SealRules = { consortiumQuorum, hostQuorum, successionQuorum, locks: true }

export function quorumOf(n: number, mode: SealMode, rules: SealRules = SEAL_RULES): number {
  return mode === 'host' ? rules.successionQuorum(n) : rules.consortiumQuorum(n)
}

/** A seal's name: hex SHA-256 of its canonical bytes. */
export function sealHash(seal: Seal): string {
  return bytesToHex(sha256(new TextEncoder().encode(canonicalise(seal))))
}

/**
 * Whether the statements make the seal final. They must be of the seal's room and epoch and about nothing else, of one path
 * and view, one per author and phase. Path 'quorum': commits of the quorum of M. Path 'host' (host-anchored rooms only): the
 * anchor's commit, with votes from most of the seal's own members and from h of M. That the seal continues the one before
 * (epoch, previous hash) is the caller's to check.
 */
export function isFinal(
  certificate: Certificate,
  previous: Previous,
  mode: SealMode,
  rules: SealRules = SEAL_RULES,
): boolean {
  const signers = signersOf(certificate)
  if (!signers) return false
  const { path, votes, commits } = signers
  if (path === 'quorum')
    return (
      votes.size === 0 && countIn(commits, previous.members) >= quorumOf(previous.members.length, mode, rules)
    )
  return (
    mode === 'host' &&
    commits.size === 1 &&
    commits.has(previous.anchor) &&
    [...votes].every(
      author => previous.members.includes(author) || certificate.seal.members.includes(author),
    ) &&
    countIn(votes, previous.members) >= rules.hostQuorum(previous.members.length) &&
    countIn(votes, certificate.seal.members) >= presentMajority(certificate.seal.members.length)
  )
}

/**
 * Whether a joiner that trusts the members and the anchor of some earlier seal may take this one without the seals between.
 * Then the certificate is what counts, and their entries need no verifying: whoever signed did that.
 *
 * By quorum: `parent`, the seal before (bound by its hash), tells whose commits count; more than two thirds of the trusted
 * members must be among them. One honest signer is enough to know that the parent is final, and fewer than a third are not
 * honest. Without the parent nothing follows: the commits of old members alone may have failed in a room that has grown.
 * By host: the commit of the trusted anchor, which no anchor gives in an epoch of another, with most of the members present.
 *
 * Limit: members that have left can sign for an old epoch for ever, and their keys can be stolen or sold. Two thirds of a set
 * that is long gone prove little, so ask several members of the room for their newest seal and take a set that is recent.
 */
export function skipVerifies(
  certificate: Certificate,
  trusted: Previous,
  mode: SealMode,
  parent?: Seal,
  rules: SealRules = SEAL_RULES,
): boolean {
  const signers = signersOf(certificate)
  if (!signers) return false
  const { seal } = certificate
  if (signers.path === 'host') {
    const { votes, commits } = signers
    return (
      mode === 'host' &&
      commits.size === 1 &&
      commits.has(trusted.anchor) &&
      countIn(votes, seal.members) >= presentMajority(seal.members.length)
    )
  }
  return (
    parent !== undefined &&
    parent.room === seal.room &&
    parent.epoch === seal.epoch - 1 &&
    sealHash(parent) === seal.previous &&
    isFinal(certificate, parent, mode, rules) &&
    countIn(signers.commits, trusted.members) >= consortiumQuorum(trusted.members.length)
  )
}

/**
 * The fewest of the statements that make the seal final, in the order of certificates; undefined if they do not. Of several
 * views the lowest, of several members those that come first, so equal statements give equal certificates.
 */
export function certificateOf(
  seal: Seal,
  hash: string,
  statements: readonly SealStatement[],
  previous: Previous,
  mode: SealMode,
  rules: SealRules = SEAL_RULES,
): Certificate | undefined {
  const about = statements
    .filter(s => s.seal === hash && s.epoch === seal.epoch && s.room === seal.room && s.phase !== 'propose')
    .sort(compareStatements)
  const members = new Set(previous.members)
  const commits = about.filter(s => s.phase === 'commit')
  for (const { path, view } of commits) {
    const inView = about.filter(s => s.path === path && s.view === view)
    const chosen =
      path === 'quorum'
        ? take(inView, [
            [s => s.phase === 'commit' && members.has(s.author), quorumOf(members.size, mode, rules)],
          ])
        : chooseHost(inView, seal, previous, rules)
    if (!chosen) continue
    const certificate = { seal, statements: chosen.sort(compareStatements) }
    if (isFinal(certificate, previous, mode, rules)) return certificate
  }
  return undefined
}

function chooseHost(
  inView: readonly SealStatement[],
  seal: Seal,
  { members, anchor }: Previous,
  rules: SealRules,
): SealStatement[] | undefined {
  const before = new Set(members)
  const here = new Set(seal.members)
  const commit = inView.find(s => s.phase === 'commit' && s.author === anchor)
  const worth = (s: SealStatement) => Number(before.has(s.author)) + Number(here.has(s.author))
  const votes = inView
    .filter(s => s.phase === 'vote')
    .sort((a, b) => worth(b) - worth(a) || compareStatements(a, b))
  const chosen = take(votes, [
    [s => before.has(s.author), rules.hostQuorum(members.length)],
    [s => here.has(s.author), presentMajority(seal.members.length)],
  ])
  return commit && chosen && [...chosen, commit]
}

/** Takes who serves a need that is still open, one statement per author; undefined if a need stays open. */
function take(
  statements: readonly SealStatement[],
  needs: readonly (readonly [serves: (statement: SealStatement) => boolean, count: number])[],
): SealStatement[] | undefined {
  const open = needs.map(([serves, count]) => ({ serves, count }))
  const authors = new Set<MemberId>()
  const chosen: SealStatement[] = []
  for (const statement of statements) {
    const served = open.filter(need => need.count > 0 && need.serves(statement))
    if (served.length === 0 || authors.has(statement.author)) continue
    authors.add(statement.author)
    chosen.push(statement)
    for (const need of served) need.count--
  }
  return open.every(need => need.count <= 0) ? chosen : undefined
}

interface Signers {
  readonly path: SealStatement['path']
  readonly votes: ReadonlySet<MemberId>
  readonly commits: ReadonlySet<MemberId>
}

/** Undefined when a statement does not belong, or stands twice. */
function signersOf({ seal, statements }: Certificate): Signers | undefined {
  const [first] = statements
  if (!first) return undefined
  const hash = sealHash(seal)
  const votes = new Set<MemberId>()
  const commits = new Set<MemberId>()
  for (const { room, epoch, path, phase, view, seal: named, author } of statements) {
    if (room !== seal.room || epoch !== seal.epoch || named !== hash) return undefined
    if (path !== first.path || view !== first.view || phase === 'propose') return undefined
    const signers = phase === 'vote' ? votes : commits
    if (signers.has(author)) return undefined
    signers.add(author)
  }
  return { path: first.path, votes, commits }
}

function countIn(authors: ReadonlySet<MemberId>, members: readonly MemberId[]): number {
  let count = 0
  for (const member of members) if (authors.has(member)) count++
  return count
}
