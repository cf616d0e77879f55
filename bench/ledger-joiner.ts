// What a newcomer has to receive: real peers that start from stores in which the whole ledger is kept, and one more that
// joins them with an empty store, over the memory transport. Signatures are Ed25519, time is virtual, so every run is the
// same. Bytes are counted at the newcomer's end by type of message, both ways, until it stands where the others stand.
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { createMemoryStore } from '../src/adapters/store-memory.ts'
import { createMemoryNetwork } from '../src/adapters/transport-memory.ts'
import { entryBytes, hashOf } from '../src/core/ledger/chain.ts'
import { decodeBase64url, encodeBase64url } from '../src/core/num/base64url.ts'
import type { MemberId } from '../src/core/num/ids.ts'
import { createRng } from '../src/core/num/rng.ts'
import { Archive } from '../src/peer/archive.ts'
import type { CharterEntry } from '../src/peer/founding.ts'
import { entryKey } from '../src/peer/ledger-sync.ts'
import { Peer } from '../src/peer/peer.ts'
import type { Clock } from '../src/ports/clock.ts'
import type { Packer } from '../src/ports/packer.ts'
import type { Signer } from '../src/ports/signer.ts'
import type { Store } from '../src/ports/store.ts'
import type { Transport } from '../src/ports/transport.ts'
import { decodeMessage, type PeerMessage } from '../src/protocol/messages.ts'
import { createSimTrainer } from '../src/sim/sim-trainer.ts'
import { VirtualClock } from '../src/sim/virtual-clock.ts'
import type { LedgerMaker } from '../tests/tools/ledger-maker.ts'
import { testIdentity, type TestIdentity } from '../tests/tools/test-identity.ts'

export interface Arrival {
  /** Bytes by type of message, both ways, largest first. */
  readonly bytes: readonly (readonly [type: PeerMessage['type'], count: number])[]
  readonly entries: number
  /** All but entries. */
  readonly besides: number
  /** Of virtual time, from the first link to where the others stand. */
  readonly seconds: number
}

const LATENCY_MS = 20
const PATIENCE_MS = 60_000

/** Everybody watches: no gradient step and no model is part of the figure. */
export async function arrive(maker: LedgerMaker, identities: readonly TestIdentity[]): Promise<Arrival> {
  const time = new VirtualClock()
  const clock: Clock = {
    now: () => time.now(),
    unixMs: () => maker.now + Math.round(time.now()),
    after: (ms, callback) => time.after(ms, callback),
  }
  const network = createMemoryNetwork({ clock, seed: 'arrival', latencyMs: () => LATENCY_MS })
  const rows = await rowsOf(maker)
  const peers: Peer[] = []
  const enter = async (identity: TestIdentity, store: Store, transport: Transport): Promise<Peer> => {
    const peer = createPeer(maker.charter, identity, store, transport, clock)
    peers.push(peer)
    const arrived = peer.start().then(() => true)
    let done = false
    void arrived.then(() => (done = true))
    if (!(await time.run(time.now() + PATIENCE_MS, () => done))) throw new Error('a peer did not start')
    return peer
  }
  try {
    for (const identity of identities)
      await enter(identity, await filled(rows), network.transport(identity.id))
    await time.run(time.now() + 1_000)
    const [member] = peers as [Peer]
    const wanted = member.book.ledger.heads()
    const bytes = new Map<PeerMessage['type'], number>()
    const guest = testIdentity(9_999)
    const since = time.now()
    const newcomer = createPeer(
      maker.charter,
      guest,
      createMemoryStore(),
      counting(network.transport(guest.id), bytes),
      clock,
    )
    peers.push(newcomer)
    const { book } = newcomer
    void newcomer.start()
    const isLevel = (): boolean =>
      book.epoch >= member.book.epoch && wanted.every(({ author, seq }) => book.ledger.lengthOf(author) > seq)
    if (!(await time.run(since + PATIENCE_MS, isLevel))) throw new Error('the newcomer did not catch up')
    if (hashOf(book.seal) !== hashOf(member.book.seal)) throw new Error('the newcomer stands elsewhere')
    const all = [...bytes].reduce((sum, [, count]) => sum + count, 0)
    // What is news travels as 'entries', what a link lacks as 'backlog'.
    const entries = (bytes.get('entries') ?? 0) + (bytes.get('backlog') ?? 0)
    return {
      bytes: [...bytes].sort((a, b) => b[1] - a[1]),
      entries,
      besides: all - entries,
      seconds: (time.now() - since) / 1000,
    }
  } finally {
    for (const peer of peers) peer.close()
  }
}

