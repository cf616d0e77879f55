// npm run fuzz -- [--inputs N] [--seed TEXT]: damaged entries, seals, certificates and snapshots through their decoders,
// and what still decodes into a ledger, as if its signature were good. Nothing may throw, take longer than 10 ms each time
// it is tried, pass in a second form, leave a chain broken, or stay in memory. Prints one JSON object; exit 1 on a finding.
import { setFlagsFromString } from 'node:v8'
import { parseArgs } from 'node:util'
import { runInNewContext } from 'node:vm'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { canonicalise } from '../../src/core/ledger/canonical.ts'
import { entryHash, Ledger } from '../../src/core/ledger/chain.ts'
import {
  decodeCertificate,
  decodeEntry,
  decodeProposal,
  decodeSeal,
  decodeSealStatement,
  decodeSnapshot,
} from '../../src/core/ledger/decode.ts'
import { readEvidence } from '../../src/core/ledger/evidence.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { chain, FOUNDER, member, ROOM, samples } from '../core/ledger/fixtures.ts'
import { sealSamples } from '../core/ledger/seal-samples.ts'
import { mutate } from './mutations.ts'

/** What one input may take. */
const SLOW_MS = 10
/** The machine has other work: what takes longer than this is tried again, and the fastest try counts. */
const DOUBT_MS = 1
const TRIES = 5
/** Inputs that one ledger sees: few, since its authors are soon convicted. */
const BATCH = 250
const WARM_UP = 20_000
const HEAP_BAR_MIB = 8
const SHOWN_BYTES = 1_024

export interface FuzzFinding {
  readonly kind: 'crash' | 'slow' | 'second-form' | 'broken-chain'
  readonly batch: number
  readonly index: number
  /** Base64 of its beginning; seed, batch and index give the whole again. */
  readonly input: string
  readonly detail: string
}

export interface FuzzReport {
  readonly inputs: number
  readonly seed: string
  readonly decoded: number
  readonly outcomes: Readonly<Record<string, number>>
  /** Longest single try, whatever else the machine did, and how many tries were over the limit. */
  readonly maxMs: number
  readonly overLimit: number
  /** The longest by the fastest of several tries. */
  readonly reproducedMaxMs: number
  readonly heapBeforeMiB: number
  readonly heapAfterMiB: number
  readonly rssBeforeMiB: number
  readonly rssAfterMiB: number
  readonly seconds: number
  readonly findings: readonly FuzzFinding[]
}

const entries = [
  chain(FOUNDER, samples),
  chain(member(1), samples.slice(1)),
  chain(member(2), samples.slice(2)),
]
const entryTexts = entries.flat().map(canonicalise)
const sealTexts = sealSamples.map(canonicalise)
/** In the order of the samples. */
const sealDecoders = [decodeSeal, decodeSealStatement, decodeCertificate, decodeSnapshot, decodeProposal]
type Decoder = (bytes: Uint8Array) => object | undefined

/** One input: decoded, and admitted if it is an entry. Returns what became of it. */
function feed(bytes: Uint8Array, sealDecoder: Decoder | null, ledger: Ledger): string {
  if (sealDecoder) {
    const record = sealDecoder(bytes)
    if (!record) return 'malformed'
    return isSameText(record, bytes) ? 'seal-record' : 'second-form'
  }
  const entry = decodeEntry(bytes)
  if (!entry) return 'malformed'
  if (!isSameText(entry, bytes)) return 'second-form'
  const admission = ledger.admit(entry)
  if (entry.body.kind === 'proof') {
    const evidence = readEvidence(entry.body)
    if (evidence?.kind === 'entries') ledger.convict(evidence.pair)
  }
  return admission.status === 'refused' ? `refused-${admission.why}` : admission.status
}

function isSameText(record: object, bytes: Uint8Array): boolean {
  return Buffer.from(canonicalise(record)).equals(bytes)
}

function isWhole(ledger: Ledger): boolean {
  const open = ledger.openEntries()
  return (
    open !== undefined &&
    ledger.size === open.length &&
    open.every((entry, i) => {
      const before = open[i - 1]
      return before?.author === entry.author
        ? entry.seq === before.seq + 1 && entry.prev === entryHash(before)
        : entry.seq === 0 && entry.prev === ''
    })
  )
}

