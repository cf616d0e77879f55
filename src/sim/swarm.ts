// A simulated swarm: real peers, real gradient steps, virtual time, a network with latency and loss. Everything follows
// from the scenario and its seed. Members can be killed, suspended, brought back, or be modified clients.
import { sha256 } from '@noble/hashes/sha2.js'
import {
  createMemoryNetwork,
  type MemoryNetwork,
  type MemoryNetworkOptions,
} from '../adapters/transport-memory.ts'
import type { OverlayLimits } from '../core/overlay/partners.ts'
import { createMemoryStore } from '../adapters/store-memory.ts'
import type { Dataset } from '../core/data/dataset.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import { createRng } from '../core/num/rng.ts'
import { foundRoom, type CharterEntry } from '../peer/founding.ts'
import type { PeerDeps } from '../peer/deps.ts'
import { freshState, recallGossip } from '../peer/kept.ts'
import type { Checked } from '../peer/context.ts'
import { Peer } from '../peer/peer.ts'
import { initialParams } from '../core/model/init.ts'
import type { Entropy } from '../ports/clock.ts'
import type { Packer } from '../ports/packer.ts'
import type { Store } from '../ports/store.ts'
import type { Transport } from '../ports/transport.ts'
import { MemberClock } from './member-clock.ts'
import { createSimSigner, type SimSigner } from './sim-signer.ts'
import { createSimTrainer } from './sim-trainer.ts'
import { VirtualClock, type Turns } from './virtual-clock.ts'

export interface SwarmOptions {
  readonly seed: string
  readonly charter: Omit<CharterBody, 'kind' | 'salt' | 'seed'>
  /** Training samples of a part, and the held-out samples that everybody shares. */
  readonly partData: (part: number) => Dataset | null
  readonly testData: Dataset
  readonly latencyMs?: number
  readonly lossRate?: number
  /** Virtual milliseconds of one training step. */
  readonly stepMs?: (index: number) => number
  readonly overlay?: OverlayLimits
  /** More of the network than latency and loss (network.ts draws one). */
  readonly network?: Omit<MemoryNetworkOptions, 'clock'>
  /** Where it is not Node that lets virtual time run. */
  readonly turns?: Turns
}

export interface SimMember {
  readonly index: number
  readonly signer: SimSigner
  readonly store: Store
  clock: MemberClock
  peer: Peer
}

/** What a peer reaches the world through. */
export interface PeerPorts {
  readonly transport: Transport
  readonly signer: SimSigner
  readonly store: Store
}

export interface MemberOptions {
  readonly role?: 'trainer' | 'watcher'
  readonly part?: number
  readonly profile?: PeerDeps['profile']
  /** Other ports for a modified client. */
  readonly ports?: (ports: PeerPorts) => PeerPorts
  /** What its clock is wrong by. */
  readonly skewMs?: number
  /** Other samples than those of its part. */
  readonly data?: (samples: Dataset) => Dataset
  /** Called with every peer before it starts. */
  readonly prepare?: (peer: Peer) => void
}

export class Swarm {
  readonly clock: VirtualClock
  readonly network: MemoryNetwork
  readonly members: SimMember[] = []
  private charter: CharterEntry | undefined
  private readonly twins: Peer[] = []
  /** A thousand members need not each check what one of them did. */
  private readonly checked: Checked = { entries: new Map(), updates: new Map(), epochs: new Map() }

  constructor(private readonly options: SwarmOptions) {
    this.clock = new VirtualClock(options.turns)
    this.network = createMemoryNetwork({
      clock: this.clock,
      seed: options.seed,
      latencyMs: () => options.latencyMs ?? 20,
      lossRate: () => options.lossRate ?? 0,
      ...(options.overlay && { limits: options.overlay }),
      ...options.network,
    })
  }

  get room(): RoomId | undefined {
    return this.charter?.room
  }

  /** The first member founds the room. */
  async join(member: MemberOptions = {}): Promise<SimMember> {
    const index = this.members.length
    const signer = createSimSigner(`${this.options.seed}/${index}`)
    const entropy = seededEntropy(`${this.options.seed}/charter`)
    const terms = { ...this.options.charter, seed: this.options.seed }
    this.charter ??= await foundRoom(terms, signer, entropy, this.clock.unixMs())
    const store = createMemoryStore()
    const clock = new MemberClock(this.clock, member.skewMs ?? 0)
    const peer = await this.createPeer(index, signer, store, clock, member)
    const joined: SimMember = { index, signer, store, clock, peer }
    this.members.push(joined)
    void joined.peer.start()
    return joined
  }

