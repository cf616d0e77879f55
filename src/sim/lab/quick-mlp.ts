// SGD on an MLP of one rectified hidden layer, several times as fast as the reference model: pixels that are zero are
// skipped, the first layer's gradient goes straight into its weights, and rows move in SIMD (simd-rows.ts). Same
// mathematics, other rounding; tests hold it to the reference. Anything but flatten? - dense relu - dense linear: null.
import type { Dataset } from '../../core/data/dataset.ts'
import { createSampleOrder } from '../../core/model/sample-order.ts'
import { product } from '../../core/model/shapes.ts'
import type { ModelSpec } from '../../core/model/spec.ts'
import type { DriftControl } from '../../ports/trainer.ts'
import type { LabJob, LabPart, LabTrainer, PreparedSamples } from './jobs.ts'
import { createRowLoops, LANES, type RowLoops } from './simd-rows.ts'

/** Samples in WebAssembly memory: for each its non-zero values and where their rows of the first kernel begin. */
interface Sparse {
  readonly labels: Uint16Array
  /** Sample i owns entries firsts[i] .. firsts[i + 1] of both lists, which begin at these addresses. */
  readonly firsts: Int32Array
  readonly offsets: number
  readonly values: number
}

interface Shape {
  readonly inputs: number
  readonly hidden: number
  readonly classes: number
}

const PAGE = 65_536
/** Bytes of a float32, of a row of the padded head. */
const F32 = 4
const HEAD_ROW = F32 * LANES

export function createQuickMlp(spec: ModelSpec): LabTrainer | null {
  const shape = shapeOf(spec)
  const loops = shape && createRowLoops()
  return loops ? new QuickMlp(shape, loops) : null
}

function shapeOf({ input, layers }: ModelSpec): Shape | null {
  const dense = layers[0]?.type === 'flatten' ? layers.slice(1) : layers
  const [first, last] = dense
  if (dense.length !== 2 || first?.type !== 'dense' || last?.type !== 'dense') return null
  if (first.activation !== 'relu' || last.activation !== 'linear') return null
  if (layers.length === 2 && input.length !== 1) return null
  if (first.units % LANES !== 0 || last.units > LANES) return null
  return { inputs: product(input), hidden: first.units, classes: last.units }
}

class QuickMlp implements LabTrainer {
  readonly parameters: number
  private readonly sets = new Map<PreparedSamples, Sparse>()
  /** Views of all of the memory; new ones whenever it grows. */
  private floats: Float32Array
  private words: Int32Array
  private used = 0
  /** Addresses: the first kernel, the head with its rows padded to LANES. */
  private readonly kernel: number
  private readonly head: number
  private readonly bias: Float32Array
  private readonly headBias: Float32Array
  /** Addresses of one row a sample of a batch: hidden values, then their gradient; logits, then theirs; the active units. */
  private rows = 0
  private hiddenRows = 0
  private logitRows = 0
  private activeOffsets = 0
  private activeValues = 0
  private activeCounts = new Int32Array(0)

  constructor(
    private readonly shape: Shape,
    private readonly loops: RowLoops,
  ) {
    const { inputs, hidden, classes } = shape
    this.parameters = inputs * hidden + hidden + hidden * classes + classes
    this.floats = new Float32Array(loops.memory.buffer)
    this.words = new Int32Array(loops.memory.buffer)
    this.kernel = this.take(F32 * inputs * hidden)
    this.head = this.take(HEAD_ROW * hidden)
    this.bias = new Float32Array(hidden)
    this.headBias = new Float32Array(classes)
  }

