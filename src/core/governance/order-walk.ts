// Effective orders in the order of their nonces, whatever order they came in. A pause cuts after a round; a resume opens the
// rounds after the cut again for updates that name it. With equal nonces the pause prevails. What a seal carried out stays;
// an order whose nonce is not above it comes too late for good.
import type { OrderBody } from '../ledger/entry.ts'
import { ascending } from '../num/sorted.ts'
import type { Orders, PauseInForce, Resumption } from './state.ts'

export interface EffectiveOrder {
  readonly hash: string
  readonly unixMs: number
  readonly body: OrderBody
  readonly cut: number
}

/** A greater leap is no order: it could leave no nonce for the orders after it. */
export const NONCE_LEAP = 1_000
/** Older ones concern rounds that nobody mixes any more. */
const MAX_RESUMPTIONS = 64

export function carryOutOrders(before: Orders, effective: readonly EffectiveOrder[]): Orders {
  let pauses: readonly PauseInForce[] = before.pauses
  let resumptions: readonly Resumption[] = before.resumptions
  let { nonce } = before
  const rank = ({ body }: EffectiveOrder): number => (body.action === 'pause' ? 1 : 0)
  const due = effective
    .filter(({ body }) => body.action !== 'revoke' && body.nonce > before.nonce)
    .sort((a, b) => a.body.nonce - b.body.nonce || rank(a) - rank(b) || ascending(a.hash, b.hash))
  for (const { hash, unixMs, body, cut } of due) {
    if (body.nonce > nonce + NONCE_LEAP) break
    nonce = body.nonce
    if (body.action === 'pause') {
      const { expiresUnixMs, reason } = body
      pauses = [...pauses, { order: hash, cut, unixMs, expiresUnixMs, reason }]
    } else if (pauses.length > 0) {
      const lowest = Math.min(...pauses.map(pause => pause.cut))
      const after = Math.max(lowest, resumptions[resumptions.length - 1]?.after ?? 0)
      resumptions = [...resumptions, { after, order: hash }].slice(-MAX_RESUMPTIONS)
      pauses = []
    }
  }
  return { nonce, pauses, resumptions }
}
