// One run of the laboratory on MNIST as one record, and the file of records that a long benchmark leaves behind: a line each,
// so that a cut costs one run. A record is taken from the file only for the very same plan.
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Dataset } from '../src/core/data/dataset.ts'
import { bytesToHex } from '../src/core/num/hex.ts'
import { dealSamples } from '../src/sim/lab/deal.ts'
import { Lab } from '../src/sim/lab/lab.ts'
import type { LabTrainer, PreparedSamples } from '../src/sim/lab/jobs.ts'
import { createLabTrainer } from '../src/sim/lab/lab-trainer.ts'
import type { LabPlan } from '../src/sim/lab/plan.ts'
import type { LabData } from './gossip-data.ts'
import type { Arm } from './gossip-rows.ts'

export interface RunRecord {
  readonly key: string
  readonly row: string
  readonly split: string
  readonly name: string
  readonly seed: string
  /** Percent right of 10,000 held-out samples, by round. */
  readonly curve: readonly (readonly [round: number, percent: number])[]
  readonly final: number
  readonly updateBytes: number
  readonly members: number
  /** States of the replicas after everything has arrived; 1 where they are the same bits. */
  readonly models: number
  /** Mean distance of replicas from their mean before the network healed, percent of its length. */
  readonly driftPercent: number
  /** Rounds computed again, a replica and round. */
  readonly replays: number
  /** Mean over members of the percent right on held-out samples of the member's own classes, in its proportions. */
  readonly personal: number | null
  readonly seconds: number
}

/** Samples with what trains on them, made when first needed: one trainer serves all plans with one optimiser. */
export class Bench {
  private readonly tools = new Map<string, Tools>()

  constructor(readonly data: LabData) {}

  toolsFor({ model, terms: { optimizer } }: LabPlan): Tools {
    const name = `${optimizer} ${JSON.stringify(model)}`
    const known = this.tools.get(name)
    if (known) return known
    const trainer = createLabTrainer(model, optimizer)
    const testOf = byClass(this.data.test).map(data => trainer.prepare(data))
    const { train, test } = this.data
    const made = { trainer, train: trainer.prepare(train), test: trainer.prepare(test), testOf }
    this.tools.set(name, made)
    return made
  }
}

interface Tools {
  readonly trainer: LabTrainer
  readonly train: PreparedSamples
  readonly test: PreparedSamples
  /** Held-out samples class by class. */
  readonly testOf: readonly PreparedSamples[]
}

export function keyOf(plan: LabPlan): string {
  return bytesToHex(sha256(new TextEncoder().encode(JSON.stringify(plan)))).slice(0, 16)
}

const TURNED = Uint16Array.from({ length: 10 }, (_, label) => 9 - label)

export function openLab(bench: Bench, plan: LabPlan): Lab {
  const { trainer, train } = bench.toolsFor(plan)
  const { data } = bench
  const dealt = dealSamples(data.train, plan.partition, plan.seed, plan.members, plan.partSamples)
  const parts = dealt.map((samples, index) => {
    const lies = plan.attack === 'labels' && index >= plan.members - plan.liars
    return { set: train, samples, relabel: lies ? TURNED : null }
  })
  return new Lab(plan, trainer, parts)
}

export function runArm(
  bench: Bench,
  { row, split, name, plan: seedless, every, personal }: Arm,
  seed: string,
): RunRecord {
  const plan: LabPlan = { ...seedless, seed }
  const cpu = process.cpuUsage()
  const lab = openLab(bench, plan)
  const { trainer, test } = bench.toolsFor(plan)
  const ownHeads = plan.terms.head === 'own'
  /** Mean over the different models that members hold. */
  const percent = (): number => {
    const models = ownHeads
      ? lab.members.map(({ index }) => lab.paramsOf(index))
      : lab.replicas.map(({ state }) => state.params)
    return 100 * mean([...new Set(models)].map(params => trainer.accuracy(test, params)))
  }
  const curve: [number, number][] = []
  for (let round = 1; round <= plan.rounds; round++) {
    lab.step()
    if (round % every === 0 && round < plan.rounds) curve.push([round, percent()])
  }
  const driftPercent = lab.replicas.length > 1 ? 100 * lab.drift() : 0
  lab.heal()
  const isOne = lab.hashes().size === 1 && !ownHeads
  const final = isOne ? 100 * trainer.accuracy(test, lab.replicas[0]!.state.params) : percent()
  curve.push([plan.rounds, final])
  const used = process.cpuUsage(cpu)
  const replays = lab.replicas.reduce((sum, replica) => sum + replica.replays, 0)
  return {
    key: keyOf(plan),
    row,
    split,
    name,
    seed,
    curve,
    final,
    updateBytes: lab.updateBytes,
    members: plan.members,
    models: lab.hashes().size,
    driftPercent,
    replays: replays / lab.replicas.length / plan.rounds,
    personal: personal ? personalPercent(bench, lab, plan) : null,
    seconds: (used.user + used.system) / 1e6,
  }
}

/** How right every member's model is on the classes that the member itself holds, in its own proportions. */
function personalPercent(bench: Bench, lab: Lab, plan: LabPlan): number {
  const { trainer, testOf } = bench.toolsFor(plan)
  const { y } = bench.data.train
  const known = new Map<Float32Array, number[]>()
  return (
    100 *
    mean(
      lab.members.map(({ index, part }) => {
        const params = lab.paramsOf(index)
        const shares = known.get(params) ?? testOf.map(set => trainer.accuracy(set, params))
        known.set(params, shares)
        return mean([...part.samples].map(sample => shares[y[sample]!]!))
      }),
    )
  )
}

function byClass({ shape, classes, x, y }: Dataset): Dataset[] {
  const size = x.length / y.length
  return classes.map((_, label) => {
    const chosen = [...y.keys()].filter(i => y[i] === label)
    const pixels = new Uint8Array(chosen.length * size)
    chosen.forEach((from, to) => pixels.set(x.subarray(from * size, (from + 1) * size), to * size))
    return { shape, classes, x: pixels, y: new Uint16Array(chosen.length).fill(label) }
  })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Records of a file by key and place in the table; none without the file. */
export async function readRecords(path: string): Promise<Map<string, RunRecord>> {
  const text = await readFile(path, 'utf8').catch(() => '')
  // reason: lines that this file wrote; a last one that was cut off is left out.
  const lines = text.split('\n').slice(0, -1)
  return new Map(
    lines.map(line => {
      const record = JSON.parse(line) as RunRecord
      return [placeOf(record), record]
    }),
  )
}

export function placeOf({
  row,
  split,
  name,
  seed,
}: Pick<RunRecord, 'row' | 'split' | 'name' | 'seed'>): string {
  return [row, split, name, seed].join('/')
}

export async function writeRecord(path: string, record: RunRecord): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await appendFile(path, `${JSON.stringify(record)}\n`)
}
