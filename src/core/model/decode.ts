// A model spec from outside (charter, file, wire) becomes a ModelSpec, or a typed refusal. The limits keep a hostile
// charter from making a tab allocate or compute without bound; they are far above what a room trains.
import * as v from 'valibot'
import { layoutParams } from '../params/layout.ts'
import { forwardFlop } from './flops.ts'
import { outputShape, product } from './shapes.ts'
import type { ModelSpec, SampleShape } from './spec.ts'

export const MODEL_LIMITS = {
  layers: 16,
  params: 20_000_000,
  /** Values of one sample before and after any layer. */
  activations: 4_000_000,
  /** Forward FLOP of one sample: a batch of 32 then trains in seconds even in plain JavaScript. */
  flop: 200_000_000,
  units: 65_536,
  extent: 65_536,
  rank: 3,
  kernel: 15,
  pool: 64,
} as const

export type ModelFault =
  /** Not the fields or types of a ModelSpec, or a field out of its range. */
  | { readonly kind: 'malformed'; readonly detail: string }
  /** A layer does not fit the shape that reaches it, or the last layer gives no logits. */
  | { readonly kind: 'bad-shape'; readonly detail: string }
  | { readonly kind: 'too-large'; readonly detail: string }

export type DecodedModel =
  | { readonly status: 'ok'; readonly model: ModelSpec }
  | { readonly status: 'refused'; readonly fault: ModelFault }

const whole = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(max))
const activation = v.picklist(['relu', 'linear'])
const modelSchema = v.strictObject({
  input: v.pipe(v.array(whole(MODEL_LIMITS.extent)), v.minLength(1), v.maxLength(MODEL_LIMITS.rank)),
  layers: v.pipe(
    v.array(
      v.variant('type', [
        v.strictObject({ type: v.literal('dense'), units: whole(MODEL_LIMITS.units), activation }),
        v.strictObject({
          type: v.literal('conv2d'),
          filters: whole(MODEL_LIMITS.units),
          kernel: whole(MODEL_LIMITS.kernel),
          activation,
        }),
        v.strictObject({ type: v.literal('maxPool2d'), size: whole(MODEL_LIMITS.pool) }),
        v.strictObject({ type: v.literal('flatten') }),
      ]),
    ),
    v.minLength(1),
    v.maxLength(MODEL_LIMITS.layers),
  ),
})

export function decodeModelSpec(value: unknown): DecodedModel {
  const parsed = v.safeParse(modelSchema, value, { abortEarly: true })
  if (!parsed.success) {
    const issue = parsed.issues[0]
    return refuse('malformed', `${v.getDotPath(issue) ?? 'model'}: ${issue.message}`)
  }
  const model: ModelSpec = parsed.output
  let shape: SampleShape = model.input
  for (const [index, layer] of model.layers.entries()) {
    if (product(shape) > MODEL_LIMITS.activations)
      return refuse('too-large', `layer ${index}: sample too large`)
    const output = outputShape(layer, shape)
    if (output === null) return refuse('bad-shape', `layer ${index} (${layer.type}) on [${shape.join(', ')}]`)
    shape = output
  }
  if (product(shape) > MODEL_LIMITS.activations) return refuse('too-large', 'output too large')
  const last = model.layers[model.layers.length - 1]!
  if (last.type !== 'dense' || last.activation !== 'linear') {
    return refuse('bad-shape', 'the last layer must be dense and linear')
  }
  const { size } = layoutParams(model)
  if (size > MODEL_LIMITS.params) return refuse('too-large', `${size} parameters`)
  const flop = forwardFlop(model)
  if (flop > MODEL_LIMITS.flop) return refuse('too-large', `${flop} FLOP a sample`)
  return { status: 'ok', model }
}

function refuse(kind: ModelFault['kind'], detail: string): DecodedModel {
  return { status: 'refused', fault: { kind, detail } }
}
