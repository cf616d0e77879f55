// Governance as a screen or an audit shows it: motions, licences, devices, meters, violations, the timeline. Plain records,
// built anew each time; local facts (clocks, what this device holds) are added by the peer.
import type { MemberId } from '../num/ids.ts'
import { ascending } from '../num/sorted.ts'
import { sealQuorum, signaturesOf, signersAmong } from './authority.ts'
import { derive, type EffectiveLicence } from './derived.ts'
import { custodyOf } from './devices.ts'
import { levelOf } from './identity.ts'
import { licenceStatus, spentUnder } from './licence.ts'
import { isGuardian } from './pause.ts'
import { violationsBy } from './receipts.ts'
import { least, most } from './share.ts'
import type { GovernanceState, MotionRecord, RequestRecord } from './state.ts'
import { isItemEffective } from './timeline.ts'
import type { DeviceView, LicenceView, MeterView, Motion, TimelineItem, Violation } from './view-records.ts'

const MAX_TIMELINE = 200

/** Open ones, and those that became effective since the last seal; newest first. */
export function motionsOf(state: GovernanceState, self: MemberId, roomTime: number): readonly Motion[] {
  return [...state.motions]
    .filter(([, { sealed }]) => !sealed)
    .map(([hash, motion]) => motionView(state, hash, motion, self, roomTime))
    .sort((a, b) => b.unixMs - a.unixMs || ascending(a.hash, b.hash))
}

function motionView(
  state: GovernanceState,
  hash: string,
  motion: MotionRecord,
  self: MemberId,
  roomTime: number,
): Motion {
  const { body, author, unixMs } = motion
  const { entitled, needed } = electorate(state, motion)
  const signed = signersAmong(signaturesOf(state, hash), entitled)
  const status = motionStatus(state, hash, motion, roomTime)
  return {
    hash,
    kind: body.kind,
    action: body.kind === 'order' ? body.action : '',
    author,
    unixMs,
    reason: body.kind === 'licence' ? '' : body.reason,
    target: targetOf(motion),
    signed,
    needed,
    status,
    canSign: status === 'open' && entitled.includes(self) && !signed.includes(self),
  }
}

function electorate(
  state: GovernanceState,
  { body }: MotionRecord,
): { readonly entitled: readonly MemberId[]; readonly needed: number } {
  if (body.kind === 'evict')
    return { entitled: state.sealMembers, needed: sealQuorum(state.sealMembers.length) }
  const terms = derive(state).terms?.terms
  if (!terms) return { entitled: [], needed: 1 }
  const resumes = body.kind === 'order' && body.action === 'resume'
  return { entitled: terms.guardians, needed: resumes ? terms.resumeQuorum : terms.quorum }
}

function targetOf({ body }: MotionRecord): string {
  switch (body.kind) {
    case 'order':
      return body.target
    case 'licence':
      return body.subject
    case 'evict':
      return body.member
    case 'amend':
      return body.previous
  }
  body satisfies never
  return ''
}

function motionStatus(
  state: GovernanceState,
  hash: string,
  { body, idle }: MotionRecord,
  roomTime: number,
): Motion['status'] {
  const item = state.timeline.get(hash)
  if (item && isItemEffective(state, hash, item)) return 'effective'
  if (idle) return 'superseded'
  const { terms, orders } = derive(state)
  switch (body.kind) {
    case 'amend':
      return body.previous === terms?.hash ? 'open' : 'superseded'
    case 'evict':
      return 'open'
    case 'licence': {
      const mark = state.highWater.get(body.subject)
      if (mark && body.counter <= mark.counter) return 'superseded'
      return roomTime >= body.expiresUnixMs ? 'expired' : 'open'
    }
    case 'order':
      if (body.action !== 'revoke' && body.nonce <= orders.nonce) return 'superseded'
      return body.expiresUnixMs !== 0 && roomTime >= body.expiresUnixMs ? 'expired' : 'open'
  }
  body satisfies never
  return 'open'
}