export function fuzzLedger(options: { inputs: number; seed: string }): FuzzReport {
  const { inputs, seed } = options
  const findings: FuzzFinding[] = []
  const outcomes: Record<string, number> = {}
  let [maxMs, reproducedMaxMs, overLimit] = [0, 0, 0]

  const runBatch = (batch: number, count: number, isCounted: boolean): void => {
    const rng = createRng(`${seed}/${batch}`)
    const ledger = new Ledger(ROOM)
    // A different part of the chains is there every time: gaps, forks and additions all happen.
    for (const each of entries) for (const entry of each.slice(0, rng.below(each.length))) ledger.admit(entry)
    for (let index = 0; index < count; index++) {
      const isEntry = rng.below(5) > 0
      const pool = isEntry ? entryTexts : sealTexts
      const chosen = rng.below(pool.length)
      const decoder = isEntry ? null : sealDecoders[chosen]!
      const bytes = mutate(rng, pool[chosen]!, pool)
      const found = (kind: FuzzFinding['kind'], detail: string): void => {
        const input = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('base64')
        findings.push({ kind, batch, index, input, detail })
      }
      try {
        const started = performance.now()
        const outcome = feed(bytes, decoder, ledger)
        const ms = performance.now() - started
        if (!isCounted) continue
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        if (outcome === 'second-form') found('second-form', outcome)
        maxMs = Math.max(maxMs, ms)
        if (ms > SLOW_MS) overLimit++
        const settled = ms > DOUBT_MS ? fastestOf(() => feed(bytes, decoder, new Ledger(ROOM))) : ms
        reproducedMaxMs = Math.max(reproducedMaxMs, settled)
        if (settled > SLOW_MS) found('slow', `${settled.toFixed(1)} ms`)
      } catch (error) {
        found('crash', String(error))
      }
    }
    if (!isWhole(ledger))
      findings.push({ kind: 'broken-chain', batch, index: count, input: '', detail: 'after the batch' })
  }

  for (let done = 0, batch = -1; done < Math.min(WARM_UP, inputs); done += BATCH, batch--)
    runBatch(batch, BATCH, false)
  const before = memory()
  const started = performance.now()
  for (let done = 0, batch = 0; done < inputs; done += BATCH, batch++)
    runBatch(batch, Math.min(BATCH, inputs - done), true)
  const seconds = (performance.now() - started) / 1000
  const after = memory()
  return {
    inputs,
    seed,
    decoded: inputs - (outcomes['malformed'] ?? 0),
    outcomes,
    maxMs: round(maxMs),
    overLimit,
    reproducedMaxMs: round(reproducedMaxMs),
    heapBeforeMiB: before.heap,
    heapAfterMiB: after.heap,
    rssBeforeMiB: before.rss,
    rssAfterMiB: after.rss,
    seconds: round(seconds),
    findings,
  }
}

function fastestOf(run: () => unknown): number {
  const times = Array.from({ length: TRIES }, () => {
    const started = performance.now()
    run()
    return performance.now() - started
  })
  return Math.min(...times)
}

/** After a full collection: what is really held. */
function memory(): { heap: number; rss: number } {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  const { heapUsed, rss } = process.memoryUsage()
  return { heap: round(heapUsed / 2 ** 20), rss: round(rss / 2 ** 20) }
}

const round = (value: number): number => Math.round(value * 100) / 100

export function isClean({ findings, heapBeforeMiB, heapAfterMiB }: FuzzReport): boolean {
  return findings.length === 0 && heapAfterMiB - heapBeforeMiB < HEAP_BAR_MIB
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: 'ledger' },
    },
  })
  const inputs = Number(values.inputs)
  if (!Number.isSafeInteger(inputs) || inputs < 1) {
    console.error('npm run fuzz -- [--inputs N] [--seed TEXT]')
    process.exitCode = 2
  } else {
    const report = fuzzLedger({ inputs, seed: values.seed })
    console.log(JSON.stringify({ ...report, ok: isClean(report) }))
    process.exitCode = isClean(report) ? 0 : 1
  }
}
