// The manifest of a built-in task, as scripts/prepare-data.mjs writes it: which blocks of class-sorted training images
// exist, with lengths and hashes. Decoding checks every claim that loading relies on; loading itself is an adapter.
import * as v from 'valibot'
import type { TaskId } from './dataset.ts'
import { DataError } from './error.ts'

export type BuiltInTask = Exclude<TaskId, 'own'>

export interface TaskFile {
  /** Plain name in the task's folder. */
  readonly file: string
  /** Length as served (gzip). */
  readonly bytes: number
  /** Hex SHA-256 of the content after decompression. */
  readonly sha256: string
}

/** Images start .. start + count - 1 of one class, one byte a value, no header. */
export interface TaskBlock extends TaskFile {
  readonly class: number
  readonly start: number
  readonly count: number
}

export interface TaskManifest {
  readonly task: BuiltInTask
  /** Hex SHA-256 over all contents: equal wherever the same data was prepared. */
  readonly version: string
  readonly source: string
  readonly split: string
  /** Training images left out because they equal a held-out one. */
  readonly leftOut: number
  readonly shape: readonly number[]
  readonly classes: readonly string[]
  /** Blocks are sorted by class and start, and cover each class without gaps. */
  readonly train: { readonly counts: readonly number[]; readonly blocks: readonly TaskBlock[] }
  /** `count` labels (one byte each), then the images; every prefix is balanced over the classes. */
  readonly test: TaskFile & { readonly count: number; readonly counts: readonly number[] }
}

/** Values of one sample and samples of one task that a manifest may claim; bounds memory before a byte is fetched. */
const MAX_SAMPLE_VALUES = 65_536
const MAX_TASK_VALUES = 512 * 1024 * 1024

const count = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max))
const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const hex = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const file = {
  file: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9.-]{0,79}$/)),
  bytes: v.pipe(count(64 * 1024 * 1024), v.minValue(1)),
  sha256: hex,
}
const counts = v.pipe(v.array(count(1_000_000)), v.minLength(2), v.maxLength(256))

const schema = v.object({
  format: v.literal('yoriai-task-1'),
  task: v.picklist(['mnist', 'fashion-mnist']),
  version: hex,
  source: text(500),
  split: text(500),
  leftOut: count(1_000_000),
  shape: v.pipe(v.array(v.pipe(count(4096), v.minValue(1))), v.minLength(1), v.maxLength(3)),
  classes: v.pipe(v.array(v.pipe(text(80), v.minLength(1))), v.minLength(2), v.maxLength(256)),
  train: v.object({
    counts,
    blocks: v.pipe(
      v.array(v.object({ ...file, class: count(255), start: count(1_000_000), count: count(100_000) })),
      v.maxLength(10_000),
    ),
  }),
  test: v.object({ ...file, count: count(1_000_000), counts }),
})

export function sampleValues(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Throws DataError 'manifest'; `value` is parsed JSON from outside. */
export function decodeManifest(value: unknown, task: BuiltInTask): TaskManifest {
  const parsed = v.safeParse(schema, value)
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw new DataError('manifest', { file: 'manifest.json', value: v.getDotPath(issue) ?? '' })
  }
  const manifest = parsed.output
  const fail = (what: string): never => {
    throw new DataError('manifest', { file: 'manifest.json', value: what })
  }
  if (manifest.task !== task) fail('task')
  const { classes, train, test } = manifest
  const values = sampleValues(manifest.shape)
  const total = train.counts.reduce((sum, n) => sum + n, test.count)
  if (values > MAX_SAMPLE_VALUES || values * total > MAX_TASK_VALUES) fail('shape')
  if (train.counts.length !== classes.length) fail('train.counts')
  if (test.counts.length !== classes.length) fail('test.counts')
  if (test.counts.reduce((sum, n) => sum + n, 0) !== test.count) fail('test.count')
  const covered = classes.map(() => 0)
  let last = 0
  for (const [i, block] of train.blocks.entries()) {
    const inOrder = block.class >= last && block.class < classes.length && block.count > 0
    if (!inOrder || block.start !== covered[block.class]) fail(`train.blocks.${i}`)
    covered[block.class]! += block.count
    last = block.class
  }
  if (covered.some((n, label) => n !== train.counts[label])) fail('train.blocks')
  return manifest
}
