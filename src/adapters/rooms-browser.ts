// The Rooms port in a browser: founding, looking at a room before consent, joining, coming back after a reload. The first
// network contact is the preview's WebSocket; the first link and the first computation come with join().
import { decodeBase64url, encodeBase64url } from '../core/num/base64url.ts'
import { entryBytes } from '../core/ledger/chain.ts'
import { partition } from '../core/data/partition.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import { CharterDesk, checkCharter } from '../peer/charter-desk.ts'
import { foundRoom, type CharterEntry } from '../peer/founding.ts'
import { entryKey } from '../peer/ledger-sync.ts'
import type { Preview, RoomLink, Rooms } from '../ports/session.ts'
import type { Signaling } from '../ports/signaling.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import { SIGNALING_PATH } from '../protocol/signaling.ts'
import { claimSlot, deleteEverythingHere, KEYS_DATABASE, openStore } from './device.ts'
import { runGreenRoomChecks } from './green-room-checks.ts'
import { loadOwnFilesInWorker } from './own-data-worker.ts'
import { createRoomCipher } from './room-cipher.ts'
import { createWebSocketSignaling } from './signaling-websocket.ts'
import { loadOrCreateSigner } from './signer-webcrypto.ts'
import { forgetStay, recallStay, rememberStay } from './stay-memory.ts'
import { loadTaskManifest, partDownloadBytes } from './task-data.ts'

/** After this long without an answer the room counts as empty; the search goes on. */
const NOBODY_AFTER_MS = 5_000

export async function createRooms(): Promise<Rooms> {
  const { device, forgetDevice } = openDevice()
  const dataUrl = new URL('data/', document.baseURI).href
  return {
    async createRoom(draft) {
      const { signer, store } = await device()
      const charter = await foundRoom(draft, signer, { bytes: randomBytes }, Date.now())
      await keepCharter(store, charter)
      return { room: charter.room, key: encodeBase64url(randomBytes(32)) }
    },
    preview: (link, listener) => preview(device, link, listener),
    runChecks: runGreenRoomChecks,
    downloadBytes: charter => downloadBytes(dataUrl, charter),
    async verifyLedger(bytes, progress) {
      const { verifyLedgerInWorker } = await import('./audit-browser.ts')
      return verifyLedgerInWorker(bytes, progress)
    },
    loadOwnFiles: request => loadOwnFilesInWorker(request),
    async join(options) {
      // Links and workers are the heavy half of the program: they load with the click, not with the first screen.
      const [{ openSession }, { createSimplePeerTransport }] = await Promise.all([
        import('./session-browser.ts'),
        import('./transport-simple-peer.ts'),
      ])
      const { signer, store, slot } = await device()
      const charter = await findCharter(signer, store, options.link)
      const signaling = await openSignaling(options.link)
      const transport = createSimplePeerTransport({ signaling, signer, room: options.link.room })
      // A stay that cannot be remembered (own data beyond the quota, say) is still a stay.
      await rememberStay(store, slot, options).catch(() => undefined)
      const backend = new URLSearchParams(location.search).get('backend')
      const session = await openSession({
        options,
        charter,
        signer,
        slot,
        signaling,
        transport,
        dataUrl,
        backend,
      })
      return {
        ...session,
        get view() {
          return session.view
        },
        async leave() {
          const receipt = await session.leave()
          await forgetStay(store, slot, options.link)
          return receipt
        },
      }
    },
    async resumable() {
      if (sessionStorage.length === 0) return null
      const { store, slot } = await device()
      return recallStay(store, slot)
    },
    async deleteEverything() {
      await forgetDevice()
      await deleteEverythingHere()
    },
  }
}

interface Device {
  readonly slot: string
  readonly signer: Signer
  readonly store: Store
}

/** Identity and store, claimed when first needed; once forgotten, claimed anew. */
function openDevice(): { device: () => Promise<Device>; forgetDevice: () => Promise<void> } {
  let opening: Promise<Device> | undefined
  const open = async (): Promise<Device> => {
    const slot = await claimSlot()
    const [signer, store] = await Promise.all([loadOrCreateSigner(KEYS_DATABASE, slot), openStore()])
    return { slot, signer, store }
  }
  return {
    device: () => (opening ??= open()),
    async forgetDevice() {
      const known = opening
      opening = undefined
      // A device that never opened has nothing to close.
      const kept = await known?.catch(() => undefined)
      kept?.store.close()
    },
  }
}

