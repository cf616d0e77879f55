// What codecs and rules cost on one core: encoding and decoding 1.2 million parameters, combining 10 and 50 updates of
// 101,770. The bars are for the codec and rule that rooms have unless they choose others.
import process from 'node:process'
import type { Codec } from '../src/core/compress/codec.ts'
import { createMasked } from '../src/core/compress/masked.ts'
import { createOneBit } from '../src/core/compress/one-bit.ts'
import { createSparse } from '../src/core/compress/sparse.ts'
import type { RuleName } from '../src/core/ledger/entry.ts'
import { createRng } from '../src/core/num/rng.ts'
import { lowerMedian } from '../src/core/num/stats.ts'
import type { Vectors } from '../src/core/robust/rule.ts'
import { ruleOf } from '../src/core/robust/rules.ts'
import { check, commitName, deviceName, figure, type Check, type Report } from './report.ts'

const SEED = 'bench codec'
const LARGE = 1_200_000
const SMALL = 101_770
const CODEC_BAR_MS = 30
const RULE_BAR_MS = 150
/** Enough for the compiler to settle and for a median. */
const RUNS = 21
const RULES: readonly RuleName[] = [
  'clip-trim',
  'clip-mean',
  'multi-krum',
  'nearest-median',
  'centered-clip',
  'mean',
]

const CODECS = { 'one-bit': createOneBit, masked: createMasked, sparse: createSparse }

export function run(): Promise<Report> {
  const checks = [...codecChecks(), ...ruleChecks('one-bit'), ...ruleChecks('sparse')]
  return Promise.resolve({
    bench: 'codec',
    commit: commitName(),
    device: deviceName(`Node ${process.versions.node}`),
    seeds: [SEED],
    checks,
    runs: RUNS,
    payloadBytes: Object.fromEntries(
      Object.entries(CODECS).map(([name, create]) => [name, create(LARGE).payloadBytes(0)]),
    ),
  })
}

function codecChecks(): Check[] {
  return Object.entries(CODECS).flatMap(([name, create]) => {
    const codec = create(LARGE)
    const out = new Float64Array(LARGE)
    const change = noise(SEED, LARGE)
    const error = new Float32Array(LARGE)
    let payload: Uint8Array = new Uint8Array(0)
    const encode: number[] = []
    const decode: number[] = []
    for (let round = 0; round < RUNS; round++) {
      for (let i = 0; i < LARGE; i++) error[i] = codec.carry * error[i]! + change[i]!
      encode.push(msOf(() => (payload = codec.encode(error, round))))
      decode.push(msOf(() => codec.read(payload, round, 0, LARGE, out, 0)))
    }
    const both = encode.map((ms, i) => ms + decode[i]!)
    const what = `${name}, ${LARGE} parameters`
    return [
      figure(`${what}: encode, median`, lowerMedian(encode), 'ms'),
      figure(`${what}: decode, median`, lowerMedian(decode), 'ms'),
      check(`${what}: encode + decode, median`, lowerMedian(both), 'ms', '<=', CODEC_BAR_MS),
      figure(`${what}: encode + decode, best`, Math.min(...both), 'ms'),
    ]
  })
}

function ruleChecks(codecName: 'one-bit' | 'sparse'): Check[] {
  const codec = CODECS[codecName](SMALL)
  const payloads = Array.from({ length: 50 }, (_, k) => codec.encode(noise(`${SEED} ${k}`, SMALL), 0))
  return [10, 50].flatMap(count => {
    const vectors = vectorsOf(codec, payloads.slice(0, count))
    return RULES.flatMap(name => {
      const rule = ruleOf(name, { trusted: true })
      const times = Array.from({ length: RUNS }, () => msOf(() => rule(vectors)))
      const what = `${name} of ${count} ${codecName} updates x ${SMALL}`
      const isBarred = name === 'clip-trim' && count === 50 && codecName === 'one-bit'
      return [
        isBarred
          ? check(`${what}, median`, lowerMedian(times), 'ms', '<=', RULE_BAR_MS)
          : figure(`${what}, median`, lowerMedian(times), 'ms'),
        figure(`${what}, best`, Math.min(...times), 'ms'),
      ]
    })
  })
}

function vectorsOf(codec: Codec, payloads: readonly Uint8Array[]): Vectors {
  return {
    count: payloads.length,
    parameters: codec.parameters,
    norms: payloads.map(payload => codec.norm(payload, 0)),
    weights: payloads.map(() => 1),
    read: (k, from, to, out, at) => codec.read(payloads[k]!, 0, from, to, out, at),
    covering: () => null,
  }
}

function noise(seed: string, count: number): Float32Array {
  const rng = createRng(seed)
  return Float32Array.from({ length: count }, () => rng.normal())
}

function msOf(work: () => void): number {
  const started = performance.now()
  work()
  return performance.now() - started
}
