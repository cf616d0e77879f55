// Numbers of the Swarm page that follow from the view: the crowd behind a lot, bytes beside other ways to exchange, and how
// epsilon and delta are written. Pure.
import type { MemberId } from '../core/num/ids.ts'
import type { Format } from '../i18n/format.ts'
import type { MemberView, Refusal, RefusalReason, SessionView } from '../ports/session.ts'

/** Who trains here, as far as it is known: counted, or told from the lot, which is the same for everybody. */
export function crowdOf(view: SessionView): number {
  const trainers = view.members.filter(({ role, status }) => role === 'trainer' && status !== 'gone').length
  const { lot } = view.swarmView
  const committee = view.charter?.terms.committee ?? 0
  return lot === null || lot.share === 0 ? trainers : Math.max(trainers, Math.round(committee / lot.share))
}

export interface ByteFacts {
  readonly total: number
  /** How many times more float32 would have cost so far; 0 while nothing was exchanged. */
  readonly factor: number
  /** Everything this tab sent, for each update that it published; null before the first. */
  readonly perUpdate: number | null
  readonly updateFactor: number
  /** Bytes of a member and round if all sent raw float32 to all: (n - 1)(4P + 250). */
  readonly raw: { readonly members: number; readonly bytes: number }
}

const RAW_HEADER_BYTES = 250

export function byteFacts(view: SessionView): ByteFacts {
  const { traffic, swarmView } = view
  const { update, float32, parameters } = swarmView.bytes
  const total = traffic.sentBytes + traffic.receivedBytes
  const members = Math.max(2, crowdOf(view))
  return {
    total,
    factor: total === 0 ? 0 : traffic.float32Bytes / total,
    perUpdate: traffic.updatesSent === 0 ? null : traffic.sentBytes / traffic.updatesSent,
    updateFactor: float32 / update,
    raw: { members, bytes: (members - 1) * (4 * parameters + RAW_HEADER_BYTES) },
  }
}

export type RoundMark = 'published' | 'waiting' | 'notDrawn' | 'resting'

/** What a member does in the open round. Of others the lot's outcome is not told, so who has not published may rest. */
export function roundMark(member: MemberView, view: SessionView): RoundMark {
  const { round, lot } = view.swarmView
  if (round.published.includes(member.id)) return 'published'
  if (member.status !== 'training') return 'resting'
  if (lot === null) return 'waiting'
  if (!member.self) return 'resting'
  return lot.drawn ? 'waiting' : 'notDrawn'
}

export interface RefusedFor {
  readonly reason: RefusalReason
  readonly count: number
}

export function refusedByMember(refusals: readonly Refusal[]): ReadonlyMap<MemberId, readonly RefusedFor[]> {
  const by = new Map<MemberId, RefusedFor[]>()
  for (const { member, reason, count } of refusals) {
    if (member !== null) by.set(member, [...(by.get(member) ?? []), { reason, count }])
  }
  return by
}

/** Epsilon as far as its digits mean something; "" where there is no bound. */
export function epsilonText(epsilon: number, f: Format): string {
  if (!Number.isFinite(epsilon)) return ''
  return epsilon < 10 ? f.decimal(epsilon, 2) : epsilon < 100 ? f.decimal(epsilon, 1) : f.int(epsilon)
}

/** 10⁻⁵ */
export function deltaText(delta: number): string {
  const digits = String(Math.round(-Math.log10(delta)))
  return `10⁻${[...digits].map(digit => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('')}`
}
