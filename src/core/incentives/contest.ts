// The contest at the heart of the market: a prize is divided in proportion to effort, effort costs each its own price per
// unit (Tullock 1980, linear costs). Its only equilibrium in closed form, with an active set and with caps on effort.
// Owners contest the reward with quality, computing centres contest the price of data with volume.
//
// Without caps: sort costs; the active set is the largest K >= 2 with c_K < (c_1 + .. + c_K) / (K - 1), whatever the prize;
// kappa = (K - 1) / sum c, total effort Q = kappa * prize, share s_n = 1 - c_n kappa.
// With caps (own derivation): an uncapped participant's best reply is q = Q (1 - c r) with r = Q / prize. As the prize grows r
// falls from kappa, more participants reach their caps, and some that were priced out come in. Between two such events k
// uncapped ones with costs C and B of capped effort give C Q^2 / ((k - 1) Q + B) = prize: a quadratic, no search needed.

export interface Contestant {
  /** Per unit of effort, positive. */
  readonly cost: number
  /** Most effort, positive; Infinity for none. */
  readonly cap: number
}

/** Prizes from `prizeFrom` up to the next stretch's. */
interface Stretch {
  readonly prizeFrom: number
  readonly totalFrom: number
  /** Uncapped participants, the sum of their costs, and the effort of those at their caps. */
  readonly uncapped: number
  readonly costs: number
  readonly capped: number
}

export interface Contest {
  readonly contestants: readonly Contestant[]
  /** Total effort per unit of a small prize. */
  readonly kappa: number
  /** Participants while no cap binds, by index. */
  readonly active: readonly number[]
  /** By growing prize. */
  readonly stretches: readonly Stretch[]
}

/** What total effort is worth to whoever pays the prize: concave. `atSlope` is the inverse of `slope`, if known. */
export interface Value {
  at(total: number): number
  slope(total: number): number
  atSlope?(slope: number): number
}

/** At least two contestants, costs and caps positive: callers check. Order among equals does not matter. */
export function openContest(contestants: readonly Contestant[]): Contest {
  const order = [...contestants.keys()].sort((a, b) => contestants[a]!.cost - contestants[b]!.cost || a - b)
  let costs = contestants[order[0]!]!.cost + contestants[order[1]!]!.cost
  let next = 2
  while (next < order.length && contestants[order[next]!]!.cost * (next - 1) < costs)
    costs += contestants[order[next++]!]!.cost
  const active = order.slice(0, next)
  const kappa = (active.length - 1) / costs
  return { contestants, kappa, active, stretches: stretchesOf(contestants, order, active, costs) }
}

function stretchesOf(
  contestants: readonly Contestant[],
  order: readonly number[],
  active: readonly number[],
  activeCosts: number,
): Stretch[] {
  const free = new Set(active)
  let waiting = active.length
  let costs = activeCosts
  let capped = 0
  const stretches: Stretch[] = [{ prizeFrom: 0, totalFrom: 0, uncapped: free.size, costs, capped }]
  // r = Q / prize at which a participant's cap binds: from q = cap in the present stretch.
  const ratioAtCap = ({ cost, cap }: Contestant): number =>
    (capped + cap * (free.size - 1)) / (cap * costs + capped * cost)
  // While nobody is capped r stays kappa, and the smallest cap in relation to its share binds first.
  const totalAtCap = ({ cost, cap }: Contestant): number => cap / (1 - (cost * (free.size - 1)) / costs)
  for (;;) {
    let first = -1
    let event = capped > 0 ? -Infinity : Infinity
    for (const index of free) {
      const contestant = contestants[index]!
      if (contestant.cap === Infinity) continue
      const at = capped > 0 ? ratioAtCap(contestant) : totalAtCap(contestant)
      if (capped > 0 ? at > event : at < event) {
        event = at
        first = index
      }
    }
    const entrant = capped > 0 ? order[waiting] : undefined
    const entry = entrant === undefined ? -Infinity : 1 / contestants[entrant]!.cost
    if (first === -1 && entry === -Infinity) return stretches
    let total: number
    let ratio: number
    if (capped === 0) {
      total = event
      ratio = (free.size - 1) / costs
    } else {
      ratio = Math.max(event, entry)
      // With two or more who know no cap, r never falls to (k - 1) / C: whoever would come in below that never does.
      const scale = ratio * costs - free.size + 1
      if (!(scale > 0)) return stretches
      total = capped / scale
    }
    if (entrant !== undefined && entry >= event) {
      free.add(entrant)
      waiting++
      costs += contestants[entrant]!.cost
    } else {
      free.delete(first)
      capped += contestants[first]!.cap
      // Summed anew: differences would leave a rest where nobody is left.
      costs = 0
      for (const index of free) costs += contestants[index]!.cost
    }
    stretches.push({ prizeFrom: total / ratio, totalFrom: total, uncapped: free.size, costs, capped })
  }
}

