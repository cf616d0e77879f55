// What happens in one run of the chaos engine, all of it from the seed: who is there, over which lines, what breaks when, who
// lies. The plan keeps what the protocol is promised: liars are at most as many as the rule trims, and in the end everybody
// who lives is back on one network.
import { createRng, shuffle, type Rng } from '../../core/num/rng.ts'
import { drawHomes, type NetworkTerms } from '../network.ts'
import { ATTACKS, type Attack } from './attacks.ts'

export const EVENTS = [
  'kill',
  'kill-sending',
  'suspend',
  'storm',
  'partition',
  'loss',
  'slow',
  'skew',
  'leave',
  'liars',
] as const
export type EventKind = (typeof EVENTS)[number]

export type ChaosEvent =
  | {
      readonly type: 'kill'
      readonly atMs: number
      readonly member: number
      readonly backAtMs: number | null
    }
  /** As soon as something of it is on the wire. */
  | {
      readonly type: 'kill-sending'
      readonly atMs: number
      readonly member: number
      readonly backAtMs: number | null
    }
  | { readonly type: 'suspend'; readonly atMs: number; readonly member: number; readonly untilMs: number }
  | { readonly type: 'storm'; readonly atMs: number; readonly members: readonly number[] }
  | {
      readonly type: 'partition'
      readonly atMs: number
      readonly untilMs: number
      readonly side: readonly number[]
    }
  /** Around one member, or everywhere. */
  | {
      readonly type: 'loss'
      readonly atMs: number
      readonly untilMs: number
      readonly rate: number
      readonly around: number | null
    }
  | { readonly type: 'leave'; readonly atMs: number; readonly member: number }

export interface ChaosPlan {
  readonly seed: string
  /** Members in all, those of a storm included; 0 founds the room. */
  readonly members: number
  readonly network: NetworkTerms
  readonly events: readonly ChaosEvent[]
  readonly kinds: readonly EventKind[]
  readonly liars: ReadonlyMap<number, Attack>
  readonly stepMs: readonly number[]
  readonly skewMs: readonly number[]
  /** From here on nothing breaks any more and everybody who lives is there. */
  readonly quietAtMs: number
}

export interface Wanted {
  readonly members?: number
  /** Happens whatever the seed says; with it nothing else does. */
  readonly only?: EventKind
  /** All liars do this. */
  readonly attack?: Attack
}

const LEAST = 4
const MOST = 12
const START_MS = 9_000
const SUSPENSION_MS = 60_000
const SKEW_MS = 300_000
/** Upwards; a quarter of a megabit a second. What a room of twelve says beside its updates is a fifth of it. */
const NARROWEST = 32_000

