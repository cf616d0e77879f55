// The heads of a ledger in 64 buckets, each with a digest: members of a big room compare a kilobyte of digests and then only
// the buckets that differ. An author's bucket is the first character of its id. Digests are made when somebody asks, of the
// buckets that changed since. 16 bytes of SHA-256: nobody finds two sets of heads that look alike.
import { sha256 } from '@noble/hashes/sha2.js'
import type { MemberId } from '../num/ids.ts'

/** The newest entry of an author, sealed or open. */
export interface Head {
  readonly author: MemberId
  readonly seq: number
  readonly hash: string
}

export const BUCKETS = 64
export const BUCKET_DIGEST_BYTES = 16
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

export function bucketOf(author: MemberId): number {
  return Math.max(0, ALPHABET.indexOf(author.charAt(0)))
}

export class HeadBuckets {
  private readonly buckets = Array.from({ length: BUCKETS }, () => new Map<MemberId, Head>())
  private readonly stale = new Set<number>()
  private readonly joined = new Uint8Array(BUCKETS * BUCKET_DIGEST_BYTES)

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

  /** One after the other; zeros for an empty bucket. */
  digests(): Uint8Array {
    for (const bucket of this.stale) {
      const lines = this.headsIn(bucket).map(({ author, seq, hash }) => `${author} ${seq} ${hash}`)
      const digest = sha256(new TextEncoder().encode(lines.join('\n')))
      const at = bucket * BUCKET_DIGEST_BYTES
      if (lines.length === 0) this.joined.fill(0, at, at + BUCKET_DIGEST_BYTES)
      else this.joined.set(digest.subarray(0, BUCKET_DIGEST_BYTES), at)
    }
    this.stale.clear()
    return this.joined.slice()
  }

  /** Buckets whose digests are others than these. */
  differing(theirs: Uint8Array): number[] {
    const own = this.digests()
    return Array.from({ length: BUCKETS }, (_, bucket) => bucket).filter(bucket => {
      const at = bucket * BUCKET_DIGEST_BYTES
      for (let i = at; i < at + BUCKET_DIGEST_BYTES; i++) if (own[i] !== theirs[i]) return true
      return false
    })
  }
}
