import { loadLayersModel } from '@tensorflow/tfjs-layers'
import { io, setBackend, tensor, type Tensor } from '@tensorflow/tfjs-core'
import '@tensorflow/tfjs-backend-cpu'
import { describe, expect, it } from 'vitest'
import { decodeModelFile, encodeModelFile } from '../../../src/core/export/model-file.ts'
import { decodeSafetensors, encodeSafetensors } from '../../../src/core/export/safetensors.ts'
import { encodeTfjsModel } from '../../../src/core/export/tfjs.ts'
import { initialParams } from '../../../src/core/model/init.ts'
import { presetModel } from '../../../src/core/model/presets.ts'
import { createReferenceModel } from '../../../src/core/model/reference/model.ts'
import { createRng } from '../../../src/core/num/rng.ts'

const classes = ['a', 'b', 'c']

function randomParams(size: number, seed: string): Float32Array {
  const rng = createRng(seed)
  return Float32Array.from({ length: size }, () => rng.normal() * 0.3)
}

describe('safetensors', () => {
  const tensors = [
    { name: 'one', shape: [2, 3], values: Float32Array.of(1, -2, 3.5, NaN, Infinity, -0) },
    { name: 'empty', shape: [0, 4], values: new Float32Array(0) },
    { name: 'scalar', shape: [], values: Float32Array.of(7) },
  ]
  const bytes = encodeSafetensors(tensors, { note: 'よりあい' })
  const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true))

  it('has the layout of the format', () => {
    expect(headerLength % 8).toBe(0)
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)))
    expect(header).toEqual({
      __metadata__: { note: 'よりあい' },
      one: { dtype: 'F32', shape: [2, 3], data_offsets: [0, 24] },
      empty: { dtype: 'F32', shape: [0, 4], data_offsets: [24, 24] },
      scalar: { dtype: 'F32', shape: [], data_offsets: [24, 28] },
    })
    expect([...bytes.subarray(8 + headerLength, 8 + headerLength + 4)]).toEqual([0, 0, 0x80, 0x3f])
    expect(bytes.length).toBe(8 + headerLength + 28)
  })

  it('comes back as it was, from any offset in a buffer', () => {
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    expect(decodeSafetensors(shifted.subarray(3))).toEqual({
      status: 'ok',
      tensors,
      metadata: { note: 'よりあい' },
    })
  })

  const withHeader = (header: unknown, dataBytes = 4): Uint8Array => {
    const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
    const file = new Uint8Array(8 + text.length + dataBytes)
    new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true)
    file.set(text, 8)
    return file
  }
  const entry = (change: object) => ({ t: { dtype: 'F32', shape: [1], data_offsets: [0, 4], ...change } })

  it.each([
    ['nothing', new Uint8Array(0), 'truncated'],
    ['a header beyond the end', bytes.subarray(0, 20), 'truncated'],
    ['a huge header length', Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 0), 'truncated'],
    ['no JSON', withHeader('{"t":'), 'bad-header'],
    ['a list', withHeader([]), 'bad-header'],
    ['metadata of numbers', withHeader({ __metadata__: { a: 1 } }, 0), 'bad-header'],
    ['a negative extent', withHeader(entry({ shape: [-1] })), 'bad-header'],
    ['a fractional offset', withHeader(entry({ data_offsets: [0.5, 4.5] })), 'bad-header'],
    ['an unknown field', withHeader(entry({ extra: 1 })), 'bad-header'],
    ['another type', withHeader(entry({ dtype: 'F16' })), 'unsupported-type'],
    ['a range too short for the shape', withHeader(entry({ shape: [2] })), 'bad-layout'],
    ['a gap', withHeader(entry({ data_offsets: [4, 8] }), 8), 'bad-layout'],
    ['an overlap', withHeader({ ...entry({}), u: entry({}).t }), 'bad-layout'],
    ['bytes left over', withHeader(entry({}), 5), 'bad-layout'],
    ['missing values', bytes.subarray(0, bytes.length - 4), 'bad-layout'],
  ])('refuses %s', (_, file, kind) => {
    expect(decodeSafetensors(file)).toMatchObject({ status: 'refused', fault: { kind } })
  })

  it('survives random damage: refused or well-formed, never an exception', () => {
    const seed = 'damage'
    const rng = createRng(seed)
    for (let round = 0; round < 2_000; round++) {
      const damaged = bytes.slice(0, rng.next() < 0.3 ? rng.below(bytes.length) : bytes.length)
      for (let i = 0; i < 3 && damaged.length > 0; i++) damaged[rng.below(damaged.length)] = rng.below(256)
      const decoded = decodeSafetensors(damaged)
      expect(['ok', 'refused'], `seed ${seed}, round ${round}`).toContain(decoded.status)
    }
  })
})

describe('model files', () => {
  const model = presetModel('cnn', [6, 5, 2], 3)
  const file = { model, params: initialParams(model, 'file'), classes, notes: { room: 'r', round: '12' } }

  it('come back with spec, parameters, classes and notes', () => {
    expect(decodeModelFile(encodeModelFile(file))).toEqual({ status: 'ok', file })
  })

  it('refuse a model that does not fit its tensors, and a wrong number of parameters', () => {
    const other = encodeModelFile({
      ...file,
      model: presetModel('logistic', [6, 5, 2], 3),
      params: new Float32Array(183),
    })
    const decoded = decodeSafetensors(other)
    if (decoded.status !== 'ok') throw new Error('a file that was just written')
    const mixed = encodeSafetensors(decoded.tensors, { ...decoded.metadata, model: JSON.stringify(model) })
    expect(decodeModelFile(mixed)).toMatchObject({ status: 'refused', fault: { kind: 'bad-model' } })
    const noClasses = encodeSafetensors(decoded.tensors, { ...decoded.metadata, classes: '["a"]' })
    expect(decodeModelFile(noClasses)).toMatchObject({ status: 'refused', fault: { kind: 'bad-model' } })
    expect(decodeModelFile(encodeSafetensors([], {}))).toMatchObject({
      status: 'refused',
      fault: { kind: 'bad-model' },
    })
    expect(() => encodeModelFile({ ...file, params: new Float32Array(3) })).toThrow(RangeError)
  })
})

describe('tfjs export', () => {
  it.each(['logistic', 'mlp', 'cnn'] as const)(
    'loads in tfjs-layers and predicts what the reference does: %s',
    async name => {
      await setBackend('cpu')
      const model = presetModel(name, [8, 7, 1], 3)
      const oracle = createReferenceModel(model)
      const params = randomParams(oracle.layout.size, `tfjs export ${name}`)
      const { modelJson, weights } = encodeTfjsModel(model, params)
      const json = JSON.parse(modelJson) as {
        modelTopology: object
        weightsManifest: [{ paths: string[]; weights: io.WeightsManifestEntry[] }]
      }
      expect(json.weightsManifest[0].paths).toEqual(['weights.bin'])
      const loaded = await loadLayersModel(
        io.fromMemory({
          modelTopology: json.modelTopology,
          weightSpecs: json.weightsManifest[0].weights,
          weightData: weights.buffer as ArrayBuffer,
        }),
      )
      const x = Float32Array.from(randomParams(4 * 56, 'tfjs samples'), Math.abs)
      const predicted = (loaded.predict(tensor(x, [4, 8, 7, 1])) as Tensor).dataSync()
      for (let sample = 0; sample < 4; sample++) {
        const expected = oracle.predict(params, x.subarray(sample * 56, (sample + 1) * 56))
        expected.forEach((p, i) => expect(predicted[sample * 3 + i]).toBeCloseTo(p, 5))
      }
      loaded.dispose()
    },
  )
})
