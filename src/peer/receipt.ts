// What a member takes along: the room's charter and its own chain, enough to check its work offline.
import type { Ledger } from '../core/ledger/chain.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Receipt } from '../ports/session.ts'
import type { CharterEntry } from './founding.ts'

export function createReceipt(ledger: Ledger, charter: CharterEntry, member: MemberId): Receipt {
  const chain = ledger.entriesOf(member)
  const entries = charter.author === member ? chain : [charter, ...chain]
  return { format: 'yoriai-receipt-1', room: ledger.room, member, entries }
}