  prepare({ x, y }: Dataset): PreparedSamples {
    const { inputs, hidden } = this.shape
    const firsts = new Int32Array(y.length + 1)
    let filled = 0
    for (let i = 0; i < y.length; i++) {
      for (let p = i * inputs; p < (i + 1) * inputs; p++) if (x[p] !== 0) filled++
      firsts[i + 1] = filled
    }
    const offsets = this.take(F32 * filled)
    const values = this.take(F32 * filled)
    const scale = x instanceof Float32Array ? 1 : 1 / 255
    let at = 0
    for (let i = 0; i < y.length; i++) {
      for (let p = 0; p < inputs; p++) {
        const value = x[i * inputs + p]!
        if (value === 0) continue
        this.words[offsets / F32 + at] = p * hidden * F32
        this.floats[values / F32 + at++] = value * scale
      }
    }
    const key = Symbol('samples') as PreparedSamples
    this.sets.set(key, { labels: y, firsts, offsets, values })
    return key
  }

  train(part: LabPart, start: Float32Array, job: LabJob): Float32Array {
    const samples = this.sets.get(part.set)!
    const { steps, batchSize, optimizer, seed, drift } = job
    this.reserve(batchSize)
    this.load(start)
    const order = createSampleOrder(seed, part.samples.length)
    const batch = new Int32Array(batchSize)
    for (let step = 0; step < steps; step++) {
      order.next(batch)
      for (let row = 0; row < batchSize; row++) {
        const sample = part.samples[batch[row]!]!
        batch[row] = sample
        this.forward(samples, sample, row)
        const label = samples.labels[sample]!
        this.backward(row, part.relabel?.[label] ?? label, -optimizer.learningRate / batchSize)
      }
      if (drift) this.drift(start, drift, optimizer.learningRate)
      for (let row = 0; row < batchSize; row++) this.move(samples, batch[row]!, row)
    }
    return this.unload()
  }

  accuracy(key: PreparedSamples, params: Float32Array): number {
    const samples = this.sets.get(key)!
    const { floats } = this
    this.reserve(1)
    this.load(params)
    const logits = this.logitRows / F32
    let hits = 0
    for (let i = 0; i < samples.labels.length; i++) {
      this.forward(samples, i, 0)
      let winner = 0
      for (let c = 1; c < this.shape.classes; c++)
        if (floats[logits + c]! > floats[logits + winner]!) winner = c
      if (winner === samples.labels[i]) hits++
    }
    return hits / samples.labels.length
  }

  private forward({ firsts, offsets, values }: Sparse, sample: number, row: number): void {
    const { loops, floats, words } = this
    const { hidden } = this.shape
    const first = firsts[sample]!
    const at = this.hiddenRows + row * F32 * hidden
    floats.set(this.bias, at / F32)
    const count = firsts[sample + 1]! - first
    loops.gather(offsets + F32 * first, values + F32 * first, count, this.kernel, at, F32 * hidden)
    const activeOffsets = this.activeOffsets / F32 + row * hidden
    const activeValues = this.activeValues / F32 + row * hidden
    let active = 0
    for (let j = 0; j < hidden; j++) {
      const value = floats[at / F32 + j]!
      if (!(value > 0)) continue
      words[activeOffsets + active] = j * HEAD_ROW
      floats[activeValues + active++] = value
    }
    this.activeCounts[row] = active
    const logits = this.logitRows + row * HEAD_ROW
    floats.fill(0, logits / F32, logits / F32 + LANES)
    floats.set(this.headBias, logits / F32)
    loops.gather(activeOffsets * F32, activeValues * F32, active, this.head, logits, HEAD_ROW)
  }

  /** Turns logits and hidden values of a row into their gradients (softmax cross-entropy), times `factor`. */
  private backward(row: number, label: number, factor: number): void {
    const { floats, words } = this
    const { hidden, classes } = this.shape
    const logits = (this.logitRows + row * HEAD_ROW) / F32
    let max = -Infinity
    for (let c = 0; c < classes; c++) max = Math.max(max, floats[logits + c]!)
    let sum = 0
    for (let c = 0; c < classes; c++) sum += Math.exp(floats[logits + c]! - max)
    for (let c = 0; c < classes; c++) {
      const share = Math.exp(floats[logits + c]! - max) / sum
      floats[logits + c] = factor * (share - (c === label ? 1 : 0))
    }
    const at = this.hiddenRows / F32 + row * hidden
    const active = this.activeOffsets / F32 + row * hidden
    floats.fill(0, at, at + hidden)
    for (let k = 0; k < this.activeCounts[row]!; k++) {
      const offset = words[active + k]!
      const weights = (this.head + offset) / F32
      let gradient = 0
      for (let c = 0; c < classes; c++) gradient += floats[logits + c]! * floats[weights + c]!
      floats[at + offset / HEAD_ROW] = gradient
    }
  }

