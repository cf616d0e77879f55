// What happens in one run of the ledger's simulation, all of it from the seed: who is there, who lies and how, when the room
// is torn and when it heals. The plan keeps the promise that the agreement rests on: wherever a seal can be made, fewer than a
// third of those who seal are Byzantine, and the host of a host-anchored room is honest.
import { consortiumQuorum } from '../../core/ledger/quorum.ts'
import { createRng, shuffle } from '../../core/num/rng.ts'
import { CROOKS, type CrookKind } from './crook.ts'

export interface Cut {
  readonly fromMs: number
  readonly toMs: number
  /** Crooks see both sides. */
  readonly straddled: boolean
}

export interface LedgerPlan {
  readonly seed: string
  readonly members: number
  readonly sealing: 'host' | 'consortium'
  /** Member index -> what it does. Members join in the order of their indexes. */
  readonly crooks: ReadonlyMap<number, CrookKind>
  /** Side of every member while the room is cut. */
  readonly sides: readonly (0 | 1)[]
  readonly cuts: readonly Cut[]
  readonly guardians: readonly number[]
  readonly joinAtMs: readonly number[]
  readonly kills: readonly { readonly member: number; readonly fromMs: number; readonly toMs: number }[]
  readonly leaves: readonly { readonly member: number; readonly atMs: number }[]
  /** Orders of the guardians. */
  readonly pauses: readonly { readonly fromMs: number; readonly toMs: number }[]
  readonly holdAtMs: number | null
  readonly payments: readonly number[]
  readonly amendAtMs: number | null
  readonly licenceAtMs: number | null
  /** The lineage has a cap, so newcomers wait for a seal and ask for one. */
  readonly capped: boolean
  readonly latencyMs: number
  readonly stepMs: number
  readonly attackAtMs: number
  readonly healAtMs: number
}

const MAX_MEMBERS = 40
const START_MS = 9_000

/** What a run must have, whatever its seed says. */
export interface Wanted {
  readonly members?: number
  readonly sealing?: LedgerPlan['sealing']
  /** As many crooks as the room bears, all of this kind. */
  readonly crooks?: CrookKind
}

