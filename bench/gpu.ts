// Steps per second of three models on WebGPU, in Node through Dawn, on whatever Vulkan adapter the machine has: named,
// and called software when it is. Losses are compared with the reference's, so that a fast wrong adapter is not a result.
// --torch puts PyTorch beside it (bench/torch/steps.py) where python3 has it; --software takes the software driver, on
// which one batch size and one repetition must do.
import { execFile } from 'node:child_process'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createTfjsTrainer } from '../src/adapters/trainer-tfjs.ts'
import { trainingFlop } from '../src/core/model/flops.ts'
import { initialParams } from '../src/core/model/init.ts'
import { type PresetName, presetModel } from '../src/core/model/presets.ts'
import { createReferenceModel } from '../src/core/model/reference/model.ts'
import { trainSteps } from '../src/core/model/reference/train.ts'
import type { ModelSpec } from '../src/core/model/spec.ts'
import type { TrainJob } from '../src/ports/trainer.ts'
import { installNodeWebgpu } from '../tests/tools/node-webgpu.ts'
import { type Check, check, commitName, deviceName, figure, type Report } from './report.ts'
import { mnistLike, SAMPLE_SEED } from './samples.ts'

const PRESETS: readonly PresetName[] = ['logistic', 'mlp', 'cnn']
/** Small as in a room, and large enough to fill a GPU. */
const BATCHES = [32, 256]
const SAMPLES = 2_048
const RATE = 0.05
const CURVE_STEPS = 5
const TIMED_MS = 2_000
const REPETITIONS = 3

interface Case {
  readonly name: PresetName
  readonly batchSize: number
  readonly model: ModelSpec
}

interface TorchAnswer {
  readonly status: 'ok' | 'absent'
  readonly detail: string
  /** In the order of the cases. */
  readonly stepsPerSecond: readonly number[]
}

export async function run(args: readonly string[]): Promise<Report> {
  const gpu = await installNodeWebgpu(args.includes('--software') ? 'software' : 'hardware')
  const slow = (await gpu.requestAdapter())?.info.isFallbackAdapter === true
  const repetitions = slow ? 1 : REPETITIONS
  const cases: readonly Case[] = PRESETS.flatMap(name =>
    BATCHES.slice(0, slow ? 1 : undefined).map(batchSize => ({
      name,
      batchSize,
      model: presetModel(name, [28, 28, 1], 10),
    })),
  )
  const checks: Check[] = []
  let adapter = ''
  let software = false
  for (const { name, batchSize, model } of cases) {
    const label = `${name}, batch ${batchSize}`
    const trainer = await createTfjsTrainer({ model }, 'webgpu')
    adapter = trainer.report.adapter
    software = trainer.report.software
    const data = mnistLike(SAMPLES)
    await trainer.setData('train', data)
    const job: TrainJob = {
      params: initialParams(model, 'bench'),
      steps: CURVE_STEPS,
      batchSize,
      optimizer: { type: 'sgd', learningRate: RATE },
      seed: 'bench',
      drift: null,
      limits: null,
    }
    const losses: number[] = []
    await trainer.train(job, ({ loss }) => losses.push(loss))
    const expected = trainSteps(createReferenceModel(model), data, job.params, CURVE_STEPS, job).losses
    const error = Math.max(...losses.map((loss, i) => Math.abs(loss - expected[i]!)))
    checks.push(check(`largest loss error against the reference: ${label}`, error, 'nats', '<=', 1e-4))

    const speeds: number[] = []
    for (let i = 0; i < repetitions; i++) {
      const timer = setTimeout(() => trainer.stop(), TIMED_MS)
      const { steps, computeMs } = await trainer.train({ ...job, steps: Number.MAX_SAFE_INTEGER })
      clearTimeout(timer)
      speeds.push((steps * 1000) / computeMs)
    }
    const speed = speeds.sort((a, b) => a - b)[repetitions >> 1]!
    checks.push(figure(`WebGPU: ${label}`, speed, 'steps/s'))
    checks.push(
      figure(`WebGPU, nominal: ${label}`, (speed * batchSize * trainingFlop(model)) / 1e9, 'GFLOP/s'),
    )
    trainer.close()
  }

  const torch = args.includes('--torch') ? await runTorch(cases) : null
  torch?.stepsPerSecond.forEach((speed, i) => {
    const { name, batchSize } = cases[i]!
    checks.push(figure(`PyTorch (${torch.detail}): ${name}, batch ${batchSize}`, speed, 'steps/s'))
  })
  return {
    bench: 'gpu',
    commit: commitName(),
    device: deviceName(`Node ${process.versions.node}`, `Dawn on ${adapter}`),
    seeds: [SAMPLE_SEED, 'bench'],
    checks,
    adapter,
    software,
    torch: torch === null ? 'not asked for' : `${torch.status}: ${torch.detail}`,
  }
}

async function runTorch(cases: readonly Case[]): Promise<TorchAnswer> {
  const script = fileURLToPath(new URL('torch/steps.py', import.meta.url))
  const request = JSON.stringify({
    cases,
    rate: RATE,
    samples: SAMPLES,
    seconds: (TIMED_MS * REPETITIONS) / 1000,
  })
  try {
    const { stdout } = await promisify(execFile)('python3', [script, request], { maxBuffer: 1 << 20 })
    const answer = JSON.parse(stdout) as TorchAnswer
    if (answer.status === 'absent') console.log(`PyTorch is absent: ${answer.detail}`)
    return answer
  } catch (error) {
    const detail = `python3 did not run: ${error instanceof Error ? error.message : String(error)}`
    console.log(`PyTorch is absent: ${detail}`)
    return { status: 'absent', detail, stepsPerSecond: [] }
  }
}
