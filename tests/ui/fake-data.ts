// What acted rooms are made of: a charter, members, curves and samples, all fixed.
import { DEFAULT_TERMS } from '../../src/core/ledger/terms.ts'
import type { Dataset } from '../../src/core/data/dataset.ts'
import { encodeSchema } from '../../src/core/data/table-schema.ts'
import type { CharterBody, TrainingTerms } from '../../src/core/ledger/entry.ts'
import { presetModel } from '../../src/core/model/presets.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import { termsOf } from './fake-governance.ts'
import type { RunStage } from '../../src/ports/runs-view.ts'
import type { MemberView, MetricPoint, Phase, RoomLink } from '../../src/ports/session.ts'

export interface Scenario {
  readonly preview: 'found' | 'nobody' | 'searching' | 'network' | 'room-full' | 'refused'
  readonly checks: 'ok' | 'checking' | 'soft' | 'bad'
  readonly phase: Phase
  readonly members: number
  readonly task: 'mnist' | 'fashion-mnist' | 'own'
  readonly resumable: boolean
  readonly trouble: boolean
  /** Rounds already done. */
  readonly round: number
  /** Of the room's compute, and of the own work. */
  readonly compute: string
  readonly standing: string
  readonly guardian: boolean
  /** 'plain': as a room made by link starts; 'busy': three guardians, caps, licences and a past. */
  readonly rule: 'plain' | 'busy'
  /** What acting on something comes to: 'done' or a refusal. */
  readonly act: string
  /** What is particular about the swarm: 'plain', a 'lot' among 400, 'noise', a 'split' of models, the plain 'mean', 'masks'. */
  readonly swarm: 'plain' | 'lot' | 'noise' | 'split' | 'mean' | 'masks'
  /** How far the newest sponsored run is; 'none' before the first, 'no-credits' where there will be none. */
  readonly runs: RunsStage
  /** Whose run it is to this member: 'sponsor', 'owner' (has offered), 'provider', or a 'guest' who has done nothing yet. */
  readonly part: RunsPart
}

export type RunsStage = RunStage | 'none' | 'no-credits' | 'problem'
export type RunsPart = 'sponsor' | 'owner' | 'provider' | 'guest'

export function readScenario(query: URLSearchParams): Scenario {
  const text = (name: string, fallback: string): string => query.get(name) ?? fallback
  return {
    preview: text('preview', 'found') as Scenario['preview'],
    checks: text('checks', 'ok') as Scenario['checks'],
    phase: text('phase', 'training') as Phase,
    members: Number(text('members', '4')),
    task: text('task', 'mnist') as Scenario['task'],
    resumable: query.has('resumable'),
    trouble: query.has('trouble'),
    round: Number(text('round', '24')),
    compute: text('compute', 'running'),
    standing: text('standing', 'good'),
    guardian: !query.has('member'),
    rule: text('rule', 'plain') as Scenario['rule'],
    act: text('act', 'done'),
    swarm: text('swarm', 'plain') as Scenario['swarm'],
    runs: text('runs', 'none') as RunsStage,
    part: text('part', 'guest') as RunsPart,
  }
}

export const LINK: RoomLink = {
  room: 'Qy3pD0m9TzKf5sWb1LhXaA' as RoomId,
  key: 'mK4vXo2nD7cTq9LrYh1BzEwS5uGfJp8iN0aVtCk3RdM',
}
export const LINK_HASH = `#/join=${LINK.room},${LINK.key}`

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
const CLOTHES = 'T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot'.split(',')
const FLOWERS = ['setosa', 'versicolor', 'virginica']

const SCHEMA = encodeSchema({
  format: 'yoriai-table-1',
  label: 'species',
  columns: [
    { type: 'number', name: 'sepal length', mean: '5.84', std: '0.83' },
    { type: 'number', name: 'sepal width', mean: '3.05', std: '0.43' },
    { type: 'category', name: 'colour', values: ['blue', 'violet'] },
  ],
})

const particular: Record<Scenario['swarm'], Partial<TrainingTerms>> = {
  plain: {},
  lot: { profile: 'masked', trusted: 'no' },
  noise: { privacy: { type: 'noise', clipMicro: 1_000_000, noiseMilli: 4000, deltaExponent: 5 } },
  split: { profile: 'sparse', rule: 'multi-krum', drift: 'prox', proximalMicro: 100_000 },
  masks: { rule: 'mean', committee: 0, privacy: { type: 'masks' } },
  mean: { rule: 'mean', weighting: 'samples', head: 'own', committee: 0 },
}

