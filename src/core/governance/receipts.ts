// Cross-check of receipts. What a receipt contradicts in its author's own chain is found as it is applied and stays: the
// formula, the chain of receipts, the device's rate, the author's clock. What depends on licences and budgets is judged when
// somebody asks, because the entries that it rests on may be on their way. Work that nobody stated is not seen here: updates
// without receipts are refused by standing.ts.
import type { Entry, ReceiptBody } from '../ledger/entry.ts'
import type { MemberId } from '../num/ids.ts'
import { ascending } from '../num/sorted.ts'
import { derive, type Derived } from './derived.ts'
import { allowance, isInCustody } from './devices.ts'
import { coversLineage, freeAllowance, spentUnder, useKey } from './licence.ts'
import {
  accountOf,
  lineageOf,
  SKEW_MS,
  type Account,
  type GovernanceState,
  type LicenceUse,
} from './state.ts'
import { capsOf } from './terms.ts'
import type { Violation, ViolationKind } from './view-records.ts'

/** Combinations of licence and device that are told apart for one member; more share one that is no licence. */
const MAX_USES = 64
const UNTOLD = '?'
const SLACK_MS = 2_000

/** Breaking one of these ends the mixing of a member's updates; the others are remarks. */
const SUSPENDING: ReadonlySet<ViolationKind> = new Set([
  'formula',
  'gap',
  'over-budget',
  'no-licence',
  'wrong-device',
  'rate',
])

/** FLOP that the formula gives for the samples of a receipt. */
function formulaFlop(state: Pick<GovernanceState, 'sampleFlop'>, samples: number): bigint {
  return BigInt(state.sampleFlop) * BigInt(samples)
}

export function applyReceipt(state: GovernanceState, entry: Entry, body: ReceiptBody, hash: string): void {
  const account = accountOf(state, entry.author)
  const breaks = (kind: ViolationKind): void => {
    if (!account.violations.has(kind)) account.violations.set(kind, hash)
  }
  const stated = BigInt(body.flop)
  const due = formulaFlop(state, body.samples)
  const steps = body.toStep - body.fromStep
  if (stated !== due || body.samples !== steps * state.batchSize) breaks('formula')
  // A lie makes nobody's work less.
  const flop = stated > due ? stated : due

  const goesOn = body.previous === account.lastReceipt && body.fromStep === account.steps
  if (!goesOn || body.fromRound < account.lastRound || body.toRound < body.fromRound) breaks('gap')
  const sameModel = account.lastReceipt === '' || body.modelBefore === account.modelAfter
  if (!sameModel || body.lineage !== lineageOf(state)) breaks('model-chain')

  const since = account.lastUnixMs
  if (since !== 0 && entry.unixMs < since - SLACK_MS) breaks('clock')
  const spanMs = useDevice(account, entry.unixMs, body, flop, breaks)
  useLicence(account, entry, body, flop, spanMs, hash)

  countRounds(account, body, flop, hash)
  account.flop += flop
  account.steps = body.toStep
  account.lastRound = Math.max(account.lastRound, body.toRound)
  account.lastReceipt = hash
  account.modelAfter = body.modelAfter
  account.lastUnixMs = entry.unixMs
}

/**
 * FLOP per round, from the receipt alone, from those within its round, and from all so far. One round more than a receipt
 * names may have a part in it: a job that began in the round before can end in this one.
 */
function countRounds(
  account: Account,
  { fromRound, toRound }: ReceiptBody,
  flop: bigint,
  hash: string,
): void {
  if (account.firstRound < 0) account.firstRound = fromRound
  const goesOn = fromRound === toRound && toRound === account.lastRound
  account.roundTail = fromRound === toRound ? flop + (goesOn ? account.roundTail : 0n) : 0n
  const peak = [
    perRound(flop, toRound - fromRound),
    perRound(account.roundTail, 0),
    perRound(account.flop + flop, Math.max(toRound, account.lastRound) - account.firstRound),
  ].reduce((a, b) => (a > b ? a : b))
  if (peak <= account.roundPeak) return
  account.roundPeak = peak
  account.roundPeakReceipt = hash
}

/** Rounded up, over `span` further rounds and the one before. */
function perRound(flop: bigint, span: number): bigint {
  const rounds = BigInt(Math.max(0, span) + 2)
  return (flop + rounds - 1n) / rounds
}

/** Rate and time on the device; returns the milliseconds of the author's clock that the receipt covers. */
function useDevice(
  account: Account,
  unixMs: number,
  body: ReceiptBody,
  flop: bigint,
  breaks: (kind: ViolationKind) => void,
): number {
  const known = account.devices.get(body.device)
  const previousUnixMs = account.lastUnixMs || (known?.sinceUnixMs ?? unixMs)
  const spanMs = Math.max(0, unixMs - previousUnixMs)
  if (!known) {
    breaks('unknown-device')
    // Without a benchmark no rate is plausible.
    if (flop > 0n) breaks('rate')
    return spanMs
  }
  if (known.transferred) breaks('wrong-device')
  // After the clock was set back, time on the device is counted anew.
  const restart = unixMs < account.lastUnixMs || unixMs < known.sinceUnixMs
  known.flop += flop
  known.allowed += allowance(known.benchmarkFlops, body.wallMs)
  known.wallMs = restart ? 0 : capped(known.wallMs + body.wallMs)
  if (restart) known.sinceUnixMs = unixMs
  if (known.flop * 10_000n > known.allowed) breaks('rate')
  if (known.wallMs > 1.1 * (unixMs - known.sinceUnixMs) + SLACK_MS) breaks('overlap')
  return spanMs
}

