// Whether an item of the timeline has, or had, an effect. At a seal the answer is written down, because what it rests on may
// be dropped later.
import { derive } from './derived.ts'
import { isEntitled } from './identity.ts'
import { isGuardian } from './pause.ts'
import type { GovernanceState, TimelineRecord } from './state.ts'

export function isItemEffective(state: GovernanceState, hash: string, item: TimelineRecord): boolean {
  if (item.sealedEffective) return true
  const { terms, licences, evicted, revoked, orders } = derive(state)
  switch (item.kind) {
    case 'charter':
    case 'proof':
    case 'request':
    case 'handover':
      return true
    case 'hold':
      return state.holds.has(hash) && isGuardian(state, item.author)
    case 'vouch':
      return isEntitled(state, item.author, item.action === '2' ? 2 : 1)
    case 'licence':
      return licences.has(hash)
    case 'evict':
      return evicted.has(item.target)
    case 'amend':
      return terms?.hash === hash
    case 'order':
      if (item.action === 'revoke') return revoked.get(item.target)?.order === hash
      return (
        orders.pauses.some(({ order }) => order === hash) ||
        orders.resumptions.some(({ order }) => order === hash)
      )
  }
  item.kind satisfies never
  return false
}