export function charterOf(scenario: Scenario): CharterBody {
  const { task } = scenario
  const table = task === 'own'
  const classes = table ? FLOWERS : task === 'mnist' ? DIGITS : CLOTHES
  return {
    kind: 'charter',
    salt: 'AAAAAAAAAAAAAAAAAAAAAA',
    title: 'Saturday workshop',
    task,
    classes,
    model: table ? presetModel('tableMlp', [5], 3) : presetModel('mlp', [28, 28, 1], 10),
    seed: 'seed',
    partition: { type: 'classes', classesPerPart: 3 },
    parts: 4,
    partSamples: 0,
    terms: {
      ...DEFAULT_TERMS,
      optimizer: 'adam',
      learningRateMicro: 1000,
      outerRateMilli: 700,
      outerMomentumMilli: 500,
      trusted: 'yes',
      rounds: 60,
      ...particular[scenario.swarm],
    },
    schema: table ? SCHEMA : '',
    governance: termsOf(scenario),
    rewardMicro: '1000000000',
  }
}

const NAMES = [
  'Hana',
  'Kenji',
  'Amélie',
  'ゆき',
  'Tomás',
  'Priya',
  'Noor',
  'Wei',
  'Ada',
  'Björn',
  'Chiara',
  'Dmitri',
]

export function memberId(index: number): MemberId {
  return `member-${String(index).padStart(2, '0')}` as MemberId
}

export function memberName(index: number, self: string): string {
  return index === 0 ? self : (NAMES[index % NAMES.length] ?? 'Ada')
}

export function membersOf({ members, phase, round }: Scenario, nickname: string): MemberView[] {
  return Array.from({ length: members }, (_, i): MemberView => {
    const self = i === 0
    const status = self
      ? phase === 'paused' || phase === 'watching' || phase === 'preparing'
        ? phase
        : 'training'
      : i === 3
        ? 'paused'
        : i === 6
          ? 'gone'
          : 'training'
    return {
      id: memberId(i),
      nickname: memberName(i, nickname),
      self,
      role: self && phase === 'watching' ? 'watcher' : 'trainer',
      status,
      part: self && phase === 'watching' ? -1 : i % 4,
      round,
      accuracy: round === 0 ? null : 0.27 + ((i * 37) % 11) / 160,
      stepsPerSecond: status === 'training' ? [62, 41.5, 118, 0, 7.4, 33][i % 6]! : 0,
      linked: i % 5 !== 2,
      steps: round * 20,
    }
  })
}

export function historyOf(rounds: number): MetricPoint[] {
  return Array.from({ length: rounds }, (_, i): MetricPoint => {
    const learned = 1 - Math.exp(-(i + 1) / 9)
    const wave = Math.sin(i * 1.7) * 0.012
    return {
      round: i + 1,
      seconds: (i + 1) * 2.1,
      ownLoss: 2.9 - 0.4 * learned + wave * 3,
      ownAccuracy: 0.1 + 0.19 * learned + wave,
      swarmLoss: 2.3 - 1.85 * learned + wave,
      swarmAccuracy: 0.1 + 0.79 * learned + wave,
      lowAccuracy: 0.08 + 0.17 * learned + wave,
      highAccuracy: 0.12 + 0.24 * learned - wave,
    }
  })
}

/** Segments a..g of a seven-segment display, per digit. */
const SEGMENTS = ['abcdef', 'bc', 'abged', 'abgcd', 'fgbc', 'afgcd', 'afgecd', 'abc', 'abcdefg', 'abcdfg']
const PLACES: Record<string, readonly [x: number, y: number, width: number, height: number]> = {
  a: [9, 5, 10, 2],
  b: [18, 5, 2, 9],
  c: [18, 14, 2, 9],
  d: [9, 21, 10, 2],
  e: [8, 14, 2, 9],
  f: [8, 5, 2, 9],
  g: [9, 13, 10, 2],
}

export function samplesOf(scenario: Scenario, offset: number, count: number): Dataset {
  const { classes, model } = charterOf(scenario)
  const y = Uint16Array.from({ length: count }, (_, i) => (offset + i) % classes.length)
  if (scenario.task === 'own') {
    const x = Float32Array.from({ length: count * 5 }, (_, i) =>
      i % 5 === 3 ? 1 : i % 5 > 2 ? 0 : ((i % 7) - 3) / 2,
    )
    return { shape: model.input, classes, x, y }
  }
  const x = new Uint8Array(count * 784)
  y.forEach((digit, i) => {
    for (const segment of SEGMENTS[digit]!) {
      const [left, top, width, height] = PLACES[segment]!
      for (let row = top; row < top + height; row++) {
        x.fill(230, i * 784 + row * 28 + left, i * 784 + row * 28 + left + width)
      }
    }
  })
  return { shape: model.input, classes, x, y }
}