export function planOf(seed: string, wanted: Wanted = {}): ChaosPlan {
  const rng = createRng(`chaos/${seed}`)
  const chance = (p: number): boolean => rng.next() < p
  const between = (from: number, to: number): number => Math.floor(from + rng.next() * (to - from))
  // Mostly small rooms, with a tail.
  const drawn = LEAST + Math.floor((MOST + 1 - LEAST) * rng.next() ** 2)
  const members = wanted.members ?? drawn
  const chosen = shuffle([...EVENTS], rng).slice(0, 1 + rng.below(4))
  const kinds = wanted.only ? [wanted.only] : wanted.attack ? ['liars' as EventKind] : chosen
  const has = (kind: EventKind): boolean => kinds.includes(kind)

  const liars = drawLiars(members, has('liars'), wanted.attack, rng)
  const honest = Array.from({ length: members }, (_, i) => i).filter(i => !liars.has(i))
  // One open member stays throughout: it holds the room and links those whose routers keep them apart.
  const keeper = chance(0.5) ? 0 : 1
  const others = shuffle(
    honest.filter(i => i !== keeper),
    rng,
  )
  const events: ChaosEvent[] = []
  const take = (most: number): number[] => others.splice(0, Math.min(most, Math.max(0, others.length - 1)))

  const late = has('storm') ? take(Math.max(1, Math.floor(members / 2))).filter(i => i !== 0) : []
  if (late.length > 0) events.push({ type: 'storm', atMs: between(START_MS, 30_000), members: late })
  const fates = (['kill', 'kill-sending', 'suspend', 'leave'] as const).filter(has)
  // Who is gone for good must not make the liars too many for the rule.
  let spare = honest.length - 1 - 4 * liars.size - (liars.size > 0 ? 0 : 2)
  for (const fate of fates) {
    const count = fate === 'leave' || fate === 'suspend' ? 1 : 1 + rng.below(2)
    for (const member of take(count)) {
      const atMs = between(START_MS, 40_000)
      const back = chance(0.75) || spare <= 0
      if (fate === 'suspend') events.push({ type: fate, atMs, member, untilMs: atMs + SUSPENSION_MS })
      else if (fate === 'leave') {
        if (spare-- > 0) events.push({ type: fate, atMs, member })
      } else {
        if (!back) spare--
        events.push({ type: fate, atMs, member, backAtMs: back ? atMs + between(1_000, 30_000) : null })
      }
    }
  }
  if (has('partition')) {
    const everybody = shuffle(
      Array.from({ length: members }, (_, i) => i),
      rng,
    )
    const atMs = between(START_MS, 30_000)
    const untilMs = atMs + between(3_000, 40_000)
    events.push({ type: 'partition', atMs, untilMs, side: everybody.slice(0, Math.floor(members / 2)) })
  }
  if (has('loss')) {
    const atMs = between(0, 20_000)
    const around = chance(0.3) ? rng.below(members) : null
    events.push({ type: 'loss', atMs, untilMs: atMs + between(20_000, 60_000), rate: 0.2, around })
  }
  // Rounds of three to four seconds: shorter than a real room's, which makes every promise about rounds harder to keep.
  const stepMs = Array.from({ length: members }, () => between(600, 1_000))
  if (has('slow')) stepMs[others[0] ?? 0]! *= 10
  for (const [member, attack] of liars) stepMs[member]! *= attack === 'slow' ? 10 : 1.3
  const skewMs = Array.from({ length: members }, () => 0)
  if (has('skew')) skewMs[rng.below(members)] = chance(0.5) ? SKEW_MS : -SKEW_MS
  return {
    seed,
    members,
    network: {
      seed: `network/${seed}`,
      latencyMs: [5, between(20, 150)],
      jitterMs: between(0, 40),
      homes: drawHomes(members, rng, NARROWEST),
    },
    events: events.sort((a, b) => a.atMs - b.atMs),
    kinds,
    liars,
    stepMs,
    skewMs,
    quietAtMs: Math.max(30_000, ...events.map(endOf)) + 1_000,
  }
}

function endOf(event: ChaosEvent): number {
  switch (event.type) {
    case 'kill':
    case 'kill-sending':
      // One that waits for a chance to die takes a while.
      return (event.backAtMs ?? event.atMs) + 10_000
    case 'suspend':
    case 'partition':
    case 'loss':
      return event.untilMs
    case 'storm':
    case 'leave':
      return event.atMs
  }
}

/** At most one in five, as the trimmed mean bears them, and none in rooms too small for any. */
function drawLiars(
  members: number,
  some: boolean,
  attack: Attack | undefined,
  rng: Rng,
): ReadonlyMap<number, Attack> {
  const most = members < 6 ? 0 : members < 11 ? 1 : 2
  const liars = new Map<number, Attack>()
  if (!some || most === 0) return liars
  const count = attack ? most : 1 + rng.below(most)
  const kind = ATTACKS[rng.below(ATTACKS.length)]!
  // Never the founder, whose seals the room's ledger rests on.
  for (let i = 0; i < count; i++) liars.set(members - 1 - i, attack ?? kind)
  return liars
}
