// What this device keeps, by name, and which identity a tab speaks with. Two tabs of one browser are two members: each
// holds the lock of its own slot, so one identity never signs in two places. A reloaded tab asks for the slot it had.
import { deleteDB } from 'idb'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { Store } from '../ports/store.ts'
import { openIndexedDbStore } from './store-indexeddb.ts'
import { createMemoryStore } from './store-memory.ts'

const DEVICE_ID_BYTES = 16
export const KEYS_DATABASE = 'yoriai-keys'
export const ROWS_DATABASE = 'yoriai-rooms'
const SLOT_KEY = 'yoriai.slot'
const SLOTS = 64
/** The page that a reload replaces lets its lock go within moments. */
const RELOAD_WAIT_MS = 2_000

/** Takes a free slot for as long as the tab lives. */
export async function claimSlot(): Promise<string> {
  const remembered = sessionStorage.getItem(SLOT_KEY)
  if (remembered !== null && /^slot-\d{1,2}$/.test(remembered) && (await hold(remembered, RELOAD_WAIT_MS)))
    return remembered
  for (let i = 0; i < SLOTS; i++) {
    const slot = `slot-${i}`
    if (await hold(slot, 0)) {
      sessionStorage.setItem(SLOT_KEY, slot)
      return slot
    }
  }
  throw new Error('too many tabs of this app are open')
}

/** Whether the slot's lock was had within the time; it is then held until the tab goes. */
function hold(slot: string, waitMs: number): Promise<boolean> {
  return new Promise(resolve => {
    const options: LockOptions = waitMs > 0 ? { signal: AbortSignal.timeout(waitMs) } : { ifAvailable: true }
    navigator.locks
      .request(`yoriai/${slot}`, options, lock => {
        resolve(lock !== null)
        return lock === null ? undefined : new Promise<void>(() => undefined)
      })
      .catch(() => resolve(false))
  })
}

/** A store that works in any case: where the browser keeps nothing, a stay lives as long as its tab. */
export async function openStore(): Promise<Store> {
  try {
    return await openIndexedDbStore(ROWS_DATABASE)
  } catch {
    // reason: a full or locked disk must not keep anybody out; a reload then forgets the room, and the green room says so.
    return createMemoryStore()
  }
}

export async function deleteEverythingHere(): Promise<void> {
  localStorage.clear()
  sessionStorage.clear()
  await Promise.all([deleteDB(KEYS_DATABASE), deleteDB(ROWS_DATABASE)])
  const caches = globalThis.caches
  if (caches !== undefined) for (const name of await caches.keys()) await caches.delete(name)
}

/** Names this device for an identity in rooms' registries: 16 random bytes, made once. */
export async function deviceIdOf(store: Store, member: string): Promise<string> {
  const key = `device/${member}`
  const kept = await store.get(key)
  if (kept?.length === DEVICE_ID_BYTES) return encodeBase64url(kept)
  const bytes = crypto.getRandomValues(new Uint8Array(DEVICE_ID_BYTES))
  // A device that can keep nothing is a new one in every stay.
  await store.put(key, bytes).catch(() => undefined)
  return encodeBase64url(bytes)
}
