// A commitment to training samples: the Merkle root over salted hashes, in the order of the data. It says nothing about a
// sample to whom does not have it; the same samples in one room give the same root, which is how shared data shows (R7).
import { sha256 } from '@noble/hashes/sha2.js'
import type { Dataset } from '../core/data/dataset.ts'
import { rootOf } from '../core/num/merkle.ts'
import type { RoomId } from '../core/num/ids.ts'

/** Hex; "" for no samples. Each leaf is SHA-256(00 || room || label u16 || values as they are held). */
export function dataRoot(room: RoomId, data: Dataset | null): string {
  if (!data || data.y.length === 0) return ''
  const { x, y } = data
  const bytes = new Uint8Array(x.buffer, x.byteOffset, x.byteLength)
  const each = bytes.length / y.length
  const salt = new TextEncoder().encode(room)
  const leaves = Array.from(y, (label, i) => {
    const head = new Uint8Array(salt.length + 3)
    head.set(salt, 1)
    head[salt.length + 1] = label >> 8
    head[salt.length + 2] = label & 255
    return sha256
      .create()
      .update(head)
      .update(bytes.subarray(i * each, (i + 1) * each))
      .digest()
  })
  return rootOf(leaves)
}
