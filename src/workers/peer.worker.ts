// The peer's home in a tab: ledger, gossip and mixing run here, so the page stays smooth and timers keep their pace when
// the tab is hidden. Links stay in the page (RTCPeerConnection does not exist in workers) and come in over a port.
import { deviceIdOf, KEYS_DATABASE, openStore } from '../adapters/device.ts'
import { mirrorDoc } from '../adapters/doc-mirror.ts'
import { systemClock } from '../adapters/clock-system.ts'
import { streamPacker } from '../adapters/packer-streams.ts'
import { loadOrCreateSigner } from '../adapters/signer-webcrypto.ts'
import { loadTaskManifest, loadTaskPart, loadTaskTest } from '../adapters/task-data.ts'
import { createTrainerProxy } from '../adapters/trainer-proxy.ts'
import { createPortTransport } from '../adapters/transport-port.ts'
import type { Dataset } from '../core/data/dataset.ts'
import { partition } from '../core/data/partition.ts'
import { initialParams } from '../core/model/init.ts'
import { product } from '../core/model/shapes.ts'
import { compareModel } from '../peer/model-comparison.ts'
import { exportModel } from '../peer/export-model.ts'
import type { PeerDeps } from '../peer/deps.ts'
import { freshState, recallGossip } from '../peer/kept.ts'
import { Peer } from '../peer/peer.ts'
import { buildView } from '../peer/peer-view.ts'
import type { OwnSamples } from '../ports/appraiser.ts'
import type { BackendName } from '../ports/trainer.ts'
import type { FromPeer, PeerCall, PeerStart, ToPeer } from './peer-messages.ts'

const VIEW_EVERY_MS = 250

let peer: Peer | undefined
let endMirror: () => void = () => undefined

function post(message: FromPeer): void {
  self.postMessage(message)
}

self.onmessage = ({ data }: MessageEvent<ToPeer>) => {
  switch (data.type) {
    case 'start':
      start(data).catch((cause: unknown) => {
        post({ type: 'not-started', message: cause instanceof Error ? cause.message : String(cause) })
      })
      break
    case 'paused':
      peer?.setPaused(data.paused)
      break
    case 'trainer-crashed':
      peer?.trainerCrashed(data.detail)
      break
    case 'effort':
      peer?.setEffort(data.effort)
      break
    case 'call':
      answer(data.id, data.call)
      break
    case 'close':
      endMirror()
      peer?.close()
      self.close()
      break
    default:
      data satisfies never
  }
}

async function start(message: PeerStart): Promise<void> {
  const { options, charter, slot, dataUrl } = message
  const [signer, store, transport] = await Promise.all([
    loadOrCreateSigner(KEYS_DATABASE, slot),
    openStore(),
    createPortTransport(message.transport),
  ])
  const { model, seed } = charter.body
  const fresh = () => freshState(initialParams(model, seed), charter.body)
  const proxy = createTrainerProxy(message.trainer)
  const resume = await recallGossip(store, options.link.room, signer.id, fresh)
  const deps: PeerDeps = {
    transport,
    signer,
    clock: systemClock,
    store,
    packer: streamPacker,
    entropy: { bytes: length => crypto.getRandomValues(new Uint8Array(length)) },
    deviceId: await deviceIdOf(store, signer.id),
    openTrainer: async ({ model }, role) => {
      // A watcher only measures: the plain trainer does, and nothing is timed on its machine.
      const force = (message.backend ?? (role === 'watcher' ? 'reference' : null)) as BackendName | null
      await proxy.open({ model }, force ? { force } : {})
      return proxy
    },
    openSegment: config => proxy.openSegment(config),
    loadPart: async (body, part) => {
      if (body.task === 'own') return { train: null, test: emptyDataset(body.model.input, body.classes) }
      const manifest = await loadTaskManifest(dataUrl, body.task)
      const ranges = partition(
        body.partition,
        body.seed,
        manifest.train.counts,
        body.parts,
        body.partSamples,
      )[part]
      const [train, test] = await Promise.all([
        ranges ? loadTaskPart(manifest, ranges) : null,
        loadTaskTest(manifest),
      ])
      return { train, test }
    },
  }
  peer = new Peer(deps, { ...options, charter, resume })
  endMirror = mirrorDoc(peer.doc, `yoriai/${options.link.room}`, entries => void peer?.offerEntries(entries))
  throttleViews(peer)
  await peer.start()
}

/** At most four views a second, the last change always shown. */
function throttleViews(current: Peer): void {
  let pending = false
  let lastAt = -Infinity
  current.subscribe(() => {
    if (pending) return
    pending = true
    setTimeout(
      () => {
        pending = false
        lastAt = performance.now()
        post({ type: 'view', view: buildView(current) })
      },
      Math.max(0, lastAt + VIEW_EVERY_MS - performance.now()),
    )
  })
}

function answer(id: number, call: PeerCall): void {
  perform(call).then(
    value => post({ type: 'answer', id, value }),
    (cause: unknown) =>
      post({ type: 'failed', id, message: cause instanceof Error ? cause.message : String(cause) }),
  )
}

async function perform(call: PeerCall): Promise<unknown> {
  if (!peer) throw new Error('the room is not open')
  switch (call.name) {
    case 'predict':
      return peer.predict(...call.args)
    case 'addExamples':
      return peer.addExamples(...call.args)
    case 'testSamples':
      return testSamples(peer, ...call.args)
    case 'exportModel':
      return exportModel(peer, ...call.args)
    case 'measureWhole':
      return peer.measureWhole()
    case 'act':
      return peer.desk.act(...call.args)
    case 'measureReconstruction':
      return peer.measureReconstruction()
    case 'actRun':
      return peer.runs.desk.act(...call.args)
    case 'ledgerPage':
      return peer.ledgerPage(...call.args)
    case 'proofOf':
      return peer.wire.history.proofOf(...call.args)
    case 'exportLedger':
      return peer.wire.history.export()
    case 'trace':
      return peer.wire.history.trace(...call.args)
    case 'compareModel':
      return compareModel(peer, ...call.args)
    case 'openCommitment':
      return peer.desk.openCommitment(...call.args)
    case 'ownSamples':
      return ownSamples(peer)
    case 'leave':
      return peer.leave()
    default:
      return call satisfies never
  }
}

function testSamples({ seat: { testData }, charter }: Peer, offset: number, count: number): Dataset {
  if (!testData || testData.y.length === 0) return emptyDataset(charter.model.input, charter.classes)
  const size = product(testData.shape)
  const wanted = Array.from({ length: Math.min(64, count) }, (_, i) => (offset + i) % testData.y.length)
  const x =
    testData.x instanceof Uint8Array
      ? new Uint8Array(wanted.length * size)
      : new Float32Array(wanted.length * size)
  wanted.forEach((from, to) => x.set(testData.x.subarray(from * size, (from + 1) * size), to * size))
  return { ...testData, x, y: Uint16Array.from(wanted, from => testData.y[from]!) }
}

/** Who brings own data to a built-in task is compared with the task's held-out samples, which all members share. */
async function ownSamples({ seat, charter, deps }: Peer): Promise<OwnSamples | null> {
  const { train, test } = seat.committed
  if (!train) return null
  const isOwn = seat.summary?.source === 'own'
  if (!isOwn || charter.task === 'own') return { train, heldOut: test, isIndependent: !isOwn }
  return { train, heldOut: (await deps.loadPart(charter, -1)).test, isIndependent: true }
}

function emptyDataset(shape: readonly number[], classes: readonly string[]): Dataset {
  return { shape, classes, x: new Float32Array(0), y: new Uint16Array(0) }
}
