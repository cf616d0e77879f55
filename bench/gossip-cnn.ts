// One bit against float32 averaging on the CNN of McMahan et al. 2017 (1,663,370 parameters), ten members, MNIST. A long run:
// about 22 seconds of one core a round and arm. --rounds N, --seeds N and --splits iid,dir do more or less than the default of
// 12 rounds, one seed, IID. A line a round and arm goes to out/gossip/cnn.jsonl.
import { appendFile, mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { ModelSpec } from '../src/core/model/spec.ts'
import { dealSamples } from '../src/sim/lab/deal.ts'
import { Lab } from '../src/sim/lab/lab.ts'
import { fedAvg, type LabPlan, PLAIN_PLAN } from '../src/sim/lab/plan.ts'
import { openWasmTrainer } from './gossip-cnn-trainer.ts'
import { loadMnist } from './gossip-data.ts'
import { check, type Check, commitName, deviceName, figure, type Report } from './report.ts'

const LINES = fileURLToPath(new URL('../out/gossip/cnn.jsonl', import.meta.url))
const EVERY = 2
/** Held-out samples at every evaluation; all of them at the end. */
const SOME = 2_000

const MCMAHAN_CNN: ModelSpec = {
  input: [28, 28, 1],
  layers: [
    { type: 'conv2d', filters: 32, kernel: 5, activation: 'relu' },
    { type: 'maxPool2d', size: 2 },
    { type: 'conv2d', filters: 64, kernel: 5, activation: 'relu' },
    { type: 'maxPool2d', size: 2 },
    { type: 'flatten' },
    { type: 'dense', units: 512, activation: 'relu' },
    { type: 'dense', units: 10, activation: 'linear' },
  ],
}

export async function run(args: readonly string[]): Promise<Report> {
  const option = (name: string, otherwise: string): string => args[args.indexOf(name) + 1 || NaN] ?? otherwise
  const rounds = Number(option('--rounds', '12'))
  const seeds = Array.from({ length: Number(option('--seeds', '1')) }, (_, i) => `${i + 1}`)
  const splits = option('--splits', 'iid').split(',')
  const started = performance.now()
  const { train, test } = await loadMnist()
  const trainer = await openWasmTrainer(MCMAHAN_CNN)
  const set = trainer.prepare(train)
  await mkdir(dirname(LINES), { recursive: true })

  const arm = async (name: string, split: string, plan: LabPlan) => {
    const parts = dealSamples(train, plan.partition, plan.seed, plan.members, 0)
    const lab = new Lab(
      plan,
      trainer,
      parts.map(samples => ({ set, samples, relabel: null })),
    )
    const curve: [number, number][] = []
    for (let round = 1; round <= rounds; round++) {
      lab.step()
      if (round % EVERY !== 0 && round !== rounds) continue
      const limit = round === rounds ? test.y.length : SOME
      const percent = 100 * (await trainer.evaluate(test, lab.replicas[0]!.state.params, limit))
      curve.push([round, percent])
      const line = { name, split, seed: plan.seed, round, percent, updateBytes: lab.updateBytes }
      await appendFile(LINES, `${JSON.stringify(line)}\n`)
    }
    return { final: curve.at(-1)![1], updateBytes: lab.updateBytes, curve }
  }

  const checks: Check[] = []
  const curves: unknown[] = []
  for (const split of splits) {
    const partition =
      split === 'iid' ? ({ type: 'iid' } as const) : ({ type: 'dirichlet', alphaMilli: 300 } as const)
    const plan = { ...PLAIN_PLAN, model: MCMAHAN_CNN, rounds, partition }
    const differences: number[] = []
    for (const seed of seeds) {
      const averaged = await arm('fedavg', split, { ...fedAvg(plan), seed })
      const oneBit = await arm('one-bit', split, { ...plan, seed })
      differences.push(oneBit.final - averaged.final)
      curves.push({ split, seed, fedavg: averaged.curve, oneBit: oneBit.curve })
      checks.push(
        figure(`${split}, seed ${seed}: float32 FedAvg after ${rounds} rounds`, averaged.final, '%'),
        figure(`${split}, seed ${seed}: one bit after ${rounds} rounds`, oneBit.final, '%'),
        figure(
          `${split}, seed ${seed}: bytes of FedAvg's update over ours`,
          averaged.updateBytes / oneBit.updateBytes,
          'times',
        ),
      )
    }
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
    checks.push(check(`${split}: one bit less float32 FedAvg`, mean, 'points', '>=', -0.5))
  }
  trainer.close()
  return {
    bench: 'gossip-cnn',
    commit: commitName(),
    device: deviceName(`Node ${process.versions.node}`, 'tfjs WebAssembly'),
    seeds,
    checks,
    curves,
    seconds: Math.round((performance.now() - started) / 1000),
  }
}
