// How accuracy grows with samples, measured: a small network is trained from scratch on nested subsets of a member's own
// samples and scored on held-out ones. One small network for all (one hidden layer of 32), so that the curve tells of the data;
// the room's own model may be better everywhere. A generator, for workers and Node: whoever drops it has cancelled it.
import type { Dataset } from '../core/data/dataset.ts'
import type { ScalingPoint } from '../core/economics/scaling-records.ts'
import { initialParams } from '../core/model/init.ts'
import { product } from '../core/model/shapes.ts'
import type { ModelSpec } from '../core/model/spec.ts'
import { createRng, shuffle } from '../core/num/rng.ts'
import { createLabTrainer } from '../sim/lab/lab-trainer.ts'

const HIDDEN = 32
const BATCH = 16
const RATE = 0.1
/** Every size is trained about to its end: so many epochs, and so many steps at least. */
const EPOCHS = 20
const LEAST_STEPS = 200
/** Orders in which the samples are drawn; a point is the mean over them. */
const REPETITIONS = 3
const FIRST_SIZE = 50
const MOST_SAMPLES = 6_400
const HELD_OUT = 2_000
/** A last step that is no doubling still counts from this factor on. */
const LEAST_FACTOR = 1.4
/** So many sizes make a curve; fewer doublings from FIRST_SIZE start lower. */
const LEAST_SIZES = 4
const LEAST_SIZE = 5

/** Sizes double from 50 on, or from an eighth of what there is; none below 40 samples. Ascending. */
export function curveSizes(samples: number): number[] {
  const most = Math.min(samples, MOST_SAMPLES)
  const start = Math.min(FIRST_SIZE, Math.floor(most / 2 ** (LEAST_SIZES - 1)))
  if (start < LEAST_SIZE) return []
  const sizes: number[] = []
  for (let size = start; size <= most; size *= 2) sizes.push(size)
  if (most >= LEAST_FACTOR * sizes.at(-1)!) sizes.push(most)
  return sizes
}

export interface CurveStep {
  /** Of all training, in [0, 1]. */
  readonly fraction: number
  /** Set when a size is done. */
  readonly point: ScalingPoint | null
}

/** Samples that are not finite are left out on both sides. Nothing is measured without held-out samples. */
export function* measureCurve(
  train: Dataset,
  heldOut: Dataset,
  seed: string,
): Generator<CurveStep, readonly ScalingPoint[]> {
  const usable = finiteRows(train)
  const judged = finiteRows(heldOut).slice(0, HELD_OUT)
  const sizes = curveSizes(usable.length)
  if (judged.length === 0 || sizes.length === 0) return []
  const spec = smallModel(train)
  const trainer = createLabTrainer(spec, 'sgd')
  const orders = Array.from({ length: REPETITIONS }, (_, k) =>
    shuffle([...usable], createRng(`${seed}/order/${k}`)).slice(0, sizes.at(-1)),
  )
  // Only what is used is prepared: trainers keep a copy.
  const kept = [...new Set(orders.flat())].sort((a, b) => a - b)
  const place = new Map(kept.map((row, i) => [row, i]))
  const set = trainer.prepare(take(train, kept))
  const test = trainer.prepare(take(heldOut, judged))
  const stepsOf = (size: number): number => Math.max(LEAST_STEPS, Math.ceil((EPOCHS * size) / BATCH))
  const all = REPETITIONS * sizes.reduce((sum, size) => sum + stepsOf(size), 0)
  const points: ScalingPoint[] = []
  let done = 0
  for (const size of sizes) {
    let sum = 0
    for (const [k, order] of orders.entries()) {
      const samples = Int32Array.from(order.slice(0, size), row => place.get(row)!)
      const params = trainer.train(
        { set, samples, relabel: null },
        initialParams(spec, `${seed}/model/${k}`),
        {
          steps: stepsOf(size),
          batchSize: Math.min(BATCH, size),
          optimizer: { type: 'sgd', learningRate: RATE },
          seed: `${seed}/batches/${k}`,
          drift: null,
        },
      )
      sum += trainer.accuracy(test, params)
      done += stepsOf(size)
      if (k < REPETITIONS - 1) yield { fraction: done / all, point: null }
    }
    const point = { samples: size, accuracy: sum / REPETITIONS }
    points.push(point)
    yield { fraction: done / all, point }
  }
  return points
}

function smallModel({ shape, classes }: Dataset): ModelSpec {
  return {
    input: shape,
    layers: [
      ...(shape.length > 1 ? ([{ type: 'flatten' }] as const) : []),
      { type: 'dense', units: HIDDEN, activation: 'relu' },
      { type: 'dense', units: classes.length, activation: 'linear' },
    ],
  }
}

function finiteRows({ x, y, shape, classes }: Dataset): number[] {
  const size = product(shape)
  const rows: number[] = []
  for (let row = 0; row < y.length; row++)
    if (y[row]! < classes.length && x.subarray(row * size, (row + 1) * size).every(Number.isFinite))
      rows.push(row)
  return rows
}

function take(data: Dataset, rows: readonly number[]): Dataset {
  const size = product(data.shape)
  const x =
    data.x instanceof Uint8Array ? new Uint8Array(rows.length * size) : new Float32Array(rows.length * size)
  rows.forEach((from, to) => x.set(data.x.subarray(from * size, (from + 1) * size), to * size))
  return { ...data, x, y: Uint16Array.from(rows, row => data.y[row]!) }
}