/** Total effort Q in equilibrium for a prize >= 0. */
function totalEffort({ stretches }: Contest, prize: number): number {
  let at = stretches.length - 1
  while (at > 0 && stretches[at]!.prizeFrom > prize) at--
  const { uncapped, costs, capped } = stretches[at]!
  if (uncapped === 0) return capped
  const linear = (uncapped - 1) * prize
  return (linear + Math.sqrt(linear * linear + 4 * costs * capped * prize)) / (2 * costs)
}

/** Everybody's effort in equilibrium, in the order of the contestants. */
export function efforts(contest: Contest, prize: number): number[] {
  const total = totalEffort(contest, prize)
  const ratio = prize > 0 ? total / prize : 0
  return contest.contestants.map(({ cost, cap }) => Math.min(cap, Math.max(0, total * (1 - cost * ratio))))
}

/**
 * The prize that is worth most to whoever pays `price` per unit of prize and values total effort Q at `value`:
 * argmax value(Q) - price * prize(Q). Within a stretch the objective is concave; between stretches it need not be, so each has
 * its own candidate. 0 when no prize is worth its price.
 */
export function bestPrize(contest: Contest, value: Value, price: number): number {
  let best = 0
  let most = value.at(0)
  contest.stretches.forEach((stretch, i) => {
    if (stretch.uncapped === 0) return
    const end = contest.stretches[i + 1]?.totalFrom ?? Infinity
    const total = topOfStretch(stretch, end, value, price)
    const prize = prizeOf(stretch, total)
    const worth = value.at(total) - price * prize
    if (worth > most) {
      most = worth
      best = prize
    }
  })
  return best
}

function prizeOf({ uncapped, costs, capped }: Stretch, total: number): number {
  return capped === 0
    ? (costs * total) / (uncapped - 1)
    : (costs * total * total) / ((uncapped - 1) * total + capped)
}

function topOfStretch(
  { totalFrom, uncapped, costs, capped }: Stretch,
  totalTo: number,
  value: Value,
  price: number,
): number {
  const gain = (total: number): number => {
    const scale = (uncapped - 1) * total + capped
    const marginal =
      capped === 0 ? costs / (uncapped - 1) : (costs * total * (scale + capped)) / (scale * scale)
    return value.slope(total) - price * marginal
  }
  let low = totalFrom
  if (!(gain(low) > 0)) return low
  if (capped === 0 && value.atSlope !== undefined) {
    // As long as no cap binds effort has one price.
    return Math.min(totalTo, value.atSlope((price * costs) / (uncapped - 1)))
  }
  let high = totalTo
  if (high === Infinity) {
    high = Math.max(1, 2 * low)
    while (gain(high) > 0 && high < Number.MAX_VALUE / 4) high *= 2
  } else if (gain(high) >= 0) return high
  for (let i = 0; i < 200 && low < high; i++) {
    const middle = low + (high - low) / 2
    if (middle === low || middle === high) break
    if (gain(middle) > 0) low = middle
    else high = middle
  }
  return low + (high - low) / 2
}
