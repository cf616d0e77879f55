// What a motion or an event of the timeline is about, in a few words.
import type { MemberId } from '../core/num/ids.ts'
import type { Motion, TimelineItem } from '../ports/governance-view.ts'
import { revoked } from './entry-sentence.ts'
import type { Oversight } from './oversight.ts'
import type { People } from './people.ts'

export function motionTitle({ kind, action, target }: Motion, words: Oversight, people: People): string {
  const { what } = words.governance.motions
  switch (kind) {
    case 'order':
      if (action === 'revoke') return what.revoke(revoked(target, { people, words: words.ledger }))
      return action === 'resume' ? what.resume : what.pause
    case 'licence':
      return what.licence(people.whom(target as MemberId))
    case 'amend':
      return what.amend
    case 'evict':
      return what.evict(people.whom(target as MemberId))
  }
  kind satisfies never
  return ''
}

export function timelineTitle(
  { kind, action, target }: TimelineItem,
  words: Oversight,
  people: People,
): string {
  const { what } = words.governance.timeline
  const whom = (): string => people.whom(target as MemberId)
  switch (kind) {
    case 'charter':
      return what.charter
    case 'amend':
      return what.amend
    case 'order':
      if (action === 'revoke') return what.revoke(revoked(target, { people, words: words.ledger }))
      return action === 'resume' ? what.resume : what.pause
    case 'hold':
      return what.hold
    case 'licence':
      return what.licence(whom())
    case 'vouch':
      return what.vouch(whom())
    case 'evict':
      return what.evict(whom())
    case 'handover':
      return what.handover(whom())
    case 'proof':
      return what.proof(whom())
    case 'request':
      return what.request(whom())
  }
  kind satisfies never
  return ''
}
