// What one socket and one network address may ask of the signaling server: token buckets and caps, with time as an
// argument. An address is an IPv4 address or an IPv6 /64, since one machine can hold a whole /64. Memory is bounded: at
// most maxAddresses records, and whoever comes after that shares one. Does not decide what happens to offenders.

export interface BucketSpec {
  readonly capacity: number
  readonly perSecond: number
}

export interface Bucket {
  tokens: number
  atMs: number
}

export interface SignalingLimits {
  readonly maxSockets: number
  readonly maxSocketsPerAddress: number
  readonly maxRooms: number
  readonly maxMembersPerRoom: number
  readonly maxAddresses: number
  /** Unsent bytes after which a reader counts as too slow and is disconnected. */
  readonly maxBufferedBytes: number
  /** A socket that has not joined a room by then is closed. */
  readonly joinTimeoutMs: number
  /** Frames of one socket; 'introduce' costs one for each introduction asked for, a ping costs one. */
  readonly socketFrames: BucketSpec
  readonly socketBytes: BucketSpec
  readonly addressFrames: BucketSpec
  readonly addressBytes: BucketSpec
  readonly addressConnects: BucketSpec
  /** Dropped frames of one socket; when it is empty the socket is disconnected. */
  readonly socketStrikes: BucketSpec
}

/** Generous for a class of fifty behind one address; the buckets refill in seconds. */
export const DEFAULT_LIMITS: SignalingLimits = {
  maxSockets: 4096,
  maxSocketsPerAddress: 512,
  maxRooms: 2048,
  maxMembersPerRoom: 200,
  maxAddresses: 10_000,
  maxBufferedBytes: 512 * 1024,
  joinTimeoutMs: 10_000,
  socketFrames: { capacity: 600, perSecond: 60 },
  socketBytes: { capacity: 8 * 1024 * 1024, perSecond: 512 * 1024 },
  addressFrames: { capacity: 20_000, perSecond: 2_000 },
  addressBytes: { capacity: 128 * 1024 * 1024, perSecond: 8 * 1024 * 1024 },
  addressConnects: { capacity: 600, perSecond: 20 },
  socketStrikes: { capacity: 64, perSecond: 1 },
}

export function createBucket(spec: BucketSpec, nowMs: number): Bucket {
  return { tokens: spec.capacity, atMs: nowMs }
}

/** Takes `cost` tokens, or none and returns false. A clock that goes backwards refills nothing. */
export function takeTokens(bucket: Bucket, spec: BucketSpec, nowMs: number, cost: number): boolean {
  refill(bucket, spec, nowMs)
  if (bucket.tokens < cost) return false
  bucket.tokens -= cost
  return true
}

function refill(bucket: Bucket, spec: BucketSpec, nowMs: number): void {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs)
  bucket.tokens = Math.min(spec.capacity, bucket.tokens + (elapsedMs * spec.perSecond) / 1000)
  bucket.atMs = nowMs
}

/** What the server remembers of one address while it has sockets or an unfilled bucket. */
export interface AddressRecord {
  sockets: number
  readonly frames: Bucket
  readonly bytes: Bucket
  readonly connects: Bucket
}

export interface AddressBook {
  readonly size: number
  get(key: string, nowMs: number): AddressRecord
  /** Forgets addresses that have no socket and full buckets again. */
  sweep(nowMs: number): void
}

export function createAddressBook(limits: SignalingLimits): AddressBook {
  const records = new Map<string, AddressRecord>()
  const create = (nowMs: number): AddressRecord => ({
    sockets: 0,
    frames: createBucket(limits.addressFrames, nowMs),
    bytes: createBucket(limits.addressBytes, nowMs),
    connects: createBucket(limits.addressConnects, nowMs),
  })
  let overflow: AddressRecord | undefined

  const isIdle = (record: AddressRecord, nowMs: number): boolean => {
    if (record.sockets > 0) return false
    refill(record.frames, limits.addressFrames, nowMs)
    refill(record.bytes, limits.addressBytes, nowMs)
    refill(record.connects, limits.addressConnects, nowMs)
    return (
      record.frames.tokens >= limits.addressFrames.capacity &&
      record.bytes.tokens >= limits.addressBytes.capacity &&
      record.connects.tokens >= limits.addressConnects.capacity
    )
  }

  return {
    get size() {
      return records.size
    },
    get(key, nowMs) {
      const known = records.get(key)
      if (known) return known
      if (records.size >= limits.maxAddresses) return (overflow ??= create(nowMs))
      const record = create(nowMs)
      records.set(key, record)
      return record
    },
    sweep(nowMs) {
      for (const [key, record] of records) if (isIdle(record, nowMs)) records.delete(key)
    },
  }
}

/** The bucket key of a peer address as Node reports it: IPv4 (also when mapped into IPv6) or the /64 of an IPv6 one. */
export function addressKey(address: string | undefined): string {
  if (!address) return 'unknown'
  const plain = address.split('%', 1)[0] ?? ''
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)
  if (mapped?.[1]) return mapped[1]
  if (!plain.includes(':')) return plain.slice(0, 64)
  const [head = '', tail] = plain.split('::', 2)
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array.from({ length: zeros }, () => '0'), ...right]
  return `${groups
    .slice(0, 4)
    .map(group => group.toLowerCase().replace(/^0+(?=.)/, ''))
    .join(':')}::/64`.slice(0, 64)
}
