// Floating-point operations from layer shapes alone, the unit of the compute meter: dense 2 * in * out, convolution
// 2 * k^2 * Cin * Cout * Hout * Wout, everything else free. Training counts three forward passes (Kaplan et al. 2020:
// backward costs twice the forward pass). What is done once a parameter and step, the optimiser's update and drift control
// (at most four operations, a fiftieth of a step of the MLP with batches of 32), is not counted. Nominal figures: an engine
// that skips zeros does fewer.
import { shapeLayers } from './shapes.ts'
import type { ModelSpec } from './spec.ts'

/** FLOP of the forward pass of one sample. */
export function forwardFlop(spec: ModelSpec): number {
  let flop = 0
  for (const { layer, input, output } of shapeLayers(spec)) {
    if (layer.type === 'dense') flop += 2 * input[0]! * layer.units
    if (layer.type === 'conv2d') {
      flop += 2 * layer.kernel ** 2 * input[2]! * layer.filters * output[0]! * output[1]!
    }
  }
  return flop
}

/** FLOP of forward and backward pass of one sample. */
export function trainingFlop(spec: ModelSpec): number {
  return 3 * forwardFlop(spec)
}
