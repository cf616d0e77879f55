// A room that lived long, made for measuring: twenty members (or more) with devices and licences that train, pay, order,
// sign, leave and come back, every entry really signed, sealed where the seal machine would seal. Nothing in it breaks a
// rule, so the fold takes the ways that it takes in an honest room. The same seed makes the same bytes.
import { DEFAULT_TERMS } from '../src/core/ledger/terms.ts'
import { encodeBase64url } from '../src/core/num/base64url.ts'
import { createRng, type Rng } from '../src/core/num/rng.ts'
import type { CharterBody, EntryBody, GovernanceTerms } from '../src/core/ledger/entry.ts'
import { EPOCH_QUOTA, type Ledger } from '../src/core/ledger/chain.ts'
import { consortiumQuorum, hostQuorum, presentMajority, type SealMode } from '../src/core/ledger/quorum.ts'
import { MANY_BYTES, MANY_ENTRIES } from '../src/core/ledger/seal-events.ts'
import { LedgerMaker } from '../tests/tools/ledger-maker.ts'
import { testIdentity, type TestIdentity } from '../tests/tools/test-identity.ts'

export interface RoomPlan {
  readonly mode: SealMode
  readonly members: number
  /** At least so many, the open ones of the end included. */
  readonly entries: number
  readonly seed: string
}

/** 1 January 2030, noon. */
const START = 1_893_499_200_000
const HOUR = 3_600_000
const GUARDIANS = 5
const GUARDIAN_QUORUM = 4
/** Dense 784-10: 2 * 784 * 10 forward, three times that for a training step. */
const SAMPLE_FLOP = 47_040
const STEP_SAMPLES = 32
/** Of a receipt. */
const STEPS = 20
const SAMPLES = STEPS * STEP_SAMPLES
const LICENCE_MS = 8 * HOUR
/** A member measures its device again after so many receipts, at most. */
const REMEASURE_EVERY = 90
/** More than the longest. */
const RECEIPT_BYTES = 1_100

interface Life {
  readonly identity: TestIdentity
  readonly device: string
  registration: string
  measured: number
  licence: string
  licenceEnds: number
  counter: number
  steps: number
  lastReceipt: string
  model: string
  /** Came back and has no share of the budget before the next seal. */
  waits: boolean
}

export function identitiesOf(members: number): TestIdentity[] {
  return Array.from({ length: members }, (_, i) => testIdentity(1_000 + i))
}

export class RoomLife {
  readonly maker: LedgerMaker
  /** Their number by kind. */
  readonly kinds = new Map<EntryBody['kind'], number>()
  readonly identities: readonly TestIdentity[]
  private readonly rng: Rng
  private readonly lives: readonly Life[]
  private nonce = 0
  private made = 1

  constructor(private readonly plan: RoomPlan) {
    this.rng = createRng(plan.seed)
    this.identities = identitiesOf(plan.members)
    this.lives = this.identities.map(identity => ({
      identity,
      device: encodeBase64url(this.bytes(16)),
      registration: '',
      measured: 0,
      licence: '',
      licenceEnds: 0,
      counter: 0,
      steps: 0,
      lastReceipt: '',
      model: this.hash(),
      waits: true,
    }))
    this.maker = new LedgerMaker(this.founder, charterOf(plan, this.guardians), START)
    this.kinds.set('charter', 1)
  }

  get founder(): TestIdentity {
    return this.identities[0]!
  }

  get entries(): number {
    return this.made
  }

  /** Lives until there are as many entries as were planned; `sealLast` closes the last epoch too. */
  run(sealLast = false): this {
    this.settle()
    while (this.made < this.plan.entries) {
      this.act()
      if (this.isMany) this.seal()
    }
    if (sealLast && this.maker.book.ledger.size > 0) this.seal()
    return this
  }

  /** Receipts by every member in turn, until the open epoch would be sealed; 'quota': until nobody may add any more. */
  fill(until: 'seal' | 'quota' = 'seal'): this {
    const bytes = until === 'quota' ? (EPOCH_QUOTA.bytes - RECEIPT_BYTES) * this.lives.length : MANY_BYTES
    const most = until === 'quota' ? Infinity : MANY_ENTRIES
    for (let i = 0; this.open.openBytes < bytes && this.open.size < most; i++)
      this.train(this.lives[i % this.lives.length]!)
    return this
  }

