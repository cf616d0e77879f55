// The one entry point, with File objects as a browser makes them; pictures are decoded by pngjs here.
import { gzipSync } from 'node:zlib'
import { PNG } from 'pngjs'
import { describe, expect, it } from 'vitest'
import { type DecodeImage, loadOwnFiles } from '../../src/adapters/own-data.ts'
import type { Dataset } from '../../src/core/data/dataset.ts'
import { overWhite } from '../../src/core/data/image.ts'
import type { OwnData, OwnDataProblem, OwnDataTarget } from '../../src/ports/own-data.ts'

type Content = string | Uint8Array

function file(path: string, content: Content): File {
  const made = new File([content as Uint8Array<ArrayBuffer>], path.slice(path.lastIndexOf('/') + 1))
  if (path.includes('/')) Object.defineProperty(made, 'webkitRelativePath', { value: path })
  return made
}

const decode: DecodeImage = async picked => {
  const png = PNG.sync.read(Buffer.from(await picked.arrayBuffer()))
  return overWhite(png.data, png.width, png.height)
}

/** Ink on paper or the other way round; `mark` makes each picture different. */
function picture(mark: number, look: { side?: number; dark?: boolean; width?: number } = {}): Uint8Array {
  const { side = 28, dark = false } = look
  const width = look.width ?? side
  const png = new PNG({ width, height: side })
  for (let y = 0; y < side; y++)
    for (let x = 0; x < width; x++) {
      const left = x - Math.floor(width / 3)
      const length = (width * (3 + Math.floor(mark / 14))) / 28
      const ink = left >= 0 && left < length && y === Math.floor(side / 4 + ((mark % 14) * side) / 28)
      const level = ink !== dark ? 0 : 255
      png.data.set([level, level, level, 255], (y * width + x) * 4)
    }
  return PNG.sync.write(png)
}

function idx(dims: readonly number[], values: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * dims.length + values.length)
  bytes.set([0, 0, 8, dims.length])
  const view = new DataView(bytes.buffer)
  dims.forEach((size, i) => view.setUint32(4 + 4 * i, size))
  bytes.set(values, 4 + 4 * dims.length)
  return bytes
}

async function load(files: File[], target: OwnDataTarget | null = null, labelColumn: string | null = null) {
  return loadOwnFiles({ files, target, labelColumn }, decode)
}

async function good(...args: Parameters<typeof load>): Promise<OwnData> {
  const result = await load(...args)
  if (result.status === 'failed') throw new Error(JSON.stringify(result.problem))
  return result.data
}

async function bad(...args: Parameters<typeof load>): Promise<OwnDataProblem> {
  const result = await load(...args)
  if (result.status === 'ok') throw new Error('it was accepted')
  return result.problem
}

const DIGITS: OwnDataTarget = {
  shape: [28, 28, 1],
  classes: ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
  schema: '',
}

const samples = ({ x, y }: Dataset): string[] => {
  const size = x.length / y.length
  return Array.from(y, (label, i) => `${label}:${x.subarray(i * size, (i + 1) * size).join()}`)
}

function expectApart({ train, test }: OwnData): void {
  const heldOut = new Set(samples(test).map(sample => sample.slice(sample.indexOf(':'))))
  expect(samples(train).some(sample => heldOut.has(sample.slice(sample.indexOf(':'))))).toBe(false)
}

const csv = [
  'a,b,label',
  ...Array.from({ length: 40 }, (_, i) => `${(i * 37) % 41},${i % 3 ? 'x' : 'y'},${i % 2}`),
].join('\n')

