// Checks a downloaded receipt with nothing but its own text: form, chain, signatures, and that its charter founds the room.
import { entryBytes, Ledger } from '../../src/core/ledger/chain.ts'
import type { Entry, ReceiptBody } from '../../src/core/ledger/entry.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import { verifySignature } from '../../src/adapters/signer-webcrypto.ts'
import { checkEntry } from '../../src/peer/entry-signing.ts'
import type { Receipt } from '../../src/ports/session.ts'
import type { Signer } from '../../src/ports/signer.ts'

export type ReceiptCheck =
  | {
      readonly status: 'ok'
      readonly member: MemberId
      readonly kinds: readonly string[]
      readonly work: readonly ReceiptBody[]
    }
  | { readonly status: 'broken'; readonly entry: number; readonly why: string }

export async function checkReceipt(text: string): Promise<ReceiptCheck> {
  const receipt = JSON.parse(text) as Receipt
  const { room, member } = receipt
  if (receipt.format !== 'yoriai-receipt-2') return { status: 'broken', entry: -1, why: 'format' }
  const verifier: Signer = {
    id: member,
    sign: () => Promise.reject(new Error('a check signs nothing')),
    verify: verifySignature,
  }
  const ledger = new Ledger(room)
  const checked: Entry[] = []
  for (const [i, entry] of receipt.entries.entries()) {
    const check = await checkEntry(entryBytes(entry), room as RoomId, verifier)
    if ('fault' in check) return { status: 'broken', entry: i, why: check.fault }
    const admission = ledger.admit(check.entry)
    if (admission.status !== 'added') return { status: 'broken', entry: i, why: admission.status }
    if (check.entry.body.kind !== 'charter' && check.entry.author !== member)
      return { status: 'broken', entry: i, why: 'author' }
    checked.push(check.entry)
  }
  return {
    status: 'ok',
    member,
    kinds: checked.map(({ body }) => body.kind),
    work: checked.flatMap(({ body }) => (body.kind === 'receipt' ? [body] : [])),
  }
}
