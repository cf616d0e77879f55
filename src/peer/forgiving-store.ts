// A store whose failures stop nobody: a full disk, or another tab that deletes everything, must not make a member deaf.
// What is lost is the memory of this device; the room still has the entries and hands them back.
import type { Store } from '../ports/store.ts'

export interface ForgivingStore extends Store {
  /** Writes that failed so far: the screens say that this device forgets. */
  readonly failures: number
}

export function forgivingStore(store: Store): ForgivingStore {
  let failures = 0
  const forgive = async <T>(work: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work
    } catch {
      failures++
      // reason: see the head; there is nothing that the caller could do better without its storage.
      return otherwise
    }
  }
  return {
    get failures() {
      return failures
    },
    get: key => forgive(store.get(key), undefined),
    put: (key, value) => forgive(store.put(key, value), undefined),
    delete: key => forgive(store.delete(key), undefined),
    keys: prefix => forgive(store.keys(prefix), []),
    clear: prefix => forgive(store.clear(prefix), undefined),
    close: () => store.close(),
  }
}
