// A room of hundreds or a thousand members through real peers: rounds by lot, members that die without a word and come back
// with what their browser kept, lost messages. Counts every byte that a member sends, by message type. The room starts where
// one stands that has run for a while: its draw knows how many there are; before that, in the first rounds of a room, up to
// four times the committee publish. Not a measurement of time: the clock is virtual.
import { decodeHeader, updateId } from '../core/gossip/update.ts'
import { drawnShare, firstDraw, nextDraw } from '../core/gossip/sortition.ts'
import { encodeState, type ModelState } from '../core/gossip/state.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import { evaluateSamples } from '../core/model/reference/train.ts'
import { createReferenceModel } from '../core/model/reference/model.ts'
import { initialParams } from '../core/model/init.ts'
import { createRng } from '../core/num/rng.ts'
import { freshState, stateKey } from '../peer/kept.ts'
import { createProfile } from '../peer/profile.ts'
import type { Transport } from '../ports/transport.ts'
import { decodeMessage, MESSAGE_NAMES } from '../protocol/messages.ts'
import { blobCharter, blobs, CLASSES } from './blobs.ts'
import { createSharedStates } from './shared-states.ts'
import { Swarm, type MemberOptions, type SimMember } from './swarm.ts'

export interface ScaleOptions {
  readonly members: number
  readonly seed: string
  /** Rounds that are measured, after the room has formed and SETTLING rounds more. */
  readonly rounds: number
  readonly committee?: number
  /** Share of those present that die in every round; they come back two rounds later. */
  readonly churn?: number
  readonly lossRate?: number
  /** Units of the two hidden layers. */
  readonly units?: number
  /** Virtual; of all steps of a round, four seconds. */
  readonly stepMs?: number
}

export interface ScaleFigures {
  readonly members: number
  readonly parameters: number
  readonly rounds: number
  readonly virtualSeconds: number
  /** Updates of a round, on average over the rounds of which any were sent: lots decide. */
  readonly publishers: number
  /** Sent by one member in one round, on average over those present; without what a seal costs. */
  readonly bytesPerRound: number
  /**
   * The same for a committee that is as large as asked: what goes with the number of updates is scaled by it. Over a few rounds
   * lots differ by a fifth, which says nothing of how bytes grow with the room.
   */
  readonly bytesAtCommittee: number
  /** Of the seals that fell into the measured rounds: how often a room seals goes by its size and by time, not by rounds. */
  readonly sealBytesPerRound: number
  readonly bytesByType: Readonly<Record<string, number>>
  readonly deaths: number
  readonly returns: number
  /** Of the room's model on samples that nobody trained on. */
  readonly accuracy: number
  /** Different models that members hold of one frozen round, and how many hold one of it. */
  readonly models: number
  readonly compared: number
  /** Share of those that hold the most common one. */
  readonly agreeing: number
  readonly entries: number
  readonly epochs: number
  readonly memoryMb: number
  readonly wallSeconds: number
}

/** Rounds after the kept state's in which the room forms, and rounds with deaths before the measured ones: the same for every
    size, since who comes back fetches every round since that state. */
const FORMING = 2
const SETTLING = 3
/** Enough that either model has learned what it can in the few rounds before it is asked. */
const STEPS = 30
const JOINED_AT_ONCE = 10
const JOIN_GAP_MS = 150
const AWAY_ROUNDS = 2
const PARTS = 50
/** Sent because of a seal. The comparison of what is known of the next one goes on all the time and counts as everything else. */
const SEAL_TYPES: ReadonlySet<string> = new Set([
  'seal-statements',
  'seal-want',
  'seal',
  'certificates-want',
  'certificates',
  'snapshot-want',
  'snapshot',
])
/** Sent because of an update: itself, word of it, and the receipts of those who made one. */
const UPDATE_TYPES: ReadonlySet<string> = new Set([
  'update',
  'have',
  'want',
  'entries',
  'entries-have',
  'entries-get',
])
const EVERY = CLASSES.map(Number)
/** A room never takes so long for one round; a run that does has failed. */
const STUCK_MS = 120_000
const LOOK_MS = 100

