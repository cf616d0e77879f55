// What a member takes along: the room's charter and its own chain, enough to check its work offline.
import type { Entry } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Receipt } from '../ports/session.ts'
import type { CharterEntry } from './founding.ts'

export function createReceipt(chain: readonly Entry[], charter: CharterEntry, member: MemberId): Receipt {
  const entries = charter.author === member ? chain : [charter, ...chain]
  return { format: 'yoriai-receipt-2', room: charter.room, member, entries }
}