  private move({ firsts, offsets, values }: Sparse, sample: number, row: number): void {
    const { loops, floats, bias, headBias } = this
    const { hidden } = this.shape
    const hiddenRow = this.hiddenRows + row * F32 * hidden
    const logitRow = this.logitRows + row * HEAD_ROW
    const active = row * F32 * hidden
    const count = this.activeCounts[row]!
    loops.scatter(
      this.activeOffsets + active,
      this.activeValues + active,
      count,
      this.head,
      logitRow,
      HEAD_ROW,
    )
    for (let c = 0; c < headBias.length; c++) headBias[c] = headBias[c]! + floats[logitRow / F32 + c]!
    const first = firsts[sample]!
    const filled = firsts[sample + 1]! - first
    loops.scatter(offsets + F32 * first, values + F32 * first, filled, this.kernel, hiddenRow, F32 * hidden)
    for (let j = 0; j < hidden; j++) bias[j] = bias[j]! + floats[hiddenRow / F32 + j]!
  }

  /** params -= rate * (proximal * (params - start) + correction), before the gradient of the same step is taken off. */
  private drift(start: Float32Array, { proximal, correction }: DriftControl, rate: number): void {
    let i = 0
    const pull = (values: Float32Array, from: number, count: number): void => {
      for (let at = from; at < from + count; at++, i++) {
        const owed = proximal * (values[at]! - start[i]!) + (correction?.[i] ?? 0)
        values[at] = values[at]! - rate * owed
      }
    }
    this.eachTensor((values, from, count) => pull(values, from, count))
  }

  private load(params: Float32Array): void {
    let i = 0
    this.eachTensor((values, from, count) => {
      values.set(params.subarray(i, i + count), from)
      i += count
    })
  }

  private unload(): Float32Array {
    const params = new Float32Array(this.parameters)
    let i = 0
    this.eachTensor((values, from, count) => {
      params.set(values.subarray(from, from + count), i)
      i += count
    })
    return params
  }

  /** Where the parameters lie, in the order of params/layout.ts. */
  private eachTensor(visit: (values: Float32Array, from: number, count: number) => void): void {
    const { inputs, hidden, classes } = this.shape
    visit(this.floats, this.kernel / F32, inputs * hidden)
    visit(this.bias, 0, hidden)
    for (let j = 0; j < hidden; j++) visit(this.floats, (this.head + j * HEAD_ROW) / F32, classes)
    visit(this.headBias, 0, classes)
  }

  private reserve(rows: number): void {
    if (rows <= this.rows) return
    const { hidden } = this.shape
    this.rows = rows
    this.hiddenRows = this.take(rows * F32 * hidden)
    this.logitRows = this.take(rows * HEAD_ROW)
    this.activeOffsets = this.take(rows * F32 * hidden)
    this.activeValues = this.take(rows * F32 * hidden)
    this.activeCounts = new Int32Array(rows)
  }

  /** Address of so many fresh bytes. Nothing is given back: a laboratory lives as long as its samples. */
  private take(bytes: number): number {
    const address = this.used
    this.used += Math.ceil(bytes / 16) * 16
    const { memory } = this.loops
    const missing = this.used - memory.buffer.byteLength
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE))
      this.floats = new Float32Array(memory.buffer)
      this.words = new Int32Array(memory.buffer)
    }
    return address
  }
}