type Rows = readonly (readonly [key: string, value: Uint8Array])[]

/** A member's store as the room's life has filled it. */
async function rowsOf(maker: LedgerMaker): Promise<Rows> {
  const store = createMemoryStore()
  const archive = new Archive(maker.room, store, promptPacker)
  for (const { entries, certificate, snapshot } of maker.epochs) {
    await archive.keepEpoch({ certificate, entries })
    await archive.keepSeal(certificate, snapshot)
  }
  for (const entry of maker.book.ledger.openEntries() ?? [])
    await store.put(entryKey(entry.room, entry.author, entry.seq), entryBytes(entry))
  return Promise.all((await store.keys('')).map(async key => [key, (await store.get(key))!] as const))
}

async function filled(rows: Rows): Promise<Store> {
  const store = createMemoryStore()
  for (const [key, value] of rows) await store.put(key, value)
  return store
}

function createPeer(
  charter: CharterEntry,
  identity: TestIdentity,
  store: Store,
  transport: Transport,
  clock: Clock,
): Peer {
  const { classes, model } = charter.body
  const test = { x: new Float32Array(28 * 28), y: Uint16Array.of(0), shape: model.input, classes }
  const rng = createRng(identity.id)
  return new Peer(
    {
      transport,
      store,
      clock,
      packer: promptPacker,
      signer: promptSigner(identity),
      entropy: { bytes: length => Uint8Array.from({ length }, () => rng.below(256)) },
      deviceId: encodeBase64url(new Uint8Array(16).fill(7)),
      openTrainer: () => Promise.resolve(createSimTrainer({ model }, clock, 20)),
      loadPart: () => Promise.resolve({ train: null, test }),
    },
    {
      link: { room: charter.room, key: encodeBase64url(new Uint8Array(32)) },
      charter,
      nickname: 'somebody',
      role: 'watcher',
      part: -1,
      own: null,
      resume: null,
    },
  )
}

function counting(transport: Transport, bytes: Map<PeerMessage['type'], number>): Transport {
  const count = (message: Uint8Array): void => {
    const type = decodeMessage(message)?.type
    if (type) bytes.set(type, (bytes.get(type) ?? 0) + message.length)
  }
  return {
    ...transport,
    send(to, message, priority) {
      count(message)
      return transport.send(to, message, priority)
    },
    subscribe: listener =>
      transport.subscribe(event => {
        if (event.type === 'message') count(event.bytes)
        listener(event)
      }),
  }
}

/** The same Ed25519 as the browser's, answered at once: what waits for other threads is late on a virtual clock. */
function promptSigner({ id, sign }: TestIdentity): Signer {
  return {
    id,
    sign: message => Promise.resolve(decodeBase64url(sign(message), 64)!),
    verify: (author, message, signature) => Promise.resolve(verify(null, message, keyOf(author), signature)),
  }
}

const keys = new Map<MemberId, KeyObject>()
/** What stands before a key in SubjectPublicKeyInfo (RFC 8410). */
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

function keyOf(author: MemberId): KeyObject {
  const known = keys.get(author)
  if (known) return known
  const key = Buffer.concat([PUBLIC_PREFIX, decodeBase64url(author, 32)!])
  const made = createPublicKey({ key, format: 'der', type: 'spki' })
  keys.set(author, made)
  return made
}

/** The bytes that the compression streams of the platform would make, or close to it. */
const promptPacker: Packer = {
  pack: bytes => Promise.resolve(new Uint8Array(deflateRawSync(bytes))),
  unpack: (bytes, maxOutputLength) =>
    Promise.resolve(new Uint8Array(inflateRawSync(bytes, { maxOutputLength }))),
}