/** Effective and open ones, newest first. */
export function licencesOf(state: GovernanceState, roomTime: number): readonly LicenceView[] {
  const { licences } = derive(state)
  return [...state.motions]
    .flatMap(([hash, { body, unixMs }]) => (body.kind === 'licence' ? [{ hash, body, unixMs }] : []))
    .sort((a, b) => b.unixMs - a.unixMs || ascending(a.hash, b.hash))
    .map((licence: EffectiveLicence) => {
      const { hash, body } = licence
      return {
        hash,
        subject: body.subject,
        devices: body.devices,
        budgetFlop: BigInt(body.budgetFlop),
        spentFlop: spentUnder(state.accounts.get(body.subject), hash),
        rateFlops: BigInt(body.rateFlops),
        notBeforeUnixMs: body.notBeforeUnixMs,
        expiresUnixMs: body.expiresUnixMs,
        status: licences.has(hash) ? licenceStatus(state, licence, roomTime) : 'open',
      }
    })
}

/** Devices with a sound custody chain, under whoever holds them now. */
export function devicesOf(state: GovernanceState, self: MemberId): readonly DeviceView[] {
  const followed = new Set([...state.custody.values()].map(({ previous }) => previous))
  return [...state.custody]
    .flatMap(([hash, last]): DeviceView[] => {
      const chain = custodyOf(state, hash)
      if (!chain || (followed.has(hash) && isFollowedSoundly(state, hash))) return []
      const registered = chain.findLast(([, { kind }]) => kind === 'registered')?.[1]
      return [
        {
          device: last.device,
          holder: last.holder,
          label: registered?.label ?? '',
          backend: registered?.backend ?? '',
          benchmarkFlops: registered?.benchmarkFlops ?? 0n,
          custody: chain.map(([event, { holder, unixMs }]) => ({ hash: event, holder, unixMs })),
          own: last.holder === self,
        },
      ]
    })
    .sort((a, b) => ascending(a.device, b.device) || ascending(a.holder, b.holder))
}

function isFollowedSoundly(state: GovernanceState, hash: string): boolean {
  return [...state.custody].some(
    ([next, { previous }]) => previous === hash && custodyOf(state, next) !== undefined,
  )
}

/** Everybody who computed or may, most FLOP first. */
export function metersOf(state: GovernanceState, roomTime: number): readonly MeterView[] {
  const { caps } = derive(state)
  return [...state.accounts]
    .filter(([, { flop, isTrainer }]) => isTrainer || flop > 0n)
    .map(([member, { flop, granted }]) => ({
      member,
      flop,
      capFlop: capOf(caps.memberFlop, caps.lineageFlop, granted),
      level: levelOf(state, member, roomTime),
    }))
    .sort(
      (a, b) => Number(b.flop - a.flop > 0n) - Number(b.flop - a.flop < 0n) || ascending(a.member, b.member),
    )
}

function capOf(memberFlop: bigint, lineageFlop: bigint, granted: bigint): bigint {
  if (lineageFlop === 0n) return memberFlop
  // 0n would say that there is no cap; a member without a share may not make a step either way.
  const share = most(1n, granted)
  return memberFlop === 0n ? share : least(memberFlop, share)
}

export function violationsOf(state: GovernanceState): readonly Violation[] {
  return [...state.accounts.keys()].sort(ascending).flatMap(member => violationsBy(state, member))
}

/** Newest first. */
export function timelineOf(state: GovernanceState): readonly TimelineItem[] {
  return [...state.timeline]
    .sort(([x, a], [y, b]) => b.unixMs - a.unixMs || ascending(x, y))
    .slice(0, MAX_TIMELINE)
    .map(([hash, item]) => {
      const { unixMs, author, kind, action, target, reason } = item
      return {
        hash,
        unixMs,
        author,
        kind,
        action,
        target,
        reason,
        effective: isItemEffective(state, hash, item),
      }
    })
}

/** Asked of this member. */
export function requestsTo(
  state: GovernanceState,
  self: MemberId,
): readonly (RequestRecord & { readonly hash: string })[] {
  return [...state.requests]
    .filter(([, { subject }]) => subject === self)
    .map(([hash, request]) => ({ hash, ...request }))
    .sort((a, b) => ascending(a.hash, b.hash))
}

export function roleOf(
  state: GovernanceState,
  member: MemberId,
): { readonly isGuardian: boolean; readonly isIssuer: boolean } {
  const isIssuer = derive(state).authorities.some(({ issuers }) => issuers.includes(member))
  return { isGuardian: isGuardian(state, member), isIssuer }
}
