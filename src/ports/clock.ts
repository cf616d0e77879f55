// Ports: time and chance, so that a peer replays under a virtual clock.

export interface Clock {
  /** Milliseconds of a monotonic clock with any origin. */
  now(): number
  /** Unix time in milliseconds: for humans and ledgers only, never for protocol decisions. */
  unixMs(): number
  /** Calls back once after ms; returns the cancel function. */
  after(ms: number, callback: () => void): () => void
}

export interface Entropy {
  /** Cryptographically strong bytes. */
  bytes(length: number): Uint8Array
}
