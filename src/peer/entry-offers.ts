// New entries in a room of many: told to the links by hash, fetched from the first that tells of them, after a second from the
// next. Sent whole, an entry would cross nearly every link, and a member would get it about four times. Only what was offered
// a moment ago is given, twice to a link at most, so a small request cannot cost more than an offer did. What gets lost here the
// comparison of heads finds (head-comparison.ts). Checks nothing: what comes is an entry like any other.
import { entryHash } from '../core/ledger/chain.ts'
import type { Entry } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'
import { LIMITS } from '../protocol/messages.ts'
import type { PeerContext } from './context.ts'

const RETRY_MS = 1_000
const GIVE_UP_MS = 10_000
/** How long an offered entry can be had, and one that came is not asked for again. */
const OFFERED_MS = 30_000
const SERVED_PER_LINK = 2
/** Offers of one link that wait for their entry: what a flood may cost at most. */
const WANTED_PER_LINK = 2_048

interface Offered {
  readonly entry: Entry
  readonly at: number
  readonly served: Map<MemberId, number>
}

interface Wanted {
  readonly sources: MemberId[]
  readonly since: number
  asked: MemberId | undefined
  askedAt: number
}

export class EntryOffers {
  private readonly offered = new Map<string, Offered>()
  private readonly wanted = new Map<string, Wanted>()
  /** What was fetched lately: an entry that the ledger does not keep must not be fetched from every link. */
  private readonly came = new Map<string, number>()

  constructor(
    private readonly context: PeerContext,
    /** Whether the entry is here; if so the link is remembered as one that has it. */
    private readonly isHeld: (link: MemberId, hash: string) => boolean,
    private readonly give: (to: MemberId, entries: readonly Entry[]) => void,
  ) {}

  offer(to: MemberId, entries: readonly Entry[]): void {
    const at = this.context.clock.now()
    const hashes = entries.map(entry => {
      const hash = entryHash(entry)
      if (!this.offered.has(hash)) this.offered.set(hash, { entry, at, served: new Map() })
      return hash
    })
    for (let first = 0; first < hashes.length; first += LIMITS.offered)
      this.context.send(to, { type: 'entries-have', hashes: hashes.slice(first, first + LIMITS.offered) })
  }

  onHave(from: MemberId, hashes: readonly string[]): void {
    const now = this.context.clock.now()
    let mine = [...this.wanted.values()].filter(({ sources }) => sources[0] === from).length
    for (const hash of hashes) {
      if (this.isHeld(from, hash) || this.came.has(hash)) continue
      const wanted = this.wanted.get(hash)
      if (!wanted) {
        if (mine++ < WANTED_PER_LINK)
          this.wanted.set(hash, { sources: [from], since: now, asked: undefined, askedAt: 0 })
      } else if (!wanted.sources.includes(from)) wanted.sources.push(from)
    }
    this.pull(now)
  }

  onGet(from: MemberId, hashes: readonly string[]): void {
    const entries = hashes.flatMap(hash => {
      const offered = this.offered.get(hash)
      const times = (offered?.served.get(from) ?? 0) + 1
      if (!offered || times > SERVED_PER_LINK) return []
      offered.served.set(from, times)
      return [offered.entry]
    })
    this.give(from, entries)
  }

  /** An entry came, by whatever way and whatever it was worth. */
  arrived(hash: string): void {
    if (this.wanted.delete(hash)) this.came.set(hash, this.context.clock.now())
  }

  /** A few times a second. */
  tick(): void {
    const now = this.context.clock.now()
    // Oldest first, as they were put in.
    for (const [hash, { at }] of this.offered) {
      if (now - at < OFFERED_MS) break
      this.offered.delete(hash)
    }
    for (const [hash, at] of this.came) {
      if (now - at < OFFERED_MS) break
      this.came.delete(hash)
    }
    for (const [hash, { since }] of this.wanted) if (now - since > GIVE_UP_MS) this.wanted.delete(hash)
    this.pull(now)
  }

  private pull(now: number): void {
    const links = new Set(this.context.transport.links())
    const asks = new Map<MemberId, string[]>()
    for (const [hash, wanted] of this.wanted) {
      if (wanted.asked !== undefined && now - wanted.askedAt < RETRY_MS) continue
      const alive = wanted.sources.filter(source => links.has(source))
      // The next after the one that did not answer; the list wraps.
      const source = alive[(wanted.asked === undefined ? 0 : alive.indexOf(wanted.asked) + 1) % alive.length]
      if (source === undefined) continue
      wanted.asked = source
      wanted.askedAt = now
      asks.set(source, [...(asks.get(source) ?? []), hash])
    }
    for (const [source, hashes] of asks)
      for (let first = 0; first < hashes.length; first += LIMITS.offered)
        this.context.send(source, {
          type: 'entries-get',
          hashes: hashes.slice(first, first + LIMITS.offered),
        })
  }
}