export async function runScale(
  options: ScaleOptions,
  progress: (line: string) => void,
): Promise<ScaleFigures> {
  const {
    members,
    seed,
    rounds,
    committee = 32,
    churn = 0.1,
    lossRate = 0.05,
    stepMs = 4_000 / STEPS,
  } = options
  const startedAt = performance.now()
  const charter = scaleCharter(options)
  const data = Array.from({ length: PARTS }, (_, part) => blobs(`${seed}/part/${part}`, EVERY, 200))
  const swarm = new Swarm({
    seed,
    charter,
    partData: part => data[part % PARTS]!,
    testData: blobs(`${seed}/test`, EVERY, 100),
    latencyMs: 30,
    lossRate,
    stepMs: () => stepMs,
  })
  const count = new ByteCount()
  const start = settledState(charter, seed, members)
  const kept = encodeState(start)
  const shared = createSharedStates()
  const memberOptions = (part: number): MemberOptions => ({
    part,
    profile: (parameters, body) => ({ ...createProfile(parameters, body.terms), shared }),
    ports: ports => ({ ...ports, transport: count.counting(ports.transport) }),
  })
  const joinAll = async (): Promise<void> => {
    for (let i = 0; i < members; i++) {
      await swarm.join({
        ...memberOptions(i % charter.parts),
        ports: ports => {
          void ports.store.put(stateKey(swarm.room!, ports.signer.id), kept)
          return { ...ports, transport: count.counting(ports.transport) }
        },
      })
      if ((i + 1) % JOINED_AT_ONCE === 0)
        await new Promise<void>(resolve => void swarm.clock.after(JOIN_GAP_MS, resolve))
    }
  }
  const present = new Set<SimMember>()
  const roundOf = (): number => {
    const all = [...present].map(({ peer }) => peer.machine.round).sort((a, b) => a - b)
    return all[Math.floor(all.length / 2)] ?? 0
  }
  /** Runs until it holds; looks now and then, since looking at a thousand members costs more than an event. */
  const runUntil = async (withinMs: number, holds: () => boolean): Promise<boolean> => {
    const deadline = swarm.clock.now() + withinMs
    while (swarm.clock.now() < deadline) {
      if (holds()) return true
      await swarm.clock.run(swarm.clock.now() + LOOK_MS)
    }
    return holds()
  }
  const reachRound = async (round: number): Promise<void> => {
    if (!(await runUntil(STUCK_MS, () => roundOf() >= round)))
      throw new Error(`round ${round} of ${members} members did not come`)
  }

  void joinAll()
  const formed = (): boolean =>
    swarm.members.length === members && swarm.members.every(({ peer }) => peer.phase === 'training')
  if (!(await runUntil(STUCK_MS + members * JOIN_GAP_MS, formed)))
    throw new Error(`${members} members did not find together`)
  for (const member of swarm.members) present.add(member)
  progress(`${members} members after ${(swarm.clock.now() / 1000).toFixed(0)} s`)

  const rng = createRng(`${seed}/churn`)
  const away: { readonly member: SimMember; readonly until: number }[] = []
  let [deaths, returns, memberRounds] = [0, 0, 0]
  const formedIn = Math.max(roundOf(), start.round + FORMING)
  const first = formedIn + SETTLING
  const beginsAt: { virtualMs: number }[] = []
  for (let round = formedIn + 1; round <= first + rounds; round++) {
    await reachRound(round)
    if (round === first) {
      count.reset()
      beginsAt.push({ virtualMs: swarm.clock.now() })
    }
    if (round > first) memberRounds += present.size
    while (away[0] && away[0].until <= round) {
      const { member } = away.shift()!
      await swarm.rejoin(member, memberOptions(member.index % charter.parts))
      present.add(member)
      returns++
    }
    // The host stays: without it a room seals nothing for a minute, which is another measurement.
    const mortal = [...present].filter(({ index }) => index !== 0)
    for (let k = 0; k < Math.round(churn * members) && mortal.length > 0; k++) {
      const [victim] = mortal.splice(rng.below(mortal.length), 1)
      swarm.kill(victim!)
      present.delete(victim!)
      away.push({ member: victim!, until: round + AWAY_ROUNDS })
      deaths++
    }
    progress(
      `round ${round}: ${(swarm.clock.now() / 1000).toFixed(0)} s, ${present.size} present, ` +
        `${Math.round((performance.now() - startedAt) / 1000)} s of machine time`,
    )
  }
  const virtualSeconds = (swarm.clock.now() - beginsAt[0]!.virtualMs) / 1000
  const bytesByType = count.perUnit(memberRounds)
  const publishers = count.updatesPerRound(first + rounds)
  const ofUpdates = sumOf(bytesByType, type => UPDATE_TYPES.has(type))
  const bytesPerRound = sumOf(bytesByType, type => !SEAL_TYPES.has(type))
  // Nobody dies any more: what is under way arrives.
  await reachRound(roundOf() + 2)
  const host = swarm.members[0]!.peer
  const agreement = agreementOf([...present])
  const figures: ScaleFigures = {
    members,
    parameters: host.machine.window.current.params.length,
    rounds,
    virtualSeconds: Math.round(virtualSeconds),
    publishers: Math.round(10 * publishers) / 10,
    bytesPerRound,
    bytesAtCommittee: Math.round(bytesPerRound + ofUpdates * (committee / publishers - 1)),
    sealBytesPerRound: sumOf(bytesByType, type => SEAL_TYPES.has(type)),
    bytesByType,
    deaths,
    returns,
    accuracy: accuracyOf(charter, host.machine.window.base.params, seed),
    ...agreement,
    entries: host.book.sealedEntries + host.book.ledger.size,
    epochs: host.book.epoch,
    memoryMb: Math.round(process.memoryUsage().rss / 1e6),
    wallSeconds: Math.round((performance.now() - startedAt) / 1000),
  }
  swarm.close()
  return figures
}

