// Which of the known kinds a model spec is, for display. A charter may carry any spec; this names it by its layers.
import type { ModelSpec } from '../../core/model/spec.ts'
import type { ShownPreset } from '../../state/kinds.ts'

export function modelName(spec: ModelSpec): ShownPreset {
  if (spec.layers.some(layer => layer.type === 'conv2d')) return 'cnn'
  return spec.layers.filter(layer => layer.type === 'dense').length > 1 ? 'mlp' : 'logistic'
}