  /** Everybody comes in, is vouched for, registers a device, gets a licence; then the first seals. */
  settle(): void {
    this.lives.forEach((life, i) => {
      const { identity, device } = life
      this.add(identity, joining(i, this.hash()))
      const voucher = this.guardians[i % GUARDIANS]!
      if (voucher !== identity)
        this.add(voucher, {
          kind: 'vouch',
          subject: identity.id,
          level: 1,
          owner: i % 4 === 0 ? this.hash() : '',
          expiresUnixMs: 0,
        })
      life.registration = this.add(identity, registration(device, ''))
    })
    this.seal()
    for (const life of this.lives) {
      this.license(life)
      if (life.identity !== this.founder) this.give(this.founder, life.identity, 1_000_000)
    }
    this.seal()
  }

  /** By whoever may: the founder alone at first, later as many members as the mode asks for. */
  seal(): void {
    const { mode } = this.plan
    const { members, anchor } = this.maker.book.genesis
    const needed =
      mode === 'consortium'
        ? consortiumQuorum(members.length)
        : Math.max(
            hostQuorum(members.length),
            members.length > 1 ? presentMajority(this.identities.length) : 1,
          )
    const sealing = this.shuffled(this.identities.filter(({ id }) => members.includes(id) && id !== anchor))
    const host = this.identities.filter(({ id }) => id === anchor)
    const others = members.length === 1 && mode === 'host' ? this.identities.slice(1) : sealing
    const signers =
      mode === 'consortium'
        ? this.shuffled([...host, ...sealing]).slice(0, needed)
        : [...host, ...others].slice(0, Math.max(needed, presentMajority(this.identities.length)))
    this.maker.seal({
      path: mode === 'consortium' ? 'quorum' : 'host',
      signers,
      present: this.identities,
      unixMs: this.now,
    })
    for (const life of this.lives) life.waits = false
  }

  private get guardians(): readonly TestIdentity[] {
    return this.identities.slice(0, GUARDIANS)
  }

  private get isMany(): boolean {
    const { size, openBytes } = this.open
    return size >= MANY_ENTRIES || openBytes >= MANY_BYTES
  }

  private get open(): Ledger {
    return this.maker.book.ledger
  }

  /** The maker's clock: an entry a second. */
  private get now(): number {
    return START + this.made * 1000
  }

  private act(): void {
    const life = this.lives[this.rng.below(this.lives.length)]!
    const chance = this.rng.next()
    if (life.licenceEnds < this.now + HOUR / 2) this.license(life)
    else if (chance < 0.08) this.pay(life)
    else if (chance < 0.084) this.pause()
    else if (chance < 0.086) this.revisit(life)
    else if (chance < 0.088) this.ask(life)
    else if (!life.waits) this.train(life)
  }

  private train(life: Life): void {
    if (life.measured++ % REMEASURE_EVERY === REMEASURE_EVERY - 1)
      life.registration = this.add(life.identity, registration(life.device, life.registration))
    const modelAfter = this.hash()
    const round = Math.floor(this.made / this.lives.length)
    life.lastReceipt = this.add(life.identity, {
      kind: 'receipt',
      lineage: this.maker.room,
      device: life.device,
      licence: life.licence,
      previous: life.lastReceipt,
      fromRound: round,
      toRound: round,
      fromStep: life.steps,
      toStep: life.steps + STEPS,
      samples: SAMPLES,
      flop: String(SAMPLES * SAMPLE_FLOP),
      wallMs: 700 + this.rng.below(300),
      modelBefore: life.model,
      modelAfter,
      updates: 1,
      updatesRoot: this.hash(),
      sentBytes: 12_000 + this.rng.below(4_000),
      receivedBytes: 240_000 + this.rng.below(40_000),
    })
    life.steps += STEPS
    life.model = modelAfter
  }

  private pay({ identity }: Life): void {
    this.give(identity, this.lives[this.rng.below(this.lives.length)]!.identity, 1 + this.rng.below(2_000))
  }

