// Port: what survives a reload. Values are opaque bytes; whoever reads them back decodes them as if they came from
// outside. Keys are "/"-separated paths, e.g. "entry/<room>/<author>/<seq>".

export interface Store {
  get(key: string): Promise<Uint8Array | undefined>
  put(key: string, value: Uint8Array): Promise<void>
  delete(key: string): Promise<void>
  /** Keys that start with prefix, in ascending order. */
  keys(prefix: string): Promise<readonly string[]>
  /** Deletes everything under the prefix ("" for everything). */
  clear(prefix: string): Promise<void>
  close(): void
}
