// Who could bring data to a run that is not written yet: everybody else who trains here, with what they said of their data, or else
// an assumption that is told as one.
import type { MemberId } from '../core/num/ids.ts'
import type { KnownAsset, RunsView } from '../ports/runs-view.ts'
import type { MemberView } from '../ports/session.ts'

export interface Prospect {
  readonly owner: MemberId
  readonly samples: number
  readonly qualityMillionths: number
  /** Said by the owner; else assumed. */
  readonly isKnown: boolean
}

const ASSUMED_QUALITY_MILLIONTHS = 900_000
/** As many as a market takes. */
const MAX_PROSPECTS = 200

export function prospectsOf(
  members: readonly MemberView[],
  self: MemberId,
  { known, runs }: Pick<RunsView, 'known' | 'runs'>,
  /** Samples of an ordinary part. */
  usual: number,
): readonly Prospect[] {
  const said = new Map<MemberId, KnownAsset>()
  for (const run of [...runs].reverse())
    for (const { owner, samples, qualityMillionths } of run.offers)
      said.set(owner, { owner, samples, qualityMillionths })
  for (const asset of known) said.set(asset.owner, asset)
  return members
    .filter(({ id, role, status }) => id !== self && role === 'trainer' && status !== 'gone')
    .slice(0, MAX_PROSPECTS)
    .map(({ id }): Prospect => {
      const asset = said.get(id)
      return {
        owner: id,
        samples: asset?.samples ?? usual,
        qualityMillionths: asset?.qualityMillionths ?? ASSUMED_QUALITY_MILLIONTHS,
        isKnown: asset !== undefined,
      }
    })
}
