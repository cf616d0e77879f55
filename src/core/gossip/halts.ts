// What orders do to rounds. A pause cuts after a round: no update of a later round counts, whoever made it and whenever it
// arrives. After the resume rounds go on behind the cut, and their updates must name the order to resume, which nobody
// can know before its first signature. Both rules look at the update and the orders alone, so honest members agree on them.
import { ORDERS_BYTES, type UpdateHeader } from './update.ts'

/** Rounds after `after` (up to the next segment) belong to the order `ref`, 16 hex digits. */
export interface Segment {
  readonly after: number
  readonly ref: string
}

export interface Governed {
  /** Nothing is trained or mixed. */
  readonly frozen: boolean
  /** While paused: the last round whose updates count. Null when a freeze cuts nothing (a hold, a missing guardian). */
  readonly cut: number | null
  /** Of all resumes so far, ascending; empty before the first. */
  readonly segments: readonly Segment[]
}

export const NO_ORDERS = '00'.repeat(ORDERS_BYTES)

export const UNGOVERNED: Governed = { frozen: false, cut: null, segments: [] }

/** The order that updates of a round must name. */
export function ordersFor({ segments }: Governed, round: number): string {
  return segments.findLast(({ after }) => after < round)?.ref ?? NO_ORDERS
}

/**
 * 'void' counts for nobody, ever. 'unknown' names an order that has not arrived here, or comes from behind a cut that its
 * author may know to be lifted: look again later.
 */
export function validityOf(
  { round, orders }: Pick<UpdateHeader, 'round' | 'orders'>,
  governed: Governed,
): 'good' | 'void' | 'unknown' {
  const expected = ordersFor(governed, round)
  const known = orders === NO_ORDERS || governed.segments.some(({ ref }) => ref === orders)
  if (governed.cut !== null && round > governed.cut) return known ? 'void' : 'unknown'
  if (orders === expected) return 'good'
  return known ? 'void' : 'unknown'
}
