// A training lab on MNIST as prepared on disk: Node only.
import { fetchFromFolder } from '../../adapters/task-data-node.ts'
import { loadTaskManifest, loadTaskPart, loadTaskTest } from '../../adapters/task-data.ts'
import type { Dataset } from '../../core/data/dataset.ts'
import { partition } from '../../core/data/partition.ts'
import { createRng, shuffle } from '../../core/num/rng.ts'
import { labWith, slice, SPONSOR_SAMPLES, TEST_SAMPLES, type Lab } from './training.ts'

/** One owner for each share of wrong labels, `samples` each. */
export async function openMnistLab(
  wrongLabels: readonly number[],
  samples: number,
  seed: string,
): Promise<Lab> {
  const files = fetchFromFolder()
  const manifest = await loadTaskManifest('/data/', 'mnist', files)
  const dealt = partition(
    { type: 'iid' },
    `${seed}/owners`,
    manifest.train.counts,
    wrongLabels.length + 1,
    Math.max(samples, SPONSOR_SAMPLES),
  )
  const parts = await Promise.all(dealt.map(part => loadTaskPart(manifest, part, files)))
  const shuffled = parts.map((part, n) => shuffleSamples(part, `${seed}/order/${n}`))
  const own = shuffled.pop()!
  const owners = shuffled.map((part, n) =>
    spoilLabels(slice(part, 0, samples), wrongLabels[n]!, `${seed}/labels/${n}`),
  )
  return labWith(owners, own, slice(await loadTaskTest(manifest, files), 0, TEST_SAMPLES), seed)
}

/** Parts come sorted by class. */
function shuffleSamples(data: Dataset, seed: string): Dataset {
  const order = shuffle([...data.y.keys()], createRng(seed))
  const size = data.x.length / data.y.length
  const x = data.x.slice()
  order.forEach((from, to) => x.set(data.x.subarray(from * size, (from + 1) * size), to * size))
  return { ...data, x, y: Uint16Array.from(order, from => data.y[from]!) }
}

/** A share of the labels becomes another class, whichever. */
function spoilLabels(data: Dataset, share: number, seed: string): Dataset {
  const rng = createRng(seed)
  const classes = data.classes.length
  const y = data.y.map(label => (rng.next() < share ? (label + 1 + rng.below(classes - 1)) % classes : label))
  return { ...data, y }
}
