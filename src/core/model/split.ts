// Cuts a model for lent compute: the owner of the data keeps the first layer and, where the model has at least three layers
// with parameters, the last one; a provider runs what lies between. Each part is a model of its own (layout, FLOP and
// engines apply to it) whose parameters are one range of the whole flat vector. Pure; the cut follows from the spec alone,
// so both sides make the same one.
import { layoutParams } from '../params/layout.ts'
import { product, shapeLayers } from './shapes.ts'
import type { Layer, ModelSpec } from './spec.ts'

export interface ModelPart {
  /** Not a whole model: its last layer need not be dense and linear. */
  readonly spec: ModelSpec
  /** Its parameters in the whole vector: from (inclusive), to (exclusive). */
  readonly from: number
  readonly to: number
}

export interface ModelCut {
  readonly front: ModelPart
  readonly middle: ModelPart
  /**
   * Null for models of two layers with parameters: the provider's outputs are then the logits, and their gradient
   * (softmax - one-hot) shows the labels.
   */
  readonly tail: ModelPart | null
  /** Values a sample that cross the cut to the provider, and back. */
  readonly sentValues: number
  readonly returnedValues: number
}

const hasParameters = ({ type }: Layer): boolean => type === 'dense' || type === 'conv2d'

/** Null where there is nothing to lend: a model of one layer with parameters. */
export function cutModel(spec: ModelSpec): ModelCut | null {
  const shaped = shapeLayers(spec)
  const trained = spec.layers.flatMap((layer, index) => (hasParameters(layer) ? [index] : []))
  if (trained.length < 2) return null
  // Pooling right after the first convolution stays too: it costs the owner little and shrinks what is sent.
  let end = trained[0]! + 1
  while (spec.layers[end]?.type === 'maxPool2d') end++
  const last = trained.length > 2 ? trained.at(-1)! : spec.layers.length
  const bounds = layoutParams(spec).slots
  const offsetOf = (layer: number): number => bounds.find(slot => slot.layer >= layer)?.offset ?? sizeOf(spec)
  const part = (first: number, after: number): ModelPart => ({
    spec: { input: shaped[first]!.input, layers: spec.layers.slice(first, after) },
    from: offsetOf(first),
    to: offsetOf(after),
  })
  return {
    front: part(0, end),
    middle: part(end, last),
    tail: last < spec.layers.length ? part(last, spec.layers.length) : null,
    sentValues: product(shaped[end - 1]!.output),
    returnedValues: product(shaped[last - 1]!.output),
  }
}

function sizeOf(spec: ModelSpec): number {
  return layoutParams(spec).size
}
