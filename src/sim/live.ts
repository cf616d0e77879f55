// The swarm of the Lab page: the simulator that the tests use, driven in small steps so that it can be broken while it
// runs. Same setup, same acts at the same virtual times, same end. Knows no worker and no page.
import { createReferenceModel } from '../core/model/reference/model.ts'
import { evaluateSamples } from '../core/model/reference/train.ts'
import type { Dataset, PartitionScheme } from '../core/data/dataset.ts'
import type { MemberId } from '../core/num/ids.ts'
import { DEFAULT_TERMS } from '../core/ledger/terms.ts'
import type { LabAct, LabPoint, LabSetup } from '../ports/lab.ts'
import { blobs, blobCharter, CLASSES } from './blobs.ts'
import { liarOptions } from './chaos/attacks.ts'
import { dealSamples } from './lab/deal.ts'
import { Swarm, type SimMember } from './swarm.ts'
import type { Turns } from './virtual-clock.ts'

export const LIVE_SECONDS = 120
/** Parts beside those of the first members, for poisoners who are added. */
const MAX_ADDED = 6
const HIDDEN = 512
const TRAIN_SAMPLES = 3000
const TEST_SAMPLES = 200
const STEP_MS = 240
const SLOW_FACTOR = 10
const BROKEN_LOSS = 0.3
/** Rounds whose models are remembered, to compare those of members who are not equally far. */
const REMEMBERED = 24
const EXPLORE_MS = 7_000

/** For parts that hold few classes: an outer step with memory, and control variates. */
const STEADIER = { outerRateMilli: 700, outerMomentumMilli: 700, drift: 'variates' } as const

function isSkewed(scheme: PartitionScheme): boolean {
  return (
    (scheme.type === 'classes' && scheme.classesPerPart <= 3) ||
    (scheme.type === 'dirichlet' && scheme.alphaMilli <= 100)
  )
}

export class LiveSwarm {
  private readonly swarm: Swarm
  private readonly liars = new Set<MemberId>()
  private readonly model
  private readonly test: Dataset
  private lossRate: number
  private added = 0
  /** Fingerprints by round, then by member. */
  private readonly seen = new Map<number, Map<MemberId, string>>()
  private failed: unknown = null

  constructor(
    private readonly setup: LabSetup,
    turns?: Turns,
  ) {
    const { seed, members } = setup
    this.lossRate = setup.lossPercent / 100
    const scheme = schemeOf(setup)
    const { rule, profile } = setup
    const charter = {
      ...blobCharter(
        {
          ...DEFAULT_TERMS,
          ...(isSkewed(scheme) && STEADIER),
          rule,
          profile,
          rounds: 0,
          localSteps: 6,
          batchSize: 16,
          learningRateMicro: 10_000,
          trusted: 'no',
        },
        members + MAX_ADDED,
      ),
      model: {
        input: [16],
        layers: [
          { type: 'dense' as const, units: HIDDEN, activation: 'relu' as const },
          { type: 'dense' as const, units: CLASSES.length, activation: 'linear' as const },
        ],
      },
    }
    const pool = blobs(`${seed}/pool`, CLASSES.map(Number), TRAIN_SAMPLES)
    const parts = dealSamples(pool, scheme, seed, members, 0).map(positions => pick(pool, positions))
    this.test = blobs(`${seed}/test`, CLASSES.map(Number), TEST_SAMPLES)
    this.model = createReferenceModel(charter.model)
    this.swarm = new Swarm({
      seed,
      charter,
      partData: part => parts[part] ?? blobs(`${seed}/added/${part}`, CLASSES.map(Number), 200),
      testData: this.test,
      stepMs: index => (this.isSlow(index) ? SLOW_FACTOR * STEP_MS : STEP_MS),
      latencyMs: 40,
      network: { lossRate: () => this.lossRate },
      ...(turns && { turns }),
    })
  }

  async begin(): Promise<void> {
    const { members, attackers } = this.setup
    for (let index = 0; index < members; index++) await this.join(index, index >= members - attackers)
    this.explore()
  }

  /** Throws what broke inside. */
  async advance(toSeconds: number): Promise<void> {
    await this.swarm.clock.run(toSeconds * 1000)
    this.remember()
    if (this.failed !== null) throw this.failed
  }

  /** Returns false for one poisoner too many. */
  async act(act: LabAct): Promise<boolean> {
    const { network } = this.swarm
    switch (act) {
      case 'loss':
        this.lossRate = Math.max(BROKEN_LOSS, this.lossRate)
        return true
      case 'poison':
        if (this.added === MAX_ADDED) return false
        await this.join(this.setup.members + this.added++, true)
        return true
      case 'partition': {
        const ids = this.swarm.members.map(({ signer }) => signer.id)
        network.partition([ids.filter((_, i) => i % 2 === 0), ids.filter((_, i) => i % 2 === 1)])
        return true
      }
      case 'heal':
        this.lossRate = this.setup.lossPercent / 100
        network.heal()
        return true
      default:
        return act satisfies never
    }
  }