function useLicence(
  account: Account,
  { seq, unixMs }: Entry,
  { licence: stated, device: statedDevice }: ReceiptBody,
  flop: bigint,
  spanMs: number,
  hash: string,
): void {
  const known = account.uses.get(useKey(stated, statedDevice))
  const isTold = known !== undefined || account.uses.size < MAX_USES
  const use = known ?? openUse(account, isTold ? stated : UNTOLD, isTold ? statedDevice : '', seq, unixMs)
  use.flop += flop
  use.lastSeq = seq
  use.firstUnixMs = Math.min(unixMs, use.firstUnixMs)
  use.lastUnixMs = Math.max(unixMs, use.lastUnixMs)
  use.spanMs = capped(use.spanMs + spanMs)
  use.lastReceipt = hash
}

function openUse(account: Account, licence: string, device: string, seq: number, unixMs: number): LicenceUse {
  const key = useKey(licence, device)
  const known = account.uses.get(key)
  if (known) return known
  const use: LicenceUse = {
    licence,
    device,
    flop: 0n,
    firstSeq: seq,
    lastSeq: seq,
    firstUnixMs: unixMs,
    lastUnixMs: unixMs,
    spanMs: 0,
    lastReceipt: '',
  }
  account.uses.set(key, use)
  return use
}

/** A liar's sums stay what canonical JSON can write, or nobody could seal. */
function capped(sum: number): number {
  return Math.min(sum, Number.MAX_SAFE_INTEGER)
}

/** What the member's receipts break, each kind once, sorted by kind. */
export function violationsBy(state: GovernanceState, member: MemberId): readonly Violation[] {
  const account = state.accounts.get(member)
  if (!account) return []
  const found = new Map(account.violations)
  const breaks = (kind: ViolationKind, receipt: string): void => {
    if (!found.has(kind)) found.set(kind, receipt)
  }
  const derived = derive(state)
  judgeBudgets(state, account, derived, breaks)
  for (const key of [...account.uses.keys()].sort())
    judgeUse(state, member, account, account.uses.get(key)!, derived, breaks)
  return [...found]
    .map(([kind, receipt]) => ({ member, kind, receipt }))
    .sort((a, b) => ascending(a.kind, b.kind))
}

/** What a member is suspended for; empty for one in good standing. */
export function suspendedFor(state: GovernanceState, member: MemberId): readonly ViolationKind[] {
  return violationsBy(state, member).flatMap(({ kind }) => (SUSPENDING.has(kind) ? [kind] : []))
}

type Breaks = (kind: ViolationKind, receipt: string) => void

function judgeBudgets(state: GovernanceState, account: Account, { loosest }: Derived, breaks: Breaks): void {
  const { flop, lastReceipt, roundPeak, roundPeakReceipt, granted } = account
  if (loosest.memberFlop > 0n && flop > loosest.memberFlop) breaks('over-budget', lastReceipt)
  if (loosest.roundFlop > 0n && roundPeak > loosest.roundFlop) breaks('over-budget', roundPeakReceipt)
  const isShared = state.base !== null && capsOf(state.base.terms).lineageFlop > 0n
  if (isShared && flop > granted) breaks('over-budget', lastReceipt)
}

function judgeUse(
  state: GovernanceState,
  member: MemberId,
  account: Account,
  use: LicenceUse,
  derived: Derived,
  breaks: Breaks,
): void {
  const device = account.devices.get(use.device)
  if (device && !isInCustody(state, device)) breaks('unknown-device', use.lastReceipt)
  if (use.licence === '') {
    if (isBeyondAllowance(state, account, derived)) breaks('no-licence', use.lastReceipt)
    return
  }
  const licence = derived.licences.get(use.licence)
  if (!licence || licence.body.subject !== member || !coversLineage(state, licence))
    return breaks('no-licence', use.lastReceipt)
  const { devices, budgetFlop, rateFlops, notBeforeUnixMs, expiresUnixMs, counter } = licence.body
  if (!devices.includes(use.device)) breaks('wrong-device', use.lastReceipt)
  if (use.firstUnixMs < notBeforeUnixMs - SKEW_MS || use.lastUnixMs > expiresUnixMs + SKEW_MS)
    breaks('no-licence', use.lastReceipt)
  if (spentUnder(account, use.licence) > BigInt(budgetFlop)) breaks('over-budget', use.lastReceipt)
  const rate = BigInt(rateFlops)
  if (rate > 0n && use.flop * 10_000n > allowance(rate, use.spanMs + SLACK_MS))
    breaks('rate', use.lastReceipt)
  // Back to an older licence after a newer one was used: a counter rolled back.
  for (const other of account.uses.values()) {
    const newer = derived.licences.get(other.licence)
    if (
      newer &&
      newer.body.subject === member &&
      newer.body.counter > counter &&
      other.firstSeq < use.lastSeq
    )
      breaks('no-licence', use.lastReceipt)
  }
}

function isBeyondAllowance(
  state: GovernanceState,
  account: Account,
  { terms, loosest, caps }: Derived,
): boolean {
  const licensing = [state.base?.terms.licensing, terms?.terms.licensing]
  if (licensing.some(mode => mode !== 'licensed')) return false
  const allowances = [freeAllowance(loosest.lineageFlop), freeAllowance(caps.lineageFlop)]
  const most = allowances[0]! > allowances[1]! ? allowances[0]! : allowances[1]!
  return spentUnder(account, '') - account.excused > most
}