function sumOf(bytesByType: Readonly<Record<string, number>>, counts: (type: string) => boolean): number {
  return Object.entries(bytesByType).reduce((sum, [type, bytes]) => (counts(type) ? sum + bytes : sum), 0)
}

function scaleCharter({ committee = 32, units = 128 }: ScaleOptions): ReturnType<typeof blobCharter> {
  const model: CharterBody['model'] = {
    input: [16],
    layers: [
      { type: 'dense', units, activation: 'relu' },
      { type: 'dense', units, activation: 'relu' },
      { type: 'dense', units: CLASSES.length, activation: 'linear' },
    ],
  }
  const terms = { rounds: 0, committee, localSteps: STEPS, batchSize: 16 }
  return { ...blobCharter(terms, 1000), model }
}

/** Of a room in which this many have trained for so long that its draw has found the committee's share. */
function settledState(charter: ReturnType<typeof blobCharter>, seed: string, members: number): ModelState {
  const { committee } = charter.terms
  const start = freshState(initialParams(charter.model, seed), {
    ...charter,
    kind: 'charter',
    salt: '',
    seed,
  })
  let draw = firstDraw(committee, charter.parts, seed)
  let round = 0
  for (; round < 64; round++) {
    const published = Math.round(drawnShare(draw) * members)
    const ids = Array.from({ length: published }, (_, i) => (1000 * round + i).toString(16).padStart(64, '0'))
    draw = nextDraw(draw, committee, ids)
  }
  return { ...start, round, draw }
}

function accuracyOf({ model }: Pick<CharterBody, 'model'>, params: Float32Array, seed: string): number {
  const { x, y } = blobs(`${seed}/unseen`, EVERY, 5_000)
  return evaluateSamples(createReferenceModel(model), { x, y }, params).accuracy
}

/** Of a frozen round that most hold; who came back lately holds none that old. */
function agreementOf(members: readonly SimMember[]): Pick<ScaleFigures, 'models' | 'compared' | 'agreeing'> {
  const rounds = members.map(({ peer }) => peer.machine.window.base.round).sort((a, b) => a - b)
  const round = rounds[Math.floor(rounds.length / 10)]!
  const hashes = new Map<string, number>()
  for (const { peer } of members) {
    const anchor = peer.machine.window.anchors.find(held => held.round === round)
    if (anchor) hashes.set(anchor.hash, (hashes.get(anchor.hash) ?? 0) + 1)
  }
  const compared = [...hashes.values()].reduce((sum, held) => sum + held, 0)
  return { models: hashes.size, compared, agreeing: Math.max(0, ...hashes.values()) / Math.max(1, compared) }
}

/** What transports were given to send, by message type. */
class ByteCount {
  private readonly bytes = new Map<number, number>()
  /** By round: every update that was sent. */
  private readonly updates = new Map<number, Set<string>>()

  counting(transport: Transport): Transport {
    return {
      self: transport.self,
      links: () => transport.links(),
      send: (to, bytes, priority) => {
        const sent = transport.send(to, bytes, priority)
        if (sent) this.note(bytes)
        return sent
      },
      stats: member => transport.stats(member),
      ban: member => transport.ban(member),
      subscribe: listener => transport.subscribe(listener),
      close: () => transport.close(),
    }
  }

  reset(): void {
    this.bytes.clear()
    this.updates.clear()
  }

  /** Of rounds before `end`. */
  updatesPerRound(end: number): number {
    const rounds = [...this.updates].filter(([round]) => round < end)
    return rounds.reduce((sum, [, ids]) => sum + ids.size, 0) / rounds.length
  }

  private note(bytes: Uint8Array): void {
    const code = bytes[0]!
    this.bytes.set(code, (this.bytes.get(code) ?? 0) + bytes.byteLength)
    if (MESSAGE_NAMES.get(code) !== 'update') return
    const message = decodeMessage(bytes)
    const header = message?.type === 'update' ? decodeHeader(message.signed) : undefined
    if (message?.type !== 'update' || !header) throw new Error('a member sent an update that is none')
    const ids = this.updates.get(header.round) ?? new Set<string>()
    this.updates.set(header.round, ids.add(updateId(message.signed)))
  }

  perUnit(units: number): Record<string, number> {
    const sorted = [...this.bytes].sort((a, b) => b[1] - a[1])
    return Object.fromEntries(
      sorted.map(([code, bytes]) => [MESSAGE_NAMES.get(code) ?? String(code), Math.round(bytes / units)]),
    )
  }
}