  point(): LabPoint {
    const honest = this.honest()
    const accuracies = this.accuraciesOf(honest.map(({ peer }) => peer.modelParams()))
    const { members } = this.swarm
    const sent = this.swarm.network.records().reduce((sum, { sentBytes }) => sum + sentBytes, 0)
    const round = Math.max(...honest.map(({ peer }) => peer.machine.round))
    return {
      seconds: Math.round(this.swarm.clock.now() / 1000),
      round,
      accuracy: accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length,
      low: Math.min(...accuracies),
      high: Math.max(...accuracies),
      bytesPerMember: Math.round(sent / members.length),
      float32Bytes: round * (members.length - 1) * (4 * this.model.layout.size + 250),
      models: this.differentModels(),
      members: members.length,
      refused: this.refused().size,
    }
  }

  /** Of the model that most honest members hold after the newest round that all of them have. */
  fingerprint(): string {
    const counts = new Map<string, number>()
    for (const hash of this.comparable()) counts.set(hash, (counts.get(hash) ?? 0) + 1)
    return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0] ?? ''
  }

  close(): void {
    this.swarm.close()
  }

  private isSlow(index: number): boolean {
    const { members, attackers, attack } = this.setup
    return attack === 'slow' && index >= members - attackers
  }

  private async join(index: number, isLiar: boolean): Promise<void> {
    const { attack, seed } = this.setup
    const world = { seed: `${seed}/${index}`, acted: () => undefined }
    const joined = await this.swarm.join({ part: index, ...(isLiar && liarOptions(attack, world)) })
    if (isLiar) this.liars.add(joined.signer.id)
    joined.peer.subscribe(() => {
      if (joined.peer.phase === 'failed')
        this.failed ??= new Error(`member ${index}: ${joined.peer.fault?.kind ?? 'failed'}`)
    })
  }

  private honest(): SimMember[] {
    return this.swarm.members.filter(({ signer }) => !this.liars.has(signer.id))
  }

  /** Mostly all hold the same model: it is judged once. */
  private accuraciesOf(models: readonly Float32Array[]): number[] {
    const judged: { readonly params: Float32Array; readonly accuracy: number }[] = []
    return models.map(params => {
      const known = judged.find(other => params.every((value, i) => value === other.params[i]))
      if (known) return known.accuracy
      const { accuracy } = evaluateSamples(this.model, this.test, params)
      judged.push({ params, accuracy })
      return accuracy
    })
  }

  /** By their links, or by the round machine: two updates for one round shut their author out. */
  private refused(): Set<MemberId> {
    const refused = new Set(this.swarm.network.refusals().map(({ member }) => member))
    for (const { peer } of this.honest()) for (const member of peer.machine.ejected) refused.add(member)
    return refused
  }

  private remember(): void {
    for (const { peer } of this.honest()) {
      const { base, baseHash } = peer.machine.window
      const hashes = this.seen.get(base.round) ?? new Map<MemberId, string>()
      hashes.set(peer.self, baseHash)
      this.seen.set(base.round, hashes)
    }
    for (const round of [...this.seen.keys()].sort((a, b) => a - b).slice(0, -REMEMBERED))
      this.seen.delete(round)
  }

  private comparable(): string[] {
    const honest = this.honest().length
    const rounds = [...this.seen].filter(([, hashes]) => hashes.size === honest).map(([round]) => round)
    return rounds.length === 0 ? [] : [...this.seen.get(Math.max(...rounds))!.values()]
  }

  private differentModels(): number {
    return Math.max(1, new Set(this.comparable()).size)
  }

  private explore(): void {
    this.swarm.clock.after(EXPLORE_MS, () => {
      this.swarm.network.explore()
      this.explore()
    })
  }
}

function schemeOf({ skew, members }: LabSetup): PartitionScheme {
  switch (skew) {
    case 0:
      return { type: 'iid' }
    case 1:
      return { type: 'dirichlet', alphaMilli: 1000 }
    case 2:
      return { type: 'dirichlet', alphaMilli: 300 }
    case 3:
      return { type: 'classes', classesPerPart: Math.max(3, Math.ceil(CLASSES.length / members)) }
    default:
      return { type: 'classes', classesPerPart: Math.max(1, Math.ceil(CLASSES.length / members)) }
  }
}

function pick({ shape, classes, x, y }: Dataset, positions: Int32Array): Dataset {
  const width = shape.reduce((product, side) => product * side, 1)
  const own = new Float32Array(positions.length * width)
  positions.forEach((position, i) => own.set(x.subarray(position * width, (position + 1) * width), i * width))
  return { shape, classes, x: own, y: Uint16Array.from(positions, position => y[position]!) }
}