async function openSignaling(link: RoomLink): Promise<Signaling> {
  const key = decodeBase64url(link.key, 32)
  if (!key) throw new Error('the key of the link is malformed')
  const url = new URL(`.${SIGNALING_PATH}`, document.baseURI)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  url.hash = ''
  url.search = ''
  return createWebSocketSignaling({ url: url.href, cipher: await createRoomCipher(link.room, key) })
}

function charterKey(room: string): string {
  return `charter/${room}`
}

async function keepCharter(store: Store, charter: CharterEntry): Promise<void> {
  await store.put(charterKey(charter.room), entryBytes(charter))
  await store.put(entryKey(charter.room, charter.author, charter.seq), entryBytes(charter))
}

async function storedCharter(
  { signer, store }: Pick<Device, 'signer' | 'store'>,
  link: RoomLink,
): Promise<CharterEntry | null> {
  const bytes = await store.get(charterKey(link.room))
  return (bytes && (await checkCharter(bytes, link.room, signer))) ?? null
}

async function findCharter(signer: Signer, store: Store, link: RoomLink): Promise<CharterEntry> {
  const charter = await storedCharter({ signer, store }, link)
  if (!charter) throw new Error('the charter of this room is not known yet')
  return charter
}

function preview(
  device: () => Promise<Device>,
  link: RoomLink,
  listener: (preview: Preview) => void,
): () => void {
  let ended = false
  let end = (): void => undefined
  const tell = (state: Preview): void => {
    if (!ended) listener(state)
  }
  const look = async (): Promise<void> => {
    tell({ status: 'searching' })
    const { signer, store } = await device()
    let charter = await storedCharter({ signer, store }, link)
    let size = 1
    const signaling = await openSignaling(link)
    const found = (): void => {
      // The newcomer's own socket is counted by the server and is not yet a member.
      if (charter) tell({ status: 'found', charter: charter.body, size: Math.max(0, size - 1) })
    }
    const desk = new CharterDesk(signaling, link.room, signer, charter, arrived => {
      charter = arrived
      void keepCharter(store, arrived)
      found()
    })
    // Who holds the charter already need not wait for the server to see it.
    found()
    const timer = setInterval(() => {
      if (charter) return
      tell({ status: 'nobody' })
      desk.askAgain()
    }, NOBODY_AFTER_MS)
    signaling.subscribe(event => {
      if (event.type === 'open') {
        size = event.size
        if (!charter && event.peers.length === 0) tell({ status: 'nobody' })
        found()
      } else if (event.type === 'peer') {
        size++
        found()
      } else if (event.type === 'gone') {
        size--
        found()
      } else if (event.type === 'closed' && !charter) {
        if (event.reason !== 'network' || !event.willRetry) tell({ status: 'failed', reason: event.reason })
      }
    })
    end = () => {
      clearInterval(timer)
      desk.close()
      signaling.close()
    }
    if (ended) end()
  }
  look().catch(() => tell({ status: 'failed', reason: 'network' }))
  return () => {
    ended = true
    end()
  }
}

async function downloadBytes(dataUrl: string, charter: CharterBody): Promise<number> {
  const program = await programBytes()
  if (charter.task === 'own') return program
  const manifest = await loadTaskManifest(dataUrl, charter.task)
  const parts = partition(
    charter.partition,
    charter.seed,
    manifest.train.counts,
    charter.parts,
    charter.partSamples,
  )
  const largest = Math.max(...parts.map(part => partDownloadBytes(manifest, part)))
  return program + largest + manifest.test.bytes
}

/** Compressed size of the program parts that load after the first screen, as the build measured it; 0 in development. */
async function programBytes(): Promise<number> {
  const response = await fetch(new URL('program-size.json', document.baseURI)).catch(() => null)
  if (!response?.ok) return 0
  const size: unknown = await response.json().catch(() => null)
  return typeof size === 'object' &&
    size !== null &&
    'lazyBytes' in size &&
    typeof size.lazyBytes === 'number'
    ? size.lazyBytes
    : 0
}

function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}
