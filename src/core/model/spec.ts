// A model as data: the shape of one sample and a list of layers. Everything else (parameter layout, size, FLOP)
// follows from it, so a charter can name a model without code crossing the wire.

/** Row-major, channels last: [height, width, channels] for images, [features] for tables. */
export type SampleShape = readonly number[]

export type Activation = 'relu' | 'linear'

export type Layer =
  | { readonly type: 'dense'; readonly units: number; readonly activation: Activation }
  /** Square kernel, stride 1, padding "same". */
  | {
      readonly type: 'conv2d'
      readonly filters: number
      readonly kernel: number
      readonly activation: Activation
    }
  /** Square window, stride = size, no padding: an odd last row or column is dropped. */
  | { readonly type: 'maxPool2d'; readonly size: number }
  | { readonly type: 'flatten' }

/** The last layer must be dense and linear: its units are the logits, one per class. */
export interface ModelSpec {
  readonly input: SampleShape
  readonly layers: readonly Layer[]
}
