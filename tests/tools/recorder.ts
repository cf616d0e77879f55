// Keeps, inside a page, when its view changed: rounds, steps and fingerprints with the time, so that gaps can be measured
// finer than a test could poll. Views come at most four times a second.
import type { Tab } from './rig.ts'

export interface Moment {
  /** Date.now() in the page; page and test share a machine. */
  readonly at: number
  readonly phase: string
  readonly round: number
  readonly totalSteps: number
  readonly modelHashRound: number
  readonly modelHash: string
}

declare global {
  interface Window {
    yoriaiMoments?: Moment[]
  }
}

/** From now on; the tab must have joined. */
export async function record({ page }: Tab): Promise<void> {
  await page.evaluate(() => {
    const moments: Moment[] = []
    window.yoriaiMoments = moments
    const { session } = window.yoriai!.stay!
    session.subscribe(({ phase, round, totalSteps, modelHashRound, modelHash }) => {
      moments.push({ at: Date.now(), phase, round, totalSteps, modelHashRound, modelHash })
    })
  })
}

export async function recorded({ name, page }: Tab): Promise<readonly Moment[]> {
  const moments = await page.evaluate(() => window.yoriaiMoments)
  if (!moments) throw new Error(`${name} is not recorded`)
  return moments
}

/** When each new round was first seen. */
export function advances(
  moments: readonly Moment[],
): readonly { readonly at: number; readonly round: number }[] {
  return moments.filter(({ round }, i) => i > 0 && round > moments[i - 1]!.round)
}

/** The longest time without a new round between two moments; the open gap at the end counts. */
export function longestGapMs(moments: readonly Moment[], fromMs: number, untilMs: number): number {
  const inside = advances(moments).filter(({ at }) => at > fromMs && at <= untilMs)
  const times = [fromMs, ...inside.map(({ at }) => at), untilMs]
  return Math.max(...times.slice(1).map((at, i) => at - times[i]!))
}

/** Fingerprint of the common model by round. */
export function hashesOf(moments: readonly Moment[]): ReadonlyMap<number, string> {
  return new Map(moments.map(({ modelHashRound, modelHash }) => [modelHashRound, modelHash]))
}

/**
 * Fingerprints of one round that two members held differently, and whether they agreed again on a later round. A late
 * update may part two honest members for a moment; the members' statements bring them together again.
 */
export function disagreements(
  a: readonly Moment[],
  b: readonly Moment[],
): { readonly rounds: readonly number[]; readonly agreedLater: boolean } {
  const theirs = hashesOf(b)
  const shared = [...hashesOf(a)].filter(([round]) => theirs.has(round)).sort(([x], [y]) => x - y)
  const rounds = shared.filter(([round, hash]) => theirs.get(round) !== hash).map(([round]) => round)
  const last = shared[shared.length - 1]
  return { rounds, agreedLater: last !== undefined && theirs.get(last[0]) === last[1] }
}
