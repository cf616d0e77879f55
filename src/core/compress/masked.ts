// Profile B of gossip.md, for slow uplinks: one bit per parameter for a quarter of the blocks in a round, the same quarter
// for everybody. A member keeps what the mask has not let it say: it trains on from there.
import { BLOCK, type Codec } from './codec.ts'
import { createSigns } from './signs.ts'

/** Rounds in which every block speaks once, where there are that many blocks. */
const MASK_ROUNDS = 4

/** Throws RangeError unless there are parameters. */
export function createMasked(parameters: number): Codec {
  return createSigns(2, parameters, Math.min(MASK_ROUNDS, Math.ceil(parameters / BLOCK)))
}
