// Licences: permission to compute, with a fixed set of devices, a budget, a rate and a term. Of a subject's effective licences
// only the one with the highest counter holds, so an older one can not be brought back. Below one per cent of the lineage's
// cap nobody needs a licence (P11): being registered is enough.
import type { MemberId } from '../num/ids.ts'
import { derive, type EffectiveLicence } from './derived.ts'
import { lineageOf, type Account, type GovernanceState } from './state.ts'
import type { LicenceView } from './view-records.ts'

export type LicenceStatus = LicenceView['status']

/** One hundredth of the lineage's cap; nothing where no cap is set, for then one per cent of it is not defined. */
export function freeAllowance(lineageCapFlop: bigint): bigint {
  return lineageCapFlop / 100n
}

export function licenceStatus(
  state: GovernanceState,
  { hash, body, unixMs }: EffectiveLicence,
  roomTime: number,
): LicenceStatus {
  const { newest, revoked } = derive(state)
  const own = revoked.get(hash)
  const whole = revoked.get(body.subject)
  if (own || (whole && whole.unixMs >= unixMs)) return 'revoked'
  if (newest.get(body.subject)?.hash !== hash) return 'superseded'
  if (roomTime < body.notBeforeUnixMs) return 'not-yet'
  return roomTime >= body.expiresUnixMs ? 'expired' : 'valid'
}

/** A member whose revocation no later licence lifted. */
export function isRevoked(state: GovernanceState, member: MemberId): boolean {
  const { newest, revoked } = derive(state)
  const order = revoked.get(member)
  if (!order) return false
  const licence = newest.get(member)
  return !licence || licence.unixMs <= order.unixMs
}

/** The licence that the member has to use, whatever its state; undefined where it has none. */
export function licenceOf(state: GovernanceState, member: MemberId): EffectiveLicence | undefined {
  return derive(state).newest.get(member)
}

export function coversLineage(state: GovernanceState, { body }: EffectiveLicence): boolean {
  return body.lineage === '*' || body.lineage === lineageOf(state)
}

export function useKey(licence: string, device: string): string {
  return `${licence} ${device}`
}

export function spentUnder(account: Account | undefined, licence: string): bigint {
  let spent = 0n
  for (const use of account?.uses.values() ?? []) if (use.licence === licence) spent += use.flop
  return spent
}
