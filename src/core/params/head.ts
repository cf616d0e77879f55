// Which part of a flat parameter vector a room shares when every member keeps its own last layer (FedPer, Arivazhagan et
// al. 2019): the head is the last layer with parameters, kernel and bias, and the body all before it. The head lies at the
// end of the vector, so the body is a prefix and keeps its offsets. Pure.
import type { ModelSpec } from '../model/spec.ts'
import { layoutParams } from './layout.ts'

export interface HeadRange {
  /** First parameter of the head: as many are before it. */
  readonly from: number
  /** Parameters of the whole model. */
  readonly size: number
}

export function headRange(model: ModelSpec): HeadRange {
  const { slots, size } = layoutParams(model)
  const last = slots.at(-1)
  return { from: slots.find(({ layer }) => layer === last?.layer)?.offset ?? size, size }
}

/** Parameters that are sent and agreed on. 0 for a model of one layer with heads of their own: nothing is left to share. */
export function sharedParameters(model: ModelSpec, head: 'shared' | 'own'): number {
  const { from, size } = headRange(model)
  return head === 'own' ? from : size
}

/** Body and head as one new vector for a trainer. Throws RangeError unless they fit the model. */
export function joinHead(range: HeadRange, body: Float32Array, head: Float32Array): Float32Array {
  if (body.length !== range.from || head.length !== range.size - range.from) {
    throw new RangeError(`${body.length} + ${head.length} parameters for ${range.from} of ${range.size}`)
  }
  const params = new Float32Array(range.size)
  params.set(body)
  params.set(head, range.from)
  return params
}

/** Copies of both parts of a trainer's vector. Throws RangeError for another length. */
export function splitHead(
  range: HeadRange,
  params: Float32Array,
): { readonly body: Float32Array; readonly head: Float32Array } {
  if (params.length !== range.size)
    throw new RangeError(`${params.length} parameters, model has ${range.size}`)
  return { body: params.slice(0, range.from), head: params.slice(range.from) }
}