describe('tables', () => {
  it.each([
    ['plain', file('t.csv', csv), 'utf-8'],
    ['gzip', file('t.csv.gz', gzipSync(csv)), 'utf-8'],
    ['UTF-16', file('t.csv', new Uint8Array(Buffer.from(`\ufeff${csv}`, 'utf16le'))), 'utf-16le'],
    // "ラベル" in Shift_JIS.
    [
      'Shift_JIS',
      file(
        't.csv',
        new Uint8Array(
          Buffer.concat([
            Buffer.from('a,b,'),
            Buffer.from([0x83, 0x89, 0x83, 0x78, 0x83, 0x8b]),
            Buffer.from(csv.slice(9)),
          ]),
        ),
      ),
      'shift_jis',
    ],
  ])('are read: %s', async (_name, picked, encoding) => {
    const data = await good([picked])
    expect(data.source).toBe('table')
    expect(data.report.encoding).toBe(encoding)
    expect(data.labelColumn).toBe(encoding === 'shift_jis' ? 'ラベル' : 'label')
    expect(data.train.y.length + data.test.y.length).toBe(40)
    expectApart(data)
  })

  it('meet a room by its schema', async () => {
    const founder = await good([file('t.csv', csv)])
    const room: OwnDataTarget = {
      shape: founder.train.shape,
      classes: founder.train.classes,
      schema: founder.schema,
    }
    expect((await good([file('u.csv', csv)], room)).train).toEqual(founder.train)
    expect(await bad([file('u.csv', csv.replaceAll('b', 'c'))], room)).toMatchObject({
      kind: 'missing-column',
    })
    expect(await bad([file('u.csv', csv)], { ...room, shape: [9] })).toMatchObject({ kind: 'bad-schema' })
    expect(await bad([file('r/0/a.png', picture(1))], room)).toEqual({
      kind: 'wrong-kind',
      detail: { expected: 'CSV' },
    })
  })

  it('of pixels meet a room of pictures', async () => {
    const header = ['label', ...Array.from({ length: 784 }, (_, i) => `pixel${i}`)].join()
    const row = (label: number): string =>
      [label, ...Array.from({ length: 784 }, (_, i) => (i * label) % 256)].join()
    const lines = [header, ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map(row)]
    const data = await good([file('train.csv', lines.join('\n'))], DIGITS)
    expect(data.train.x).toBeInstanceOf(Uint8Array)
    expect([...data.train.y, ...data.test.y].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    expectApart(data)
    const spoilt = (change: string) => [file('train.csv', [...lines, change].join('\n'))]
    expect(await bad(spoilt(row(3).replace(',3,', ',300,')), DIGITS)).toMatchObject({
      kind: 'bad-number',
      detail: { line: 11, column: 'pixel1', value: '300' },
    })
    expect(await bad(spoilt(row(10)), DIGITS)).toMatchObject({ kind: 'unknown-label', detail: { line: 11 } })
    expect(await bad([file('t.csv', csv)], DIGITS)).toMatchObject({ kind: 'shape-mismatch' })
  })
})

describe('pictures in folders', () => {
  const folder = (options: Parameters<typeof picture>[1] = {}, root = 'set'): File[] =>
    ['7', '10', '9'].flatMap(label =>
      Array.from({ length: 6 }, (_, i) =>
        file(`${root}/${label}/${i}.png`, picture(i + 7 * Number(label), options)),
      ),
    )

  it('become light on dark at the room’s size, apart and balanced', async () => {
    const data = await good(folder({ side: 56 }))
    expect(data.train.classes).toEqual(['7', '9', '10'])
    expect(data.train.shape).toEqual([28, 28, 1])
    expect(data.report).toMatchObject({ inverted: true, resized: 18, samples: 18 })
    expect(data.train.x[0]).toBe(0)
    expect(Math.max(...data.train.x)).toBeGreaterThan(60)
    expect(new Set(data.test.y).size).toBe(3)
    expectApart(data)
    const dark = await good(folder({ side: 56, dark: true }))
    expect(dark.report.inverted).toBe(false)
    // The same pictures but for the rounding of a half, which goes up on either side.
    expect(dark.train.y).toEqual(data.train.y)
    expect(
      Math.max(...dark.train.x.map((value, i) => Math.abs(value - data.train.x[i]!))),
    ).toBeLessThanOrEqual(1)
  })

  it('keep copies on one side', async () => {
    const copies = Array.from({ length: 30 }, (_, i) => file(`set/${i % 2}/${i}.png`, picture(i % 6)))
    expectApart(await good(copies))
  })

  it('follow folders named train and test, and drop what leaks', async () => {
    const leak = file('set/train/7/leak.png', picture(7 * 7))
    const data = await good([...folder({}, 'set/train'), ...folder({ width: 30 }, 'set/test'), leak])
    expect(data.test.y).toHaveLength(18)
    const sameSize = await good([...folder({}, 'set/train'), file('set/test/7/x.png', picture(7 * 7))])
    expect(sameSize.test.y).toHaveLength(1)
    expect(sameSize.report.leaked).toBe(1)
    expectApart(sameSize)
  })

  it('name every file they leave out, and go on with the rest', async () => {
    const data = await good([
      ...folder(),
      file('set/7/broken.png', 'no picture'),
      file('set/loose.png', picture(1)),
      file('set/readme.txt', 'about'),
      file('set/.DS_Store', 'x'),
      file('set/7/Thumbs.db', 'x'),
    ])
    expect(data.report.samples).toBe(18)
    expect(data.skipped).toEqual(
      expect.arrayContaining([
        { kind: 'bad-image', detail: { file: 'set/7/broken.png' } },
        { kind: 'no-class-folder', detail: { file: 'set/loose.png' } },
        { kind: 'unknown-kind', detail: { file: 'set/readme.txt' } },
      ]),
    )
    expect(data.skipped).toHaveLength(3)
  })

  it('must be of the room’s classes', async () => {
    expect(await bad(folder(), DIGITS)).toMatchObject({ kind: 'unknown-label', detail: { value: '10' } })
    const target = { ...DIGITS, classes: ['Bag', 'Coat'] }
    const own = [1, 2, 3].map(i => file(`set/bag/${i}.png`, picture(i)))
    expect((await good(own, target)).train.classes).toEqual(['Bag', 'Coat'])
  })

  it.each([
    ['loose pictures', [file('a.png', picture(1))], 'no-class-folder'],
    ['only damaged ones', [file('s/a/a.png', 'x')], 'bad-image'],
    ['one folder', Array.from({ length: 12 }, (_, i) => file(`s/a/${i}.png`, picture(i))), 'one-class'],
    ['few', [file('s/a/1.png', picture(1)), file('s/b/2.png', picture(2))], 'too-few-samples'],
    ['a table among them', [file('s/a/1.png', picture(1)), file('s/a/t.csv', csv)], 'mixed-kinds'],
  ])('are refused: %s', async (_name, files, kind) => {
    expect((await bad(files)).kind).toBe(kind)
  })
})

describe('IDX files', () => {
  const pixels = (n: number, size: number, salt = 0): Uint8Array =>
    Uint8Array.from({ length: n * size }, (_, i) => (i * 31 + Math.floor(i / size) * 17 + salt) % 251)
  const pair = (n: number, names: [string, string], side = 28, salt = 0): File[] => [
    file(names[0], idx([n, side, side], pixels(n, side * side, salt))),
    file(
      names[1],
      idx(
        [n],
        Uint8Array.from({ length: n }, (_, i) => i % 3),
      ),
    ),
  ]

  it('are paired, unzipped and split', async () => {
    const [images, labels] = pair(30, ['images', 'labels'])
    const zipped = file('images.gz', gzipSync(new Uint8Array(await images!.arrayBuffer())))
    const data = await good([zipped, labels!])
    expect(data.source).toBe('idx')
    expect(data.train.classes).toEqual(['0', '1', '2'])
    expect([data.train.y.length, data.test.y.length]).toEqual([24, 6])
    expectApart(data)
    const direct = await good([images!, labels!])
    expect(samples(direct.test).join() === samples(data.test).join()).toBe(true)
  })

  it('bring their own held-out set when there are four', async () => {
    const data = await good([
      ...pair(30, ['train-images', 'train-labels']),
      ...pair(5, ['t10k-images', 't10k-labels'], 28, 3),
    ])
    expect(data.test.y).toHaveLength(5)
    expectApart(data)
    const leaking = await good([
      ...pair(30, ['train-images', 'train-labels']),
      ...pair(5, ['t10k-images', 't10k-labels']),
    ])
    expect(leaking.report.leaked).toBe(5)
    expect(leaking.train.y).toHaveLength(25)
    expectApart(leaking)
  })

  it('are resized to the room', async () => {
    const data = await good(pair(6, ['images', 'labels'], 14), DIGITS)
    expect(data.train.shape).toEqual([28, 28, 1])
    expect(data.report.resized).toBe(6)
    expect(data.train.x).toHaveLength(data.train.y.length * 784)
  })

  it.each([
    ['alone', pair(3, ['a', 'b']).slice(1), 'idx-pair'],
    ['of different length', [pair(12, ['a', 'b'])[0]!, pair(13, ['a', 'b'])[1]!], 'idx-count'],
    [
      'cut short',
      [pair(12, ['a', 'b'])[0]!, file('b', idx([12], new Uint8Array(12)).subarray(0, 15))],
      'idx-length',
    ],
    ['too large for a model', pair(12, ['a', 'b'], 200), 'shape-mismatch'],
  ])('are refused: %s', async (_name, files, kind) => {
    expect((await bad(files)).kind).toBe(kind)
  })
})

describe('files of any sort', () => {
  it.each([
    ['none', [], 'no-files'],
    ['only litter', [file('.DS_Store', 'x'), file('__MACOSX/a/b.png', 'x')], 'no-files'],
    ['a document', [file('a.pdf', '%PDF-1.7')], 'unknown-kind'],
    ['a workbook', [file('a.xlsx', 'PK\u0003\u0004')], 'unknown-kind'],
    ['two tables', [file('a.csv', csv), file('b.csv', csv)], 'too-many-files'],
    ['an empty table', [file('a.csv', '')], 'empty-file'],
    ['bytes named as a table', [file('a.csv', Uint8Array.of(0x61, 0, 0xff, 0xfe, 0x80))], 'encoding'],
    ['gzip cut short', [file('a.csv.gz', gzipSync(csv).subarray(0, 60))], 'unreadable'],
    ['a gzip bomb', [file('a.csv.gz', gzipSync(new Uint8Array(80 * 1024 * 1024)))], 'file-too-big'],
  ])('are refused: %s', async (_name, files: File[], kind) => {
    expect((await bad(files)).kind).toBe(kind)
  })

  it('that vanish while being read are an error with their name', async () => {
    const gone = file('a.csv', csv)
    Object.defineProperty(gone, 'stream', {
      value: () => new ReadableStream({ start: c => c.error(new Error('gone')) }),
    })
    Object.defineProperty(gone, 'slice', { value: () => gone })
    expect(await bad([gone])).toEqual({ kind: 'unreadable', detail: { file: 'a.csv' } })
  })

  it('do not depend on the order in which they were picked', async () => {
    const files = Array.from({ length: 20 }, (_, i) => file(`s/${i % 2}/${i}.png`, picture(i, { side: 40 })))
    const [a, b] = [await good(files), await good(files.toReversed())]
    expect(samples(a.train).join() === samples(b.train).join()).toBe(true)
    expect(samples(a.test).join() === samples(b.test).join()).toBe(true)
  })
})
