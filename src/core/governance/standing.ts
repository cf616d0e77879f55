// What a member may do now: the verdict on its own work, the limits of its next job, and whether its updates are mixed.
// Refusing is the only power there is: a modified client can train, but its updates reach no honest model.
import type { MemberId } from '../num/ids.ts'
import { derive, type EffectiveLicence } from './derived.ts'
import { heldDevices } from './devices.ts'
import { coversLineage, freeAllowance, isRevoked, licenceOf, licenceStatus, spentUnder } from './licence.ts'
import { ordersInForce, type LocalFacts } from './pause.ts'
import { suspendedFor } from './receipts.ts'
import { headroomOf, least, most, stepFlopOf } from './share.ts'
import { freshAccount, type Account, type GovernanceState } from './state.ts'
import type { OwnStanding, ViolationKind } from './view-records.ts'

/** An author's newest receipt may be this many rounds behind its update. */
export const RECEIPT_ROUNDS = 240
/** Others' idea of the room's time may differ by so much when a licence ends. */
const MIX_GRACE_MS = 60_000

export interface Use {
  /** Device that would compute. */
  readonly device: string
  readonly roomTime: number
  /** Work done since the newest receipt. */
  readonly unreceiptedFlop: bigint
}

export interface Limits {
  readonly standing: OwnStanding
  /** Of the next job, which is one round; null for no cap. */
  readonly budgetFlop: bigint | null
  readonly rateFlops: bigint | null
  /** Entry hash that the receipt has to name; "" for self-registration. */
  readonly licence: string
}

/** The verdict on the member's own work, and the limits of its next job. */
export function limitsFor(state: GovernanceState, member: MemberId, use: Use): Limits {
  const account = state.accounts.get(member) ?? freshAccount()
  const permission = permissionOf(state, member, account, use)
  const { memberFlop, roundFlop, lineageFlop } = derive(state).caps
  const step = stepFlopOf(state)
  const used = account.flop + use.unreceiptedFlop
  const caps: (bigint | null)[] = [
    permission.leftFlop,
    memberFlop === 0n ? null : memberFlop - used,
    lineageFlop === 0n ? null : headroomOf(account) - use.unreceiptedFlop,
  ]
  const round = roundFlop === 0n ? null : roundFlop
  const left = [...caps, round].reduce((a, b) => (a === null ? b : b === null ? a : least(a, b)), null)
  const standing = ((): OwnStanding => {
    if (suspendedFor(state, member).length > 0) return 'suspended'
    // Handed over: whoever goes on computing on it breaks the rules with the next receipt.
    if (account.devices.get(use.device)?.transferred) return 'wrong-device'
    if (permission.standing !== 'good') return permission.standing
    if (permission.leftFlop !== null && permission.leftFlop < step) return permission.spent
    if (memberFlop !== 0n && memberFlop - used < step) return 'member-spent'
    if (lineageFlop !== 0n && headroomOf(account) - use.unreceiptedFlop < step) return 'awaiting-share'
    return 'good'
  })()
  return {
    standing,
    budgetFlop: standing === 'good' ? left : 0n,
    rateFlops: permission.rateFlops,
    licence: permission.licence,
  }
}

interface Permission {
  readonly standing: OwnStanding
  readonly leftFlop: bigint | null
  /** What it means when that is used up. */
  readonly spent: OwnStanding
  readonly rateFlops: bigint | null
  readonly licence: string
}

/** A valid licence is used where there is one; else the free allowance, as long as it lasts. */
function permissionOf(state: GovernanceState, member: MemberId, account: Account, use: Use): Permission {
  const { terms, caps } = derive(state)
  const free: Permission = { standing: 'good', leftFlop: null, spent: 'good', rateFlops: null, licence: '' }
  if (isRevoked(state, member)) return { ...free, standing: 'revoked', leftFlop: 0n }
  if (terms?.terms.licensing !== 'licensed') return free
  const licence = licenceOf(state, member)
  const fault = licence ? licenceFault(state, licence, use) : 'needs-licence'
  if (fault === 'revoked') return { ...free, standing: 'revoked', leftFlop: 0n }
  if (licence && fault === null) {
    const { budgetFlop, rateFlops } = licence.body
    const spent = spentUnder(account, licence.hash) + use.unreceiptedFlop
    const leftFlop = most(0n, BigInt(budgetFlop) - spent)
    const rate = BigInt(rateFlops)
    // One that is used up does not block the free allowance that is left.
    if (leftFlop >= stepFlopOf(state))
      return {
        ...free,
        leftFlop,
        spent: 'member-spent',
        rateFlops: rate === 0n ? null : rate,
        licence: licence.hash,
      }
  }
  const spentFree = spentUnder(account, '') - account.excused + use.unreceiptedFlop
  const leftFlop = most(0n, freeAllowance(caps.lineageFlop) - spentFree)
  const spent = fault ?? 'member-spent'
  return { ...free, leftFlop, spent }
}

