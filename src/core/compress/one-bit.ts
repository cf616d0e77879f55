// Profile A of gossip.md: one bit per parameter, every parameter in every round. The form of a payload is in signs.ts; its
// size is known without a codec, for those who tell what a room will cost.
import { BLOCK, type Codec } from './codec.ts'
import { createSigns } from './signs.ts'

/** Throws RangeError unless there are parameters. */
export function createOneBit(parameters: number): Codec {
  return createSigns(1, parameters, 1)
}

export function oneBitBytes(parameters: number): number {
  return 2 * Math.ceil(parameters / BLOCK) + Math.ceil(parameters / 8)
}
