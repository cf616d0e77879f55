// One fetch of a state from several members at once: which chunk is asked of whom, what has come, who is to blame. Each
// chunk is proved by itself, so a false one costs its sender the job and nobody else the work. Chunks of a member that
// has stalled go to others. What is sent, and the clock, are the caller's.
import {
  CHUNK_BYTES,
  chunkBytes,
  checkChunk,
  chunkCount,
  decodeState,
  isStateLength,
  leastStateBytes,
  readHead,
  type ModelState,
} from '../core/gossip/state.ts'
import type { MemberId } from '../core/num/ids.ts'
import { LIMITS, type PeerMessage } from '../protocol/messages.ts'

export type Chunk = PeerMessage & { type: 'state-chunk' }

/** Members that deliver at a time. */
const DONORS = 4
/** With so few chunks on their way a member is asked for more. */
const LOW_WATER = 2
/**
 * A request should be answered in this time and that of its bytes at the slowest uplink that we wait for; then others are
 * asked for them too. Counted from the request: whoever sends a chunk now and then must not hold a place for ever.
 */
const STALL_MS = 2_500
/** Silence of a member that owes chunks: then it is given up. */
const SILENT_MS = 10_000
/** All of it may take this long plus its bytes, twice, at the slowest uplink that we wait for. */
const PATIENCE_MS = 30_000
const SLOWEST_BYTES_PER_MS = 100

export interface FetchHost {
  /** Members to ask, best first. */
  candidates(): readonly MemberId[]
  ask(member: MemberId, first: number, count: number): void
}

export type Progress =
  | { readonly type: 'going' }
  /** These sent what cannot be part of the state; the fetch goes on without them. */
  | { readonly type: 'false'; readonly senders: readonly MemberId[] }
  | { readonly type: 'whole'; readonly state: ModelState }
  /** Nobody is left to ask, it takes too long, or what members agreed on is no state of this room. */
  | { readonly type: 'failed' }

const GOING = { type: 'going' } as const
const FAILED = { type: 'failed' } as const

interface Donor {
  readonly asked: Set<number>
  heardAt: number
  dueAt: number
  /** Chunks in the next request: few until it has shown that it holds the state. */
  batch: number
  stalled: boolean
}

interface Held {
  readonly bytes: Uint8Array
  readonly total: number
  readonly from: MemberId
}

export class StateFetch {
  private readonly donors = new Map<MemberId, Donor>()
  private readonly tried = new Set<MemberId>()
  private readonly chunks: Map<number, Held>
  /** Known from the first chunk on. */
  private total: number | undefined
  /** Asked in an earlier attempt: they come last. */
  private readonly askedBefore: ReadonlySet<MemberId>
  private readonly until: number

  constructor(
    readonly round: number,
    readonly hash: string,
    private readonly parameters: number,
    private readonly host: FetchHost,
    now: number,
    earlier?: StateFetch,
  ) {
    const goesOn = earlier?.is(round, hash) === true
    this.chunks = goesOn ? earlier.chunks : new Map<number, Held>()
    this.total = goesOn ? earlier.total : undefined
    this.askedBefore = goesOn ? new Set([...earlier.askedBefore, ...earlier.tried]) : new Set()
    this.until = now + PATIENCE_MS + (2 * leastStateBytes(parameters)) / SLOWEST_BYTES_PER_MS
  }

  is(round: number, hash: string): boolean {
    return this.round === round && this.hash === hash
  }

  /** Time has passed, or there are new members to ask. */
  review(now: number): Progress {
    if (this.isWhole) return this.finish()
    if (now >= this.until) return FAILED
    for (const [member, donor] of this.donors) {
      if (donor.asked.size === 0) continue
      if (!donor.stalled && now >= donor.dueAt) {
        donor.stalled = true
        donor.batch = 1
      }
      if (now - donor.heardAt >= SILENT_MS) this.donors.delete(member)
    }
    this.recruit(now)
    return this.donors.size === 0 ? FAILED : GOING
  }

  /** The member has it not, or is gone. */
  leave(member: MemberId, now: number): Progress {
    return this.donors.delete(member) ? this.review(now) : GOING
  }

  /** A chunk of this state that was asked of its sender. */
  take(from: MemberId, chunk: Chunk, now: number): Progress {
    const donor = this.donors.get(from)
    if (donor) {
      donor.asked.delete(chunk.index)
      donor.heardAt = now
      if (donor.asked.size === 0) donor.stalled = false
    }
    if (!this.chunks.has(chunk.index)) {
      if (!this.isProved(chunk)) return this.accuse([from])
      this.chunks.set(chunk.index, { bytes: chunk.bytes, total: chunk.total, from })
      if (donor && !donor.stalled) donor.batch = Math.min(LIMITS.chunks, 2 * donor.batch)
      if (chunk.index === 0) {
        const head = readHead(chunk.bytes)
        if (head?.parameters !== this.parameters || head.round !== this.round) return this.hopeless()
        this.total = head.totalBytes
        const liars = this.contradicting(head.totalBytes)
        if (liars.length > 0) return this.accuse(liars)
      }
    }
    if (this.isWhole) return this.finish()
    if (donor && !donor.stalled && donor.asked.size <= LOW_WATER) this.assign(from, donor, now)
    return this.donors.size === 0 ? this.review(now) : GOING
  }