  private give(from: TestIdentity, { id: to }: TestIdentity, micro: number): void {
    this.add(from, { kind: 'transfer', to, amountMicro: String(micro), memo: 'for an afternoon' })
  }

  private license(life: Life): void {
    const [author] = this.guardians
    life.licenceEnds = this.now + LICENCE_MS
    life.licence = this.signed(author!, GUARDIAN_QUORUM, {
      kind: 'licence',
      subject: life.identity.id,
      devices: [life.device],
      lineage: '*',
      budgetFlop: '1000000000000000',
      rateFlops: '0',
      notBeforeUnixMs: this.now - HOUR,
      expiresUnixMs: life.licenceEnds,
      counter: ++life.counter,
    })
  }

  /** A pause and the order to resume, both with their signatures. */
  private pause(): void {
    for (const action of ['pause', 'resume'] as const) {
      const author = this.guardians[this.rng.below(GUARDIANS)]!
      this.signed(author, GUARDIAN_QUORUM, {
        kind: 'order',
        action,
        target: '',
        reason: action === 'pause' ? 'somebody looks at the data' : 'all is well',
        nonce: ++this.nonce,
        round: Math.floor(this.made / this.lives.length),
        expiresUnixMs: 0,
      })
    }
  }

  /** A tab closes and opens again. */
  private revisit(life: Life): void {
    if (life.identity === this.founder) return
    this.add(life.identity, { kind: 'leave' })
    this.add(life.identity, joining(this.lives.indexOf(life), this.hash()))
    life.waits = true
  }

  private ask({ identity }: Life): void {
    const { identity: subject } = this.lives[this.rng.below(this.lives.length)]!
    const commitment = this.hash()
    this.add(identity, { kind: 'request', subject: subject.id, commitment, reason: 'who is behind it?' })
  }

  private signed(author: TestIdentity, signers: number, body: EntryBody): string {
    const hash = this.add(author, body)
    const others = this.shuffled(this.guardians.filter(guardian => guardian !== author))
    const round = Math.floor(this.made / this.lives.length)
    for (const guardian of others.slice(0, signers - 1))
      this.add(guardian, { kind: 'endorse', subject: hash, round })
    return hash
  }

  private add(author: TestIdentity, body: EntryBody): string {
    this.made++
    this.kinds.set(body.kind, (this.kinds.get(body.kind) ?? 0) + 1)
    return this.maker.add(author, body)
  }

  private shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.rng.below(i + 1)
      ;[shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!]
    }
    return shuffled
  }

  private bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.rng.below(256))
  }

  private hash(): string {
    return Buffer.from(this.bytes(32)).toString('hex')
  }
}

function joining(index: number, dataRoot: string): EntryBody {
  return { kind: 'join', nickname: `member ${index}`, role: 'trainer', part: index % 1_000, dataRoot }
}

function registration(device: string, previous: string): EntryBody {
  const benchmarkFlops = '2000000000'
  return { kind: 'device', device, label: 'a laptop', backend: 'webgpu', benchmarkFlops, previous }
}

function charterOf(
  { mode, members }: RoomPlan,
  guardians: readonly TestIdentity[],
): Omit<CharterBody, 'kind' | 'salt'> {
  const governance: GovernanceTerms = {
    guardians: guardians.map(({ id }) => id).sort(),
    quorum: GUARDIAN_QUORUM,
    resumeQuorum: GUARDIAN_QUORUM,
    issuers: [],
    licensing: 'licensed',
    budget: { memberFlop: '0', roundFlop: '0', lineageFlop: '1000000000000000' },
    sealing: mode,
    heartbeatMs: 0,
    expiresUnixMs: 0,
  }
  return {
    title: 'A room that lived long',
    task: 'mnist',
    classes: [...'0123456789'],
    model: {
      input: [28, 28, 1],
      layers: [{ type: 'flatten' }, { type: 'dense', units: 10, activation: 'linear' }],
    },
    seed: 'measured',
    partition: { type: 'dirichlet', alphaMilli: 300 },
    parts: members,
    partSamples: 0,
    terms: { ...DEFAULT_TERMS, batchSize: STEP_SAMPLES, localSteps: STEPS, rounds: 0 },
    schema: '',
    governance,
    rewardMicro: '1000000000',
  }
}
