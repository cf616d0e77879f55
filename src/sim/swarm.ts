// A simulated swarm: real peers, real gradient steps, virtual time, a network with latency and loss. Everything follows
// from the scenario and its seed. Members can be killed, brought back, or be modified clients.
import { sha256 } from '@noble/hashes/sha2.js'
import { createMemoryNetwork, type MemoryNetwork } from '../adapters/transport-memory.ts'
import { createMemoryStore } from '../adapters/store-memory.ts'
import type { Dataset } from '../core/data/dataset.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId } from '../core/num/ids.ts'
import { createRng } from '../core/num/rng.ts'
import { foundRoom, type CharterEntry } from '../peer/founding.ts'
import type { PeerDeps } from '../peer/deps.ts'
import { freshState, recallGossip } from '../peer/kept.ts'
import { Peer } from '../peer/peer.ts'
import { initialParams } from '../core/model/init.ts'
import type { Entropy } from '../ports/clock.ts'
import type { Packer } from '../ports/packer.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import { createSimSigner } from './sim-signer.ts'
import { createSimTrainer } from './sim-trainer.ts'
import { VirtualClock } from './virtual-clock.ts'

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
}

export interface SimMember {
  readonly index: number
  readonly signer: Signer
  readonly store: Store
  peer: Peer
}

export interface MemberOptions {
  readonly role?: 'trainer' | 'watcher'
  readonly part?: number
  readonly profile?: PeerDeps['profile']
}

export class Swarm {
  readonly clock = new VirtualClock()
  readonly network: MemoryNetwork
  readonly members: SimMember[] = []
  private charter: CharterEntry | undefined

  constructor(private readonly options: SwarmOptions) {
    this.network = createMemoryNetwork({
      clock: this.clock,
      seed: options.seed,
      latencyMs: () => options.latencyMs ?? 20,
      lossRate: () => options.lossRate ?? 0,
    })
  }

  /** The first member founds the room. */
  async join(member: MemberOptions = {}): Promise<SimMember> {
    const index = this.members.length
    const signer = createSimSigner(`${this.options.seed}/${index}`)
    const entropy = seededEntropy(`${this.options.seed}/charter`)
    const terms = { ...this.options.charter, seed: this.options.seed }
    this.charter ??= await foundRoom(terms, signer, entropy, this.clock.unixMs())
    const store = createMemoryStore()
    const joined: SimMember = {
      index,
      signer,
      store,
      peer: await this.createPeer(index, signer, store, member),
    }
    this.members.push(joined)
    void joined.peer.start()
    return joined
  }

  /** The process dies without a word. */
  kill(member: SimMember): void {
    this.network.kill(member.signer.id)
    member.peer.close()
  }

  /** Same identity and store, new process. */
  async rejoin(member: SimMember, options: MemberOptions = {}): Promise<void> {
    member.peer = await this.createPeer(member.index, member.signer, member.store, options)
    void member.peer.start()
  }

  memberOf(id: MemberId): SimMember | undefined {
    return this.members.find(({ signer }) => signer.id === id)
  }

  close(): void {
    for (const { peer } of this.members) peer.close()
  }

  private async createPeer(
    index: number,
    signer: Signer,
    store: Store,
    { role = 'trainer', part = -1, profile }: MemberOptions,
  ): Promise<Peer> {
    const charter = this.charter!
    const { model, seed } = charter.body
    const fresh = () => freshState(initialParams(model, seed))
    const resume = await recallGossip(store, charter.room, signer.id, fresh)
    const { partData, testData, stepMs } = this.options
    return new Peer(
      {
        transport: this.network.transport(signer.id),
        signer,
        clock: this.clock,
        store,
        packer: plainPacker,
        entropy: seededEntropy(`${this.options.seed}/entropy/${index}`),
        deviceId: encodeBase64url(sha256(new TextEncoder().encode(`device/${signer.id}`)).slice(0, 16)),
        openTrainer: ({ model }) =>
          Promise.resolve(createSimTrainer({ model }, this.clock, stepMs?.(index) ?? 20)),
        loadPart: (_charter, wanted) =>
          Promise.resolve({ train: wanted >= 0 ? partData(wanted) : null, test: testData }),
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