export function planOf(seed: string, wanted: Wanted = {}): LedgerPlan {
  const rng = createRng(`plan/${seed}`)
  const chance = (p: number): boolean => rng.next() < p
  const between = (from: number, to: number): number => Math.floor(from + rng.next() * (to - from))
  const size = sizeOf(rng.next(), rng.next())
  const members = wanted.members ?? size
  const drawn = chance(0.5) ? 'host' : 'consortium'
  const sealing = wanted.sealing ?? drawn
  const most = Math.floor((members - 1) / 3)
  const some = chance(0.6) ? most : rng.below(most + 1)
  const bad = wanted.crooks ? most : some
  // Enough honest members come first: an early seal must not be in the hands of the others.
  const crooks = new Map<number, CrookKind>()
  for (let i = 0; i < bad; i++) {
    const kind = kindOf(rng.next(), rng.next(), members)
    crooks.set(2 * bad + 1 + i, wanted.crooks ?? kind)
  }
  const honest = Array.from({ length: members }, (_, i) => i).filter(i => !crooks.has(i))
  const needed = Math.max(2 * bad + 1, 2)

  const share = chance(0.5) ? 1 / 2 : 1 / 3
  const sides = Array.from({ length: members }, (): 0 | 1 => 0)
  const away = shuffle(honest.slice(1), rng).slice(
    0,
    sealing === 'host'
      ? Math.min(honest.length - needed, Math.round(share * members))
      : Math.round(share * members),
  )
  for (const member of away) sides[member] = 1
  if (chance(0.3) && sealing === 'consortium') sides[0] = 1
  for (const member of crooks.keys()) sides[member] = chance(0.5) ? 1 : 0

  // The founder seals alone after half a minute; the longer ones are torn when the others have to agree, half a minute later.
  const healAtMs = chance(0.6) ? between(64_000, 78_000) : between(40_000, 58_000)
  const capped = chance(0.5)
  const cuts: Cut[] = []
  if (chance(0.75)) {
    const straddled = chance([...crooks.values()].includes('twin') ? 0.85 : 0.4)
    for (
      let at = between(START_MS, healAtMs - 10_000), count = 1 + rng.below(3);
      count > 0 && at < healAtMs - 4_000;
      count--
    ) {
      const until = Math.min(healAtMs, at + between(3_000, 25_000))
      cuts.push({ fromMs: at, toMs: until, straddled })
      at = until + between(1_000, 6_000)
    }
  }

  const seats = Math.min(1 + rng.below(4), needed)
  const guardians = honest.slice(0, seats)
  // One of four may be a liar: neither quorum needs it.
  if (seats === 4 - 1 && bad > 0 && chance(0.5)) guardians.push([...crooks.keys()][0]!)

  const spare = honest.filter(i => !guardians.includes(i) && i !== 0)
  // In a host-anchored room whoever is present seals: beside the host enough honest members must be, all the time.
  let slack = honest.length - away.length - needed
  const spared = (member: number): boolean => sealing === 'consortium' || sides[member] === 1 || slack-- > 0
  const free = sealing === 'host' ? members : honest.length - needed - 1
  const late = new Set(
    shuffle([...spare], rng)
      .slice(0, Math.max(0, Math.min(free, rng.below(3))))
      .filter(spared),
  )
  // Who leaves is still counted until a seal names the leave: the others must be enough for that.
  const left = sealing === 'host' ? honest.length - needed : honest.length - consortiumQuorum(members)
  const leaving = shuffle(
    spare.filter(i => !late.has(i)),
    rng,
  )
    .slice(0, chance(0.3) && left > late.size ? 1 : 0)
    .filter(spared)
  const joinAtMs = Array.from({ length: members }, (_, i) =>
    late.has(i) ? between(12_000, 35_000) : crooks.has(i) ? 5_000 + 100 * i : 150 * i,
  )
  const kills: { member: number; fromMs: number; toMs: number }[] = []
  if (chance(0.6)) {
    const mortal = honest.filter(i => !leaving.includes(i) && !late.has(i))
    const count = 1 + rng.below(3)
    for (const member of shuffle([...mortal], rng).slice(0, count)) {
      // A host that comes back has to hear who is there before it seals for the first time.
      const isHost = sealing === 'host' && member === 0
      if (isHost ? capped && bad > 0 : !spared(member)) continue
      const fromMs = between(isHost && bad > 0 ? 34_000 : START_MS, healAtMs - 3_000)
      kills.push({ member, fromMs, toMs: Math.min(healAtMs, fromMs + between(500, 25_000)) })
    }
  }
  // A host that is away for long: succession, where enough are left for it.
  if (sealing === 'host' && chance(0.06)) {
    const others = kills.filter(({ member }) => member !== 0)
    kills.splice(0, kills.length, ...others, { member: 0, fromMs: 34_000, toMs: healAtMs + 100_000 })
  }

  const pauses: { fromMs: number; toMs: number }[] = []
  if (chance(0.55))
    for (let at = between(START_MS + 3_000, 28_000); at < healAtMs - 4_000;) {
      const toMs = at + between(3_000, 18_000)
      pauses.push({ fromMs: at, toMs })
      if (chance(0.6)) break
      at = toMs + between(4_000, 9_000)
    }
  return {
    seed,
    members,
    sealing,
    crooks,
    sides,
    cuts,
    guardians,
    joinAtMs,
    kills,
    leaves: leaving.map(member => ({ member, atMs: between(14_000, 30_000) })),
    pauses,
    holdAtMs: chance(0.15) ? between(12_000, 30_000) : null,
    payments: Array.from({ length: 2 + rng.below(4) }, () => between(START_MS, healAtMs)),
    amendAtMs: chance(0.2) ? between(12_000, 35_000) : null,
    licenceAtMs: chance(0.2) ? between(12_000, 35_000) : null,
    capped,
    latencyMs: between(10, 90),
    stepMs: between(1_500, 4_500),
    attackAtMs: between(10_000, 35_000),
    healAtMs,
  }
}

/** Mostly small rooms, with a tail. */
function sizeOf(which: number, where: number): number {
  const within = (from: number, to: number): number => from + Math.floor(where * (to - from + 1))
  if (which < 0.78) return within(5, 8)
  if (which < 0.975) return within(9, 12)
  if (which < 0.995) return within(13, 20)
  return within(21, MAX_MEMBERS)
}

/** Spammers cost as much as a hundred other members, so they are rare, and in small rooms. */
function kindOf(which: number, rare: number, members: number): CrookKind {
  if (rare < 0.01 && members <= 6) return 'spammer'
  const kinds = CROOKS.filter(kind => kind !== 'spammer')
  return kinds[Math.floor(which * kinds.length)]!
}
