// The training loop that anybody would write with tfjs, as the yardstick for ours: variables, recorded gradients, a
// built-in optimizer, the data on the device once, a gathered batch per step, and no loss read back. Written to be fast.
import {
  add,
  cast,
  conv2d,
  dispose,
  env,
  gather,
  keep,
  losses,
  matMul,
  maxPool,
  oneHot,
  type Rank,
  relu,
  reshape,
  type Scalar,
  tensor,
  tensor1d,
  tensor2d,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tidy,
  train,
  variable,
  type Variable,
} from '@tensorflow/tfjs-core'
import type { Dataset } from '../src/core/data/dataset.ts'
import { createSampleOrder } from '../src/core/model/sample-order.ts'
import type { ModelSpec } from '../src/core/model/spec.ts'
import { layoutParams, viewSlot } from '../src/core/params/layout.ts'
import type { Optimizer } from '../src/ports/trainer.ts'

export interface PlainLoop {
  /** Milliseconds for so many steps, the last one finished. */
  run(steps: number): Promise<number>
  close(): void
}

/** On the backend that is current. */
export async function createPlainLoop(
  spec: ModelSpec,
  params: Float32Array,
  data: Dataset,
  batchSize: number,
  optimizer: Optimizer,
): Promise<PlainLoop> {
  // Brings the recorded gradients, which the core's own entry leaves out.
  await import('@tensorflow/tfjs-layers')
  env().set('PROD', true)
  const { slots } = layoutParams(spec)
  const variables = slots.map(slot => variable(tensor(viewSlot(params, slot).slice(), [...slot.shape])))
  const floats = Float32Array.from(data.x, value => (data.x instanceof Uint8Array ? value / 255 : value))
  const count = data.y.length
  const x = keep(tensor2d(floats, [count, floats.length / count]))
  const y = keep(tidy(() => cast(oneHot(tensor1d([...data.y], 'int32'), data.classes.length), 'float32')))
  const method =
    optimizer.type === 'sgd'
      ? train.sgd(optimizer.learningRate)
      : train.adam(optimizer.learningRate, 0.9, 0.999, 1e-7)
  const order = createSampleOrder('bench', count)
  const indices = new Int32Array(batchSize)

  const forward = (batch: Tensor2D): Tensor2D => {
    let values: Tensor = reshape(batch, [batchSize, ...spec.input])
    let next = 0
    const take = <R extends Rank>(): Variable<R> => variables[next++] as Variable<R>
    for (const layer of spec.layers) {
      if (layer.type === 'dense') values = add(matMul(values as Tensor2D, take<Rank.R2>()), take())
      else if (layer.type === 'conv2d')
        values = add(conv2d(values as Tensor4D, take<Rank.R4>(), 1, 'same'), take())
      else if (layer.type === 'maxPool2d')
        values = maxPool(values as Tensor4D, layer.size, layer.size, 'valid')
      else values = reshape(values, [batchSize, -1])
      if ('activation' in layer && layer.activation === 'relu') values = relu(values)
    }
    return values as Tensor2D
  }

  return {
    async run(steps) {
      const start = performance.now()
      let last: Scalar | null = null
      for (let step = 0; step < steps; step++) {
        order.next(indices)
        const loss: Scalar = tidy(() => {
          const rows = tensor1d(indices.slice(), 'int32')
          const batch = gather(x, rows)
          const labels = gather(y, rows)
          return method.minimize(() => losses.softmaxCrossEntropy(labels, forward(batch)) as Scalar, true)!
        })
        last?.dispose()
        last = loss
      }
      await last?.data()
      last?.dispose()
      // Everything else that was queued: the updated parameters.
      await variables[0]!.data()
      return performance.now() - start
    },
    close() {
      method.dispose()
      dispose([x, y, ...variables])
    },
  }
}
