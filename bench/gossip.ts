// The swarm engine against its promises (docs/gossip.md): accuracy, bytes, liars, loss, churn, skew, on the whole of MNIST with
// real gradient steps, and the controls that must fail. About forty minutes on one core; --seeds N and --rows LETTERS do
// less, --resume goes on with the records of out/gossip/runs.jsonl that were made from the same plans.
import { rm } from 'node:fs/promises'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { layoutParams } from '../src/core/params/layout.ts'
import { MNIST_MLP } from '../src/sim/lab/plan.ts'
import { loadMnist } from './gossip-data.ts'
import { silenceBare, silenceRoom } from './gossip-foreign.ts'
import { ENOUGH_SEEDS, judge } from './gossip-judge.ts'
import { permute } from './gossip-order.ts'
import { measurePeers } from './gossip-peers.ts'
import { allArms } from './gossip-rows.ts'
import { Bench, keyOf, placeOf, readRecords, runArm, type RunRecord, writeRecord } from './gossip-run.ts'
import { check, commitName, deviceName, figure, type Check, type Report } from './report.ts'

const RECORDS = fileURLToPath(new URL('../out/gossip/runs.jsonl', import.meta.url))
const ROWS = 'abcdefghikopx'
/** Of the nearest peer system by its own account: bytes of a member's round among n members with P parameters. */
const theirBytes = (members: number, parameters: number): number => (members - 1) * (4 * parameters + 250)

export async function run(args: readonly string[]): Promise<Report> {
  const option = (name: string, otherwise: string): string => args[args.indexOf(name) + 1 || NaN] ?? otherwise
  const rows = option('--rows', ROWS)
  const seeds = Array.from({ length: Number(option('--seeds', String(ENOUGH_SEEDS))) }, (_, i) => `${i + 1}`)
  if (!args.includes('--resume')) await rm(RECORDS, { force: true })
  const started = performance.now()
  const records = await train(rows, seeds)
  const checks = [
    ...judge(records),
    ...(rows.includes('e') ? orderChecks() : []),
    ...(rows.includes('i') ? await peerChecks() : []),
    ...(rows.includes('x') ? await foreignChecks() : []),
  ]
  return {
    bench: 'gossip',
    commit: commitName(),
    device: deviceName(`Node ${process.versions.node}`),
    seeds,
    checks,
    runs: records.length,
    cpuSeconds: Math.round(records.reduce((sum, { seconds }) => sum + seconds, 0)),
    seconds: Math.round((performance.now() - started) / 1000),
  }
}

/** Seed by seed, so that a run that is cut has all rows with fewer seeds. */
async function train(rows: string, seeds: readonly string[]): Promise<RunRecord[]> {
  const arms = allArms().filter(({ row }) => rows.includes(row))
  const known = await readRecords(RECORDS)
  const bench = arms.length > 0 ? new Bench(await loadMnist()) : null
  const records: RunRecord[] = []
  for (const seed of seeds) {
    for (const arm of arms) {
      const old = known.get(placeOf({ ...arm, seed }))
      const record = old?.key === keyOf({ ...arm.plan, seed }) ? old : runArm(bench!, arm, seed)
      if (record !== old) await writeRecord(RECORDS, record)
      records.push(record)
    }
  }
  return records
}

function orderChecks(): Check[] {
  const { models, changed, arrivals } = permute(1_000, 'order')
  return [
    check(`e: models from ${arrivals} orders of arrival, with repetitions`, models, 'models', '<=', 1),
    check('e: control: models when one of them lacks an update', changed, 'models', '>=', 2),
  ]
}

async function peerChecks(): Promise<Check[]> {
  const members = 10
  const parameters = layoutParams(MNIST_MLP).size
  const figures = await measurePeers(members, 8, 'peers')
  const update = Math.ceil(parameters / 8) + 2 * Math.ceil(parameters / 4096) + 204
  const formula = (members - 1) * update
  const theirs = theirBytes(members, parameters)
  return [
    figure('i: bytes of one update, ceil(P / 8) + 2 ceil(P / 4096) + 204', update, 'B'),
    figure('i: of one float32 update', 4 * parameters, 'B'),
    figure('i: of one update of the CNN of 1,663,370 parameters', cnnUpdateBytes(), 'B'),
    figure('i: by formula, a member and round of ten', formula / 1000, 'kB'),
    figure('i: nearest peer system, (n - 1)(4P + 250), the same round', theirs / 1000, 'kB'),
    figure('i: theirs over ours', theirs / formula, 'times'),
    figure('i: updates that a member sends in a round', figures.updateBytes / 1000, 'kB'),
    check('i: these over the formula', 100 * Math.abs(figures.updateBytes / formula - 1), '%', '<=', 5),
    figure('i: all that channels count, a member and round', figures.allBytes / 1000, 'kB'),
    figure(
      'i: of it presence, entries, comparisons and frames, whatever the model',
      (figures.allBytes - figures.updateBytes) / 1000 / figures.typicalSeconds,
      'kB/s',
    ),
    check('i: rounds closed after one of ten died', figures.roundsWithout, 'rounds', '>=', figures.rounds),
    figure('i: a round of ten', figures.typicalSeconds, 's, virtual'),
    figure('i: the longest round after one died', figures.longestWithoutSeconds, 's, virtual'),
  ]
}

function cnnUpdateBytes(): number {
  const parameters = 1_663_370
  return Math.ceil(parameters / 8) + 2 * Math.ceil(parameters / 4096) + 204
}

async function foreignChecks(): Promise<Check[]> {
  const bare = silenceBare()
  const room = await silenceRoom('foreign')
  return [
    figure('x: bytes of a foreign Yjs update', bare.attackBytes, 'B'),
    check(
      `x: control: entries of ${bare.written} that a bare Yjs document shows after it`,
      bare.seenByThird,
      'entries',
      '<=',
      100,
    ),
    check(
      `x: entries of ${room.written} that a room's document lacks after it`,
      room.written - room.seen,
      'entries',
      '<=',
      0,
    ),
  ]
}
