// The Store port on IndexedDB: one object store of byte rows under path keys. When somebody deletes the database under an
// open store, the store lives on in memory: a tab in the middle of training must not stumble over it, and must not write
// back what was to be forgotten.
import { openDB, type IDBPDatabase } from 'idb'
import type { Store } from '../ports/store.ts'
import { createMemoryStore } from './store-memory.ts'

const ROWS = 'rows'

/** Rejects where the browser keeps nothing (some private windows); the caller then uses a memory store. */
export async function openIndexedDbStore(database: string): Promise<Store> {
  let store: Store
  const lose = (db: IDBPDatabase): void => {
    db.close()
    store = createMemoryStore()
  }
  const db: IDBPDatabase = await openDB(database, 1, {
    upgrade(fresh) {
      fresh.createObjectStore(ROWS)
    },
    // Another tab deletes the database: let go, or its request would wait for us.
    blocking: () => lose(db),
    terminated: () => lose(db),
  })
  store = storeOver(db)
  return {
    get: key => store.get(key),
    put: (key, value) => store.put(key, value),
    delete: key => store.delete(key),
    keys: prefix => store.keys(prefix),
    clear: prefix => store.clear(prefix),
    close: () => store.close(),
  }
}

function storeOver(db: IDBPDatabase): Store {
  return {
    async get(key) {
      const row: unknown = await db.get(ROWS, key)
      return row instanceof Uint8Array ? row : undefined
    },
    async put(key, value) {
      await db.put(ROWS, value, key)
    },
    async delete(key) {
      await db.delete(ROWS, key)
    },
    async keys(prefix) {
      const keys = await db.getAllKeys(ROWS, prefixRange(prefix))
      return keys.filter(key => typeof key === 'string')
    },
    async clear(prefix) {
      await db.delete(ROWS, prefixRange(prefix))
    },
    close: () => db.close(),
  }
}

function prefixRange(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`)
}
