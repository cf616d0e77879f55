// What only a browser can show: its own decoder of pictures behind loadOwnFiles, for the kinds that people have.
import { describe, expect, it } from 'vitest'
import { loadOwnFilesInWorker } from '../../src/adapters/own-data-worker.ts'
import { loadOwnFiles } from '../../src/adapters/own-data.ts'

/** A dark bar on paper (or on nothing), as a file of a kind that the browser can write. */
async function picture(path: string, bar: number, mediaType: string, transparent = false): Promise<File> {
  const canvas = new OffscreenCanvas(56, 56)
  const context = canvas.getContext('2d')!
  if (!transparent) {
    context.fillStyle = 'white'
    context.fillRect(0, 0, 56, 56)
  }
  context.fillStyle = 'black'
  context.fillRect(4 + 2 * bar, 12, 6, 32)
  const blob = await canvas.convertToBlob({ type: mediaType, quality: 1 })
  expect(blob.type).toBe(mediaType)
  const file = new File([blob], path.slice(path.lastIndexOf('/') + 1), { type: mediaType })
  Object.defineProperty(file, 'webkitRelativePath', { value: path })
  return file
}

const folder = (mediaType: string, transparent = false): Promise<File[]> =>
  Promise.all(
    Array.from({ length: 16 }, (_, i) => picture(`set/${i % 2}/${i}.bin`, i, mediaType, transparent)),
  )

describe('pictures in a browser', () => {
  it.each([
    ['image/png', false],
    ['image/png', true],
    ['image/jpeg', false],
    ['image/webp', false],
  ])('are decoded: %s, transparent %s', async (mediaType, transparent) => {
    const files = await folder(mediaType, transparent)
    const broken = new File([await files[0]!.slice(0, 40).arrayBuffer()], 'x.png')
    Object.defineProperty(broken, 'webkitRelativePath', { value: 'set/0/x.png' })
    const result = await loadOwnFiles({ files: [...files, broken], target: null, labelColumn: null })
    if (result.status === 'failed') throw new Error(JSON.stringify(result.problem))
    const { train, test, report, skipped } = result.data
    expect(skipped).toEqual([{ kind: 'bad-image', detail: { file: 'set/0/x.png' } }])
    expect(report).toMatchObject({ samples: 16, inverted: true, resized: 16 })
    for (const { x, y } of [train, test])
      for (let i = 0; i < y.length; i++) {
        const sample = x.subarray(i * 784, (i + 1) * 784)
        // Black paper, a light bar of 3 x 16 pixels.
        expect(sample[0]).toBeLessThan(8)
        expect(Math.abs(sample.filter(value => value > 200).length - 48)).toBeLessThanOrEqual(8)
      }
  })

  it('have a size: nothing is decoded into a picture that is none', async () => {
    const text = new File(['no picture'], 'a.png')
    Object.defineProperty(text, 'webkitRelativePath', { value: 'set/0/a.png' })
    const result = await loadOwnFiles({ files: [text], target: null, labelColumn: null })
    expect(result).toEqual({
      status: 'failed',
      problem: { kind: 'bad-image', detail: { file: 'set/0/a.png' } },
    })
  })
})

describe('the worker', () => {
  it('answers as the page itself would, folders and errors included', async () => {
    const pictures = { files: await folder('image/png'), target: null, labelColumn: null }
    expect(await loadOwnFilesInWorker(pictures)).toEqual(await loadOwnFiles(pictures))
    const ragged = { ...pictures, files: [new File(['a,label\n1,x\n2\n'], 't.csv')] }
    expect(await loadOwnFilesInWorker(ragged)).toEqual({
      status: 'failed',
      problem: { kind: 'ragged-row', detail: { file: 't.csv', line: 3, expected: 2, found: 1 } },
    })
  })

  it('keeps the page free while a large table is parsed, and stops when asked to', async () => {
    const rows = Array.from(
      { length: 60_000 },
      (_, i) => `${(i * 37) % 1009},${Math.sin(i)},${i % 7},${i % 2}`,
    )
    const request = {
      files: [new File([['a,b,c,label', ...rows].join('\n')], 't.csv')],
      target: null,
      labelColumn: null,
    }
    const long: number[] = []
    const observer = new PerformanceObserver(list =>
      long.push(...list.getEntries().map(entry => entry.duration)),
    )
    await new Promise(resolve => setTimeout(resolve, 200))
    observer.observe({ type: 'longtask' })
    const result = await loadOwnFilesInWorker(request)
    await new Promise(resolve => setTimeout(resolve, 100))
    observer.disconnect()
    expect(result.status === 'ok' && result.data.report.samples).toBe(60_000)
    // Parsing here would be one task of about a second; what is left belongs to the machine.
    expect(Math.max(0, ...long)).toBeLessThan(200)
    const abort = new AbortController()
    const loading = loadOwnFilesInWorker(request, abort.signal)
    abort.abort(new Error('enough'))
    await expect(loading).rejects.toThrow('enough')
  })
})
