// Why an owner of a run that asks for a partner has none yet, who could lend, and who took over where a pair broke.
import type { MemberId } from '../core/num/ids.ts'
import type { PairRecord, RunView, RunsView } from '../ports/runs-view.ts'

export type WaitReason = 'not-begun' | 'priced-out' | 'no-provider' | 'exposure' | 'seal'

export interface Waiting {
  readonly owner: MemberId
  readonly why: WaitReason
}

/** Limits of who may see the data are known of this member alone; of others that reason is never given. */
export function waitingOwners(
  run: RunView,
  { exposures, exposureLimit }: Pick<RunsView, 'exposures' | 'exposureLimit'>,
  self: MemberId,
): readonly Waiting[] {
  const standing = run.pairs.filter(({ broken }) => broken === 0)
  const free = freeProviders(run)
  return run.offers.flatMap(({ owner, mode, present }): Waiting[] => {
    if (mode === 'local' || present === 0 || standing.some(pair => pair.owner === owner)) return []
    if (run.stage === 'waiting' || run.stage === 'open' || run.stage === 'beginning')
      return [{ owner, why: 'not-begun' }]
    const plan = run.forecast.find(row => row.owner === owner)
    if ((plan?.samples ?? 0) === 0) return [{ owner, why: 'priced-out' }]
    const fit = free.filter(({ modes }) => mode === 'split' || modes === 'any')
    if (fit.length === 0) return [{ owner, why: 'no-provider' }]
    const isBeyond =
      owner === self &&
      exposures.length >= exposureLimit &&
      fit.every(({ provider }) => !exposures.includes(provider))
    return [{ owner, why: isBeyond ? 'exposure' : 'seal' }]
  })
}

export function freeProviders(run: RunView): RunView['capacities'] {
  const busy = new Set(run.pairs.filter(({ broken }) => broken === 0).map(({ provider }) => provider))
  return run.capacities.filter(({ provider, present }) => present === 1 && !busy.has(provider))
}

/** Who took over from the provider of a pair that broke; null while nobody did. */
export function successorOf(run: RunView, broken: PairRecord): MemberId | null {
  return run.pairs.find(pair => pair.broken === 0 && pair.owner === broken.owner)?.provider ?? null
}
