// MNIST for the laboratory: the whole training set once, from which every run deals its own parts.
import { prepareData } from '../scripts/prepare-data.mjs'
import { DATA_FOLDER, fetchFromFolder } from '../src/adapters/task-data-node.ts'
import { loadTaskManifest, loadTaskPart, loadTaskTest } from '../src/adapters/task-data.ts'
import type { Dataset } from '../src/core/data/dataset.ts'

export interface LabData {
  readonly train: Dataset
  readonly test: Dataset
}

export async function loadMnist(): Promise<LabData> {
  await prepareData({ out: DATA_FOLDER })
  const files = fetchFromFolder()
  const manifest = await loadTaskManifest('/data/', 'mnist', files)
  const everything = manifest.train.counts.map(end => ({ start: 0, end }))
  return { train: await loadTaskPart(manifest, everything, files), test: await loadTaskTest(manifest, files) }
}
