// Vectors for tests of rules: of plain numbers, and of payloads.
import type { Codec } from '../../../src/core/compress/codec.ts'
import { BLOCK, type Vectors } from '../../../src/core/robust/rule.ts'

export function normOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]! * values[i]!
  return Math.sqrt(sum)
}

export function vectorsOf(rows: readonly ArrayLike<number>[], weights = rows.map(() => 1)): Vectors {
  return {
    count: rows.length,
    parameters: rows[0]!.length,
    norms: rows.map(normOf),
    weights,
    read(k, from, to, out, at) {
      for (let i = from; i < to; i++) out[at + i - from] = rows[k]![i]!
    },
    covering: () => null,
  }
}

export interface Said {
  readonly codec: Codec
  readonly payload: Uint8Array
  readonly round: number
  readonly weight: number
}

export function vectorsSaid(said: readonly Said[]): Vectors {
  return {
    count: said.length,
    parameters: said[0]!.codec.parameters,
    norms: said.map(({ codec, payload, round }) => codec.norm(payload, round)),
    weights: said.map(({ weight }) => weight),
    read: (k, from, to, out, at) => said[k]!.codec.read(said[k]!.payload, said[k]!.round, from, to, out, at),
    covering(from) {
      const positions = [...said.keys()].filter(k => said[k]!.codec.covers(said[k]!.round, from / BLOCK))
      return positions.length === said.length ? null : positions
    },
  }
}
