// The command line of the swarm runner, checked before any browser starts.
import os from 'node:os'
import { parseArgs } from 'node:util'
import type { PartitionScheme } from '../../src/core/data/dataset.ts'
import type { BackendName } from '../../src/ports/trainer.ts'

export interface SwarmPlan {
  readonly tabs: number
  readonly task: 'mnist' | 'fashion-mnist'
  readonly model: 'logistic' | 'mlp' | 'cnn'
  readonly partition: PartitionScheme
  /** Ends the run when it is not 0. */
  readonly rounds: number
  /** Of training, from the first step of the last tab; Infinity with rounds only. */
  readonly seconds: number
  readonly backend: BackendName | null
  /** Of the partition and the first parameters; the order of samples depends on the members' fresh keys too. */
  readonly seed: string
  readonly https: boolean
}

export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly kind = 'usage'
}

export const USAGE = `npm run swarm -- [options]
  --tabs N            real headless tabs, each a member (default 4)
  --task NAME         mnist, fashion-mnist (default mnist)
  --model NAME        logistic, mlp, cnn (default mlp)
  --partition SCHEME  iid, dirichlet:ALPHA, classes:K (default: as few classes each as cover all)
  --seconds N         of training (default 60 unless --rounds is given)
  --rounds N          ends after so many rounds
  --backend NAME      webgpu, webgl, wasm, cpu, reference (default: each tab takes its fastest)
  --seed TEXT         of the partition and the first parameters
  --https yes|no      serve with the self-signed certificate (default no)`

const BACKENDS: readonly BackendName[] = ['webgpu', 'webgl', 'wasm', 'cpu', 'reference']
const TABS_PER_CORE = 4
const MAX_SECONDS = 3_600

export function parseSwarmArgs(args: readonly string[], freshSeed: () => string): SwarmPlan {
  const { values } = parse(args)
  const tabs = integer('tabs', values.tabs ?? '4', 1, Math.max(4, TABS_PER_CORE * os.availableParallelism()))
  const rounds = integer('rounds', values.rounds ?? '0', 0, 10_000)
  const seconds = values.seconds ?? (rounds > 0 ? undefined : '60')
  return {
    tabs,
    rounds,
    task: oneOf('task', values.task ?? 'mnist', ['mnist', 'fashion-mnist']),
    model: oneOf('model', values.model ?? 'mlp', ['logistic', 'mlp', 'cnn']),
    partition: parsePartition(values.partition ?? `classes:${Math.min(10, Math.ceil(10 / tabs))}`),
    seconds: seconds === undefined ? Infinity : integer('seconds', seconds, 1, MAX_SECONDS),
    backend: values.backend === undefined ? null : oneOf('backend', values.backend, BACKENDS),
    seed: values.seed ?? freshSeed(),
    https: oneOf('https', values.https ?? 'no', ['yes', 'no']) === 'yes',
  }
}

export function describePartition(scheme: PartitionScheme): string {
  switch (scheme.type) {
    case 'iid':
      return 'iid'
    case 'dirichlet':
      return `dirichlet:${scheme.alphaMilli / 1000}`
    case 'classes':
      return `classes:${scheme.classesPerPart}`
  }
  scheme satisfies never
  return ''
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        tabs: text,
        task: text,
        model: text,
        partition: text,
        seconds: text,
        rounds: text,
        backend: text,
        seed: text,
        https: text,
      },
    })
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

function parsePartition(text: string): PartitionScheme {
  const [type, value] = text.split(':', 2)
  if (type === 'iid' && value === undefined) return { type }
  const number = Number(value)
  if (type === 'dirichlet' && number >= 0.001 && number <= 1000)
    return { type, alphaMilli: Math.round(number * 1000) }
  if (type === 'classes' && Number.isInteger(number) && number >= 1 && number <= 10)
    return { type, classesPerPart: number }
  throw new UsageError(`--partition ${text}: iid, dirichlet:ALPHA or classes:K is needed`)
}

function integer(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
    throw new UsageError(`--${name} ${text}: a whole number from ${least} to ${most} is needed`)
  return value
}

function oneOf<Value extends string>(name: string, text: string, values: readonly Value[]): Value {
  const found = values.find(value => value === text)
  if (found === undefined) throw new UsageError(`--${name} ${text}: one of ${values.join(', ')} is needed`)
  return found
}
