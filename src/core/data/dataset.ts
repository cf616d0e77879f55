// What every loader produces and every trainer consumes: samples with class labels.
import type { SampleShape } from '../model/spec.ts'

/**
 * `x` is row-major, count * product(shape) values. Uint8Array pixels stand for value / 255; Float32Array values are used
 * as they are. `y` holds a class index per sample, each below classes.length.
 */
export interface Dataset {
  readonly shape: SampleShape
  readonly classes: readonly string[]
  readonly x: Uint8Array | Float32Array
  readonly y: Uint16Array
}

export type TaskId = 'mnist' | 'fashion-mnist' | 'own'

/** How a room splits a built-in task among its parts; every part is a pure function of (scheme, seed, labels). */
export type PartitionScheme =
  | { readonly type: 'iid' }
  | { readonly type: 'dirichlet'; readonly alphaMilli: number }
  /** Each part holds a few classes; all classes are covered when parts * classesPerPart >= classes. */
  | { readonly type: 'classes'; readonly classesPerPart: number }
