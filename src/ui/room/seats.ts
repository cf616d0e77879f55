// Where members sit on the ring: the own seat nearest to the reader, the others by id, so that nobody jumps about.
import type { MemberView } from '../../ports/session.ts'

export interface Seat {
  readonly member: MemberView
  readonly x: number
  readonly y: number
  /** Where the way from the seat meets the ring of the model. */
  readonly inX: number
  readonly inY: number
  readonly radius: number
}

/** Costly to make, and the screen asks for every member at every update. */
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

const RING = 138
const MODEL_RING = 103
/** More seats than this would be smaller than a dot; the list still has everybody. */
const MAX_SEATS = 60

export function seatsOf(members: readonly MemberView[]): readonly Seat[] {
  const sorted = [...members]
    .sort((a, b) => Number(b.self) - Number(a.self) || (a.id < b.id ? -1 : 1))
    .slice(0, MAX_SEATS)
  const radius = Math.max(5, Math.min(20, 330 / Math.max(1, sorted.length)))
  return sorted.map((member, i) => {
    const angle = Math.PI / 2 + (i * 2 * Math.PI) / sorted.length
    const cos = Math.cos(angle)
    const sin = Math.sin(angle)
    return { member, x: RING * cos, y: RING * sin, inX: MODEL_RING * cos, inY: MODEL_RING * sin, radius }
  })
}

/** First letter as a person sees it, an emoji or a kana with its mark included. */
export function initialOf(nickname: string): string {
  const [first] = graphemes.segment(nickname.trim())
  return first?.segment.toLocaleUpperCase() ?? '·'
}
