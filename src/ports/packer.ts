// Port: compression of archived epochs. Unpacking is of bytes from outside: it stops at the limit.

export interface Packer {
  pack(bytes: Uint8Array): Promise<Uint8Array>
  /** Undefined when the bytes are not packed or would grow beyond `limitBytes`. */
  unpack(bytes: Uint8Array, limitBytes: number): Promise<Uint8Array | undefined>
}