/** Null where the licence may be used now on this device. */
function licenceFault(
  state: GovernanceState,
  licence: EffectiveLicence,
  { device, roomTime }: Pick<Use, 'device' | 'roomTime'>,
): OwnStanding | null {
  const status = licenceStatus(state, licence, roomTime)
  switch (status) {
    case 'revoked':
      return 'revoked'
    case 'expired':
      return 'licence-expired'
    case 'not-yet':
      return 'licence-not-yet'
    case 'open':
    case 'superseded':
      return 'needs-licence'
    case 'valid':
      break
    default:
      status satisfies never
  }
  if (!coversLineage(state, licence)) return 'needs-licence'
  return licence.body.devices.includes(device) ? null : 'wrong-device'
}

/** Names of the port's refusals. */
export type MixRefusal = 'paused' | 'no-licence' | 'over-budget' | 'no-receipt' | 'suspended'

export interface MixQuestion {
  readonly author: MemberId
  readonly round: number
  readonly roomTime: number
  /**
   * Of the author's newest receipt as far as this member knows, or of the first update that it saw from an author without
   * one: a newcomer gets as long as anybody.
   */
  readonly newestReceiptRound: number
  readonly facts?: LocalFacts
}

/** Whether an update may be mixed; null when it may. Who is no member at all is refused elsewhere. */
export function mayMix(state: GovernanceState, question: MixQuestion): MixRefusal | null {
  const { author, round, roomTime, newestReceiptRound, facts } = question
  const { caps, terms } = derive(state)
  const { cut } = ordersInForce(state, roomTime, facts)
  if (cut !== null && round > cut) return 'paused'
  const account = state.accounts.get(author)
  if (isRevoked(state, author)) return 'no-licence'
  const suspended = suspendedFor(state, author)
  if (suspended.length > 0) return refusalFor(suspended)
  const flop = account?.flop ?? 0n
  if (caps.memberFlop > 0n && flop > caps.memberFlop) return 'over-budget'
  if (terms?.terms.licensing === 'licensed' && !isLicensed(state, question)) return 'no-licence'
  const newest = Math.max(account?.lastRound ?? -1, newestReceiptRound)
  return round - newest > RECEIPT_ROUNDS ? 'no-receipt' : null
}

/** Budgets and licences by their own names; what only a changed client does, by the general one. */
function refusalFor(kinds: readonly ViolationKind[]): MixRefusal {
  const isLicensing = (kind: ViolationKind): boolean => kind === 'no-licence' || kind === 'wrong-device'
  if (!kinds.every(kind => kind === 'over-budget' || isLicensing(kind))) return 'suspended'
  return kinds.some(isLicensing) ? 'no-licence' : 'over-budget'
}

/** Under a licence that holds on a device in the author's custody, or within the free allowance. */
function isLicensed(state: GovernanceState, { author, round, roomTime }: MixQuestion): boolean {
  const account = state.accounts.get(author) ?? freshAccount()
  const licence = licenceOf(state, author)
  if (licence) {
    const held = heldDevices(state, author)
    const faults = licence.body.devices
      .filter(device => held.includes(device))
      .flatMap(device =>
        [-MIX_GRACE_MS, 0, MIX_GRACE_MS].map(shift =>
          licenceFault(state, licence, { device, roomTime: roomTime + shift }),
        ),
      )
    if (faults.includes(null)) return true
    if (faults.includes('revoked')) return false
  }
  const left = freeAllowance(derive(state).caps.lineageFlop) - (spentUnder(account, '') - account.excused)
  // What the last receipt covers was allowed; nothing after it can be once no whole step is left.
  return left >= stepFlopOf(state) || (left >= 0n && round <= account.lastRound)
}
