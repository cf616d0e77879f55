// What was said in the last few sealed epochs by those who could have made two seals final: enough to convict a host or a
// quorum whose second certificate turns up later, after a partition.
import type { MemberId } from '../num/ids.ts'
import { areContradicting } from './evidence.ts'
import type { SealEpoch } from './seal-epoch.ts'
import type { SealStatement } from './seal.ts'

const EPOCHS = 8
/** Of the anchor's own statements on path 'host', newest first. */
const OF_ANCHOR = 32

export class PastEpochs {
  private readonly epochs = new Map<number, readonly SealStatement[]>()
  private readonly convictions = new Map<number, Set<MemberId>>()

  remember({ number, ground, statements }: SealEpoch, certificate: readonly SealStatement[]): void {
    const said = statements
      .all()
      .filter(({ path, phase, author }) => path === 'host' && phase !== 'vote' && author === ground.anchor)
      .sort((a, b) => b.view - a.view)
      .slice(0, OF_ANCHOR)
    this.epochs.set(number, [...certificate, ...said])
    for (const epochs of [this.epochs, this.convictions])
      for (const epoch of epochs.keys()) if (epoch <= number - EPOCHS) epochs.delete(epoch)
  }

  /** Undefined once its author is convicted of that epoch: what is no news is not passed on, or it would go round for ever. */
  contradicting(statement: SealStatement): SealStatement | undefined {
    if (this.convictions.get(statement.epoch)?.has(statement.author)) return undefined
    return this.epochs.get(statement.epoch)?.find(held => areContradicting(held, statement))
  }

  /** True once for each author and epoch. */
  isNewsThat(author: MemberId, epoch: number): boolean {
    let convicted = this.convictions.get(epoch)
    if (!convicted) {
      convicted = new Set()
      this.convictions.set(epoch, convicted)
    }
    if (convicted.has(author)) return false
    convicted.add(author)
    return true
  }
}
