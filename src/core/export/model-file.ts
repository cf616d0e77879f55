// A trained model as a safetensors file that explains itself: tensors named <layer>.<role> in layoutParams order, the
// spec and the class names in the metadata. Reading one back checks all of it, as for any file from outside.
import { decodeModelSpec } from '../model/decode.ts'
import { classCount } from '../model/shapes.ts'
import type { ModelSpec } from '../model/spec.ts'
import { layoutParams, type TensorSlot, viewSlot } from '../params/layout.ts'
import { decodeSafetensors, encodeSafetensors, type SafetensorsFault } from './safetensors.ts'

export interface ModelFile {
  readonly model: ModelSpec
  readonly params: Float32Array
  /** One name per class. */
  readonly classes: readonly string[]
  /** Free texts, e.g. room and round. */
  readonly notes: Readonly<Record<string, string>>
}

export type DecodedModelFile =
  | { readonly status: 'ok'; readonly file: ModelFile }
  | {
      readonly status: 'refused'
      readonly fault: SafetensorsFault | { readonly kind: 'bad-model'; readonly detail: string }
    }

const MODEL_KEY = 'model'
const CLASSES_KEY = 'classes'
const FORMAT_KEY = 'format'
const FORMAT = 'yoriai-model-1'

export function encodeModelFile({ model, params, classes, notes }: ModelFile): Uint8Array {
  const { slots, size } = layoutParams(model)
  if (params.length !== size) throw new RangeError(`${params.length} parameters for a model of ${size}`)
  return encodeSafetensors(
    slots.map(slot => ({ name: slotName(slot), shape: slot.shape, values: viewSlot(params, slot) })),
    {
      ...notes,
      [FORMAT_KEY]: FORMAT,
      [MODEL_KEY]: JSON.stringify(model),
      [CLASSES_KEY]: JSON.stringify(classes),
    },
  )
}

export function decodeModelFile(bytes: Uint8Array): DecodedModelFile {
  const decoded = decodeSafetensors(bytes)
  if (decoded.status !== 'ok') return decoded
  const {
    [FORMAT_KEY]: format,
    [MODEL_KEY]: modelText,
    [CLASSES_KEY]: classText,
    ...notes
  } = decoded.metadata
  if (format !== FORMAT) return refuse(`format ${format ?? 'missing'}`)
  const model = decodeModelSpec(parse(modelText))
  if (model.status !== 'ok') return refuse(model.fault.detail)
  const classes = parse(classText)
  if (!isTexts(classes) || classes.length !== classCount(model.model)) return refuse('class names')
  const { slots, size } = layoutParams(model.model)
  if (decoded.tensors.length !== slots.length) return refuse(`${decoded.tensors.length} tensors`)
  const params = new Float32Array(size)
  for (const slot of slots) {
    const tensor = decoded.tensors.find(({ name }) => name === slotName(slot))
    if (tensor === undefined || tensor.shape.join() !== slot.shape.join())
      return refuse(`tensor ${slotName(slot)}`)
    params.set(tensor.values, slot.offset)
  }
  return { status: 'ok', file: { model: model.model, params, classes, notes } }
}

function slotName({ layer, role }: TensorSlot): string {
  return `${layer}.${role}`
}

function parse(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    // reason: JSON.parse reports malformed text only by throwing; no decoder accepts undefined.
    return undefined
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function refuse(detail: string): DecodedModelFile {
  return { status: 'refused', fault: { kind: 'bad-model', detail } }
}
