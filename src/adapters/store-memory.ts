// Store port in memory: for simulations and tests, and for browsers that refuse storage (private windows).
import type { Store } from '../ports/store.ts'

export function createMemoryStore(): Store {
  const rows = new Map<string, Uint8Array>()
  return {
    get: key => Promise.resolve(rows.get(key)),
    put(key, value) {
      rows.set(key, value.slice())
      return Promise.resolve()
    },
    delete(key) {
      rows.delete(key)
      return Promise.resolve()
    },
    keys: prefix => Promise.resolve([...rows.keys()].filter(key => key.startsWith(prefix)).sort()),
    clear(prefix) {
      for (const key of [...rows.keys()]) if (key.startsWith(prefix)) rows.delete(key)
      return Promise.resolve()
    },
    close: () => undefined,
  }
}