  /** The path proves the place only for the right length, which is a claim until the first chunk is here. */
  private isProved({ total, index, bytes, proof }: Chunk): boolean {
    if (!isStateLength(total, this.parameters) || (this.total !== undefined && total !== this.total))
      return false
    const count = chunkCount(total)
    return (
      index < count &&
      bytes.length === chunkBytes(total, index) &&
      checkChunk(this.hash, index, count, bytes, proof)
    )
  }

  /** Forgets chunks that came with another length than the proved one; returns who sent them. */
  private contradicting(total: number): MemberId[] {
    const liars = new Set<MemberId>()
    for (const [index, held] of this.chunks) {
      if (held.total === total) continue
      liars.add(held.from)
      // The first chunk is proved in any case.
      if (index !== 0) this.chunks.delete(index)
    }
    return [...liars]
  }

  /** The caller reviews next: there may be nobody left, or nothing. */
  private accuse(senders: readonly MemberId[]): Progress {
    for (const sender of senders) this.donors.delete(sender)
    return { type: 'false', senders }
  }

  private get isWhole(): boolean {
    return this.total !== undefined && this.chunks.size === chunkCount(this.total)
  }

  private finish(): Progress {
    const total = this.total!
    const bytes = new Uint8Array(total)
    let at = 0
    for (let index = 0; at < total; index++) {
      const { bytes: part } = this.chunks.get(index)!
      bytes.set(part, at)
      at += part.length
    }
    const state = decodeState(bytes, this.parameters)
    return state ? { type: 'whole', state } : this.hopeless()
  }

  /** Another attempt must not go on with chunks that are proved and still no state of this room. */
  private hopeless(): Progress {
    this.chunks.clear()
    this.total = undefined
    return FAILED
  }

  private recruit(now: number): void {
    for (const [member, donor] of this.donors)
      if (!donor.stalled && donor.asked.size === 0) this.assign(member, donor, now)
    for (const member of this.candidates()) {
      if (this.busy.length >= DONORS || this.free().length === 0) return
      if (this.tried.has(member)) continue
      this.tried.add(member)
      const donor = { asked: new Set<number>(), heardAt: now, dueAt: now, batch: 1, stalled: false }
      this.donors.set(member, donor)
      this.assign(member, donor, now)
    }
    // Nobody else is left to ask: who stalled may have passed over what it could not send then.
    for (const [member, donor] of this.donors) {
      if (this.busy.length >= DONORS || this.free().length === 0) return
      if (!donor.stalled || now < donor.dueAt + STALL_MS) continue
      const { heardAt } = donor
      donor.stalled = false
      donor.asked.clear()
      this.assign(member, donor, now)
      donor.heardAt = heardAt
    }
  }

  private candidates(): MemberId[] {
    const all = this.host.candidates()
    return [
      ...all.filter(member => !this.askedBefore.has(member)),
      ...all.filter(member => this.askedBefore.has(member)),
    ]
  }

  private get busy(): Donor[] {
    return [...this.donors.values()].filter(({ stalled }) => !stalled)
  }

  /** Chunks that are missing and that nobody is about to send, ascending. */
  private free(): number[] {
    const coming = new Set(this.busy.flatMap(({ asked }) => [...asked]))
    const count = chunkCount(this.total ?? leastStateBytes(this.parameters))
    const free: number[] = []
    for (let i = 0; i < count; i++) if (!this.chunks.has(i) && !coming.has(i)) free.push(i)
    return free
  }

  private assign(member: MemberId, donor: Donor, now: number): void {
    const free = this.free()
    const first = free[0]
    if (first === undefined) return
    // Smaller towards the end, so that all end together.
    const share = Math.ceil(free.length / (2 * Math.max(1, this.busy.length)))
    const most = Math.min(donor.batch, share)
    let count = 1
    while (count < most && free[count] === first + count) count++
    if (donor.asked.size === 0) donor.heardAt = now
    for (let i = first; i < first + count; i++) donor.asked.add(i)
    donor.dueAt = now + STALL_MS + (donor.asked.size * CHUNK_BYTES) / SLOWEST_BYTES_PER_MS
    this.host.ask(member, first, count)
  }
}
