// Uniform bits from a 32-byte key: the ChaCha20 keystream (RFC 8439) under a zero nonce. A key serves one purpose once, so
// nonces have nothing to tell apart. Standard, without tables, and fast in plain JavaScript.
import { chacha20 } from '@noble/ciphers/chacha.js'

const NONCE = new Uint8Array(12)
const BLOCK = 64
const BATCH_BYTES = 1 << 16

/** Words first to first + out.length of the key's stream, little-endian on every machine. `first` is a multiple of 16. */
export function keystreamWords(key: Uint8Array, out: Uint32Array, first = 0): void {
  const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength).fill(0)
  chacha20(key, NONCE, bytes, bytes, (first * 4) / BLOCK)
  if (!LITTLE_ENDIAN) for (let i = 0; i < out.length; i++) out[i] = swapped(out[i]!)
}

const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1

function swapped(word: number): number {
  return ((word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0
}

/** The same stream word by word. */
export class KeyedWords {
  private readonly batch = new Uint32Array(BATCH_BYTES / 4)
  private at = this.batch.length
  private first = 0

  constructor(private readonly key: Uint8Array) {}

  next(): number {
    if (this.at === this.batch.length) {
      keystreamWords(this.key, this.batch, this.first)
      this.first += this.batch.length
      this.at = 0
    }
    return this.batch[this.at++]!
  }
}
