// The heads of a ledger in 256 buckets, each with a digest: members of a big room compare a kilobyte of digests and then only
// the buckets that differ, which hold four heads each in a room of a thousand. An author's bucket is the first eight bits of its
// id. What crosses a link is four bytes a bucket, made with a number that the asking side draws each time: heads that look alike
// to one comparison do not to the next, so nobody can make any that stay unseen.
import { sha256 } from '@noble/hashes/sha2.js'
import type { MemberId } from '../num/ids.ts'

/** The newest entry of an author, sealed or open. */
export interface Head {
  readonly author: MemberId
  readonly seq: number
  readonly hash: string
}

export const BUCKETS = 256
const DIGEST_BYTES = 32
const NONCE_BYTES = 8
const TOLD_BYTES = 4
/** A nonce and the digests under it. */
export const DIGESTS_BYTES = NONCE_BYTES + BUCKETS * TOLD_BYTES
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export function bucketOf(author: MemberId): number {
  const sixBits = (at: number): number => Math.max(0, ALPHABET.indexOf(author.charAt(at)))
  return (sixBits(0) << 2) | (sixBits(1) >> 4)
}

export class HeadBuckets {
  private readonly buckets = Array.from({ length: BUCKETS }, () => new Map<MemberId, Head>())
  private readonly stale = new Set<number>()
  /** One after the other; zeros for an empty bucket. */
  private readonly joined = new Uint8Array(BUCKETS * DIGEST_BYTES)

  set(head: Head): void {
    const bucket = bucketOf(head.author)
    this.buckets[bucket]!.set(head.author, head)
    this.stale.add(bucket)
  }

  delete(author: MemberId): void {
    const bucket = bucketOf(author)
    if (this.buckets[bucket]!.delete(author)) this.stale.add(bucket)
  }

  /** Sorted by author. */
  headsIn(bucket: number): Head[] {
    return [...(this.buckets[bucket]?.values() ?? [])].sort((a, b) => (a.author < b.author ? -1 : 1))
  }

  /** What a link gets to compare with. @param nonce eight bytes, others each time */
  digests(nonce: Uint8Array): Uint8Array {
    this.refresh()
    const told = new Uint8Array(DIGESTS_BYTES)
    told.set(nonce)
    const keyed = new Uint8Array(NONCE_BYTES + DIGEST_BYTES)
    keyed.set(nonce)
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      keyed.set(this.joined.subarray(bucket * DIGEST_BYTES, (bucket + 1) * DIGEST_BYTES), NONCE_BYTES)
      told.set(sha256(keyed).subarray(0, TOLD_BYTES), NONCE_BYTES + bucket * TOLD_BYTES)
    }
    return told
  }

  /** Buckets whose digests are others than these. */
  differing(theirs: Uint8Array): number[] {
    const own = this.digests(theirs.subarray(0, NONCE_BYTES))
    return Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter(bucket => {
      const at = NONCE_BYTES + bucket * TOLD_BYTES
      for (let i = at; i < at + TOLD_BYTES; i++) if (own[i] !== theirs[i]) return true
      return false
    })
  }

  private refresh(): void {
    for (const bucket of this.stale) {
      const lines = this.headsIn(bucket).map(({ author, seq, hash }) => `${author} ${seq} ${hash}`)
      const at = bucket * DIGEST_BYTES
      if (lines.length === 0) this.joined.fill(0, at, at + DIGEST_BYTES)
      else this.joined.set(sha256(new TextEncoder().encode(lines.join('\n'))), at)
    }
    this.stale.clear()
  }
}
