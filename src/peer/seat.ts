// A member's seat in the room: which part of the data it holds, and the join entry that says so.
import type { Dataset } from '../core/data/dataset.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import type { Membership } from '../core/ledger/members.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import type { Clock } from '../ports/clock.ts'
import type { DataSummary } from '../ports/session.ts'
import type { Trainer } from '../ports/trainer.ts'
import { dataRoot } from './data-root.ts'
import { choosePart, holdersOf, settlePart, type Holder } from './parts.ts'
import type { PeerDeps, PeerOptions } from './deps.ts'
import type { Wire } from './wire.ts'

/** A part whose holder was silent for this long counts as free. */
const PART_LEASE_MS = 60_000
/** Samples that contributions are measured on. */
const VALIDATION_SAMPLES = 500

export class Seat {
  part = -1
  summary: DataSummary | null = null
  testData: Dataset | null = null
  private testLoaded = false
  private fetched: Awaited<ReturnType<PeerDeps['loadPart']>> | null = null
  private root = ''
  /** How many of them train, where a sponsored run agreed on less than all. */
  private brought: number | null = null
  private readonly added: Dataset[] = []

  constructor(
    private readonly charter: CharterBody,
    private readonly self: MemberId,
    private readonly options: Pick<PeerOptions, 'nickname' | 'role' | 'part' | 'own'>,
    private readonly room: RoomId,
    private readonly clock: Clock,
    private readonly members: () => ReadonlyMap<MemberId, Membership>,
    private readonly wire: Wire,
    private readonly links: () => readonly MemberId[],
    private readonly loadPart: PeerDeps['loadPart'],
    private readonly isInCrowd: () => boolean,
  ) {}

  /** True once held-out samples can be measured on. */
  get hasTestData(): boolean {
    return this.testLoaded
  }

  /** The samples of the join entry, without those that the person added since; null without any. */
  get described(): {
    readonly root: string
    readonly samples: number
    readonly perClass: readonly number[]
  } | null {
    const train = this.fetched?.train
    if (!train || this.root === '') return null
    const perClass = new Array<number>(this.charter.classes.length).fill(0)
    for (const label of train.y) perClass[label]!++
    return { root: this.root, samples: train.y.length, perClass }
  }

  /** Picks a part, gets its data, and says so in the ledger, unless the ledger says it already. */
  async take(): Promise<void> {
    this.part = this.pick()
    await this.fetch()
    await this.stateJoin()
  }

  /** Moves to a free part when somebody else holds this one by right. True when it moved: load the data again. */
  async settle(): Promise<boolean> {
    if (this.options.part >= 0 || this.part < 0) return false
    const part = settlePart(this.part, this.charter.parts, this.holders(), this.self)
    if (part === this.part) return false
    this.part = part
    await this.fetch()
    await this.stateJoin()
    return true
  }

  /** What its root commits to, and the held-out samples beside it; examples added later are in neither. */
  get committed(): { readonly train: Dataset | null; readonly test: Dataset | null } {
    return { train: this.fetched?.train ?? null, test: this.fetched?.test ?? null }
  }

  async load(trainer: Trainer): Promise<void> {
    const { own } = this.options
    if (!this.fetched) return
    const { train, test } = this.fetched
    this.testData = test
    const perClass = new Array<number>(this.charter.classes.length).fill(0)
    for (const label of train?.y ?? []) perClass[label]!++
    this.summary = {
      source: own ? 'own' : 'part',
      trainSamples: train?.y.length ?? 0,
      testSamples: test.y.length,
      perClass,
      addedExamples: 0,
    }
    if (test.y.length > 0) {
      await trainer.setData('test', test)
      this.testLoaded = true
    }
    if (train) await trainer.setData('train', this.share(train))
    // Another part must not take away what the person added.
    for (const data of this.added) {
      await trainer.addExamples(data)
      this.countAdded(data)
    }
  }

  /** Held-out samples from the end of the set: quick measurements of accuracy use those from its beginning. */
  async loadValidation(trainer: Trainer): Promise<void> {
    const { testData } = this
    if (!testData) return
    const count = Math.min(VALIDATION_SAMPLES, Math.ceil(testData.y.length / 2))
    const from = testData.y.length - count
    const width = testData.x.length / testData.y.length
    await trainer.setData('validation', {
      ...testData,
      x: testData.x.slice(from * width),
      y: testData.y.slice(from),
    })
  }

  /** Trains on so many samples from now on; null for all. */
  async bring(trainer: Trainer, samples: number | null): Promise<void> {
    if (samples === this.brought) return
    this.brought = samples
    await this.load(trainer)
  }

  /** Spread evenly over the data, so that an ordered set keeps its classes. */
  private share(train: Dataset): Dataset {
    const whole = train.y.length
    if (this.brought === null || this.brought >= whole) return train
    const width = train.x.length / whole
    const picked = Array.from({ length: this.brought }, (_, i) => Math.floor((i * whole) / this.brought!))
    const x = train.x.slice(0, picked.length * width)
    picked.forEach((from, i) => x.set(train.x.subarray(from * width, (from + 1) * width), i * width))
    return { ...train, x, y: train.y.slice(0, picked.length).map((_, i) => train.y[picked[i]!]!) }
  }

  /** Adds the person's own examples to the training samples, now and after every change of part. */
  async add(trainer: Trainer, data: Dataset): Promise<void> {
    await trainer.addExamples(data)
    this.added.push(data)
    this.countAdded(data)
  }

  private async fetch(): Promise<void> {
    this.fetched = this.options.own ?? (await this.loadPart(this.charter, this.part))
    this.root = dataRoot(this.room, this.fetched.train)
  }

  private countAdded({ y }: Dataset): void {
    if (!this.summary) return
    const perClass = [...this.summary.perClass]
    for (const label of y) perClass[label] = (perClass[label] ?? 0) + 1
    const { trainSamples, addedExamples } = this.summary
    this.summary = {
      ...this.summary,
      perClass,
      trainSamples: trainSamples + y.length,
      addedExamples: addedExamples + y.length,
    }
  }

  private pick(): number {
    if (this.options.role === 'watcher' || this.options.own) return -1
    if (this.options.part >= 0) return this.options.part
    // A member that comes back takes up the part that it had.
    const before = this.members().get(this.self)?.part ?? -1
    return before >= 0 && before < this.charter.parts
      ? before
      : choosePart(this.charter.parts, this.holders())
  }

  private async stateJoin(): Promise<void> {
    const known = this.members().get(this.self)
    const { nickname, role } = this.options
    const same =
      known?.present && known.part === this.part && known.role === role && known.nickname === nickname
    if (same) return
    await this.wire.ledger.append({
      kind: 'join',
      nickname,
      role,
      part: this.part,
      dataRoot: this.root,
    })
  }

  private holders(): Holder[] {
    return holdersOf(this.members().values(), this.self, member => {
      const held = this.wire.presence.all.get(member)
      // In a crowd the ledger speaks for those that are not heard here; else, before a member was heard, its link.
      if (!held) return this.isInCrowd() || this.links().includes(member)
      return this.isInCrowd() || this.clock.now() - held.heardAt < PART_LEASE_MS
    })
  }
}