  /** The process dies without a word. */
  kill(member: SimMember): void {
    this.network.kill(member.signer.id)
    member.peer.close()
  }

  /** The process stands still until it resumes: no timer fires, nothing is heard or said. */
  suspend(member: SimMember): void {
    this.network.suspend(member.signer.id)
    member.clock.suspend()
  }

  resume(member: SimMember): void {
    member.clock.resume()
    this.network.resume(member.signer.id)
  }

  /** Same identity and store, new process. */
  async rejoin(member: SimMember, options: MemberOptions = {}): Promise<void> {
    member.clock = new MemberClock(this.clock, options.skewMs ?? 0)
    member.peer = await this.createPeer(member.index, member.signer, member.store, member.clock, options)
    void member.peer.start()
  }

  /** A second process of the same identity, with a copy of its store: only a liar has one. Runs until close. */
  async twin(
    { index, signer, store, clock }: SimMember,
    ports: (ports: PeerPorts) => PeerPorts,
    prepare: (peer: Peer) => void,
  ): Promise<Peer> {
    const copy = createMemoryStore()
    for (const key of await store.keys('')) await copy.put(key, (await store.get(key))!)
    const peer = await this.createPeer(index, signer, copy, clock, { ports, prepare }, null)
    this.twins.push(peer)
    void peer.start()
    return peer
  }

  memberOf(id: MemberId): SimMember | undefined {
    return this.members.find(({ signer }) => signer.id === id)
  }

  close(): void {
    for (const { peer } of this.members) peer.close()
    for (const peer of this.twins) peer.close()
  }

  private async createPeer(
    index: number,
    signer: SimSigner,
    ownStore: Store,
    clock: MemberClock,
    { role = 'trainer', part = -1, profile, ports, data, prepare }: MemberOptions,
    transport: Transport | null = this.network.transport(signer.id),
  ): Promise<Peer> {
    const own = { transport: transport ?? closedTransport(signer.id), signer, store: ownStore }
    const used = ports ? ports(own) : own
    const { store } = used
    const charter = this.charter!
    const { model, seed } = charter.body
    const fresh = () => freshState(initialParams(model, seed), charter.body)
    const resume = await recallGossip(store, charter.room, signer.id, fresh)
    const { partData, testData, stepMs } = this.options
    const peer = new Peer(
      {
        ...used,
        clock,
        packer: plainPacker,
        checked: this.checked,
        entropy: seededEntropy(`${this.options.seed}/entropy/${index}`),
        deviceId: encodeBase64url(sha256(new TextEncoder().encode(`device/${signer.id}`)).slice(0, 16)),
        openTrainer: ({ model }) =>
          Promise.resolve(createSimTrainer({ model }, clock, stepMs?.(index) ?? 20)),
        loadPart: (_charter, wanted) => {
          const train = wanted >= 0 ? partData(wanted) : null
          return Promise.resolve({ train: train && data ? data(train) : train, test: testData })
        },
        ...(profile && { profile }),
      },
      {
        link: { room: charter.room, key: encodeBase64url(new Uint8Array(32)) },
        charter,
        nickname: `member ${index}`,
        role,
        part,
        own: null,
        resume,
      },
    )
    prepare?.(peer)
    return peer
  }
}

/** Stands in until `ports` gives a better one. */
function closedTransport(self: MemberId): Transport {
  return {
    self,
    links: () => [],
    send: () => false,
    stats: () => undefined,
    ban: () => undefined,
    subscribe: () => () => undefined,
    close: () => undefined,
  }
}

/** Compression streams run on the machine's own time, which a virtual clock does not know. */
const plainPacker: Packer = {
  pack: bytes => Promise.resolve(bytes.slice()),
  unpack: (bytes, limitBytes) => Promise.resolve(bytes.length <= limitBytes ? bytes.slice() : undefined),
}

function seededEntropy(seed: string): Entropy {
  const rng = createRng(seed)
  return { bytes: length => Uint8Array.from({ length }, () => rng.below(256)) }
}
