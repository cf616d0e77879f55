// Dissemination of updates (gossip.md step 4): announce by id, pull once from the first announcer, try another after two
// seconds, repair by comparing digests. Payloads are pulled, so what nobody asked for is refused. Every pulled update is
// checked (layout, payload hash, signature) before it reaches the gossip machine.
import { sha256 } from '@noble/hashes/sha2.js'
import {
  decodeHeader,
  HEADER_BYTES,
  updateId,
  type Update,
  type UpdateHeader,
} from '../core/gossip/update.ts'
import { bytesToHex } from '../core/num/hex.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { RefusalReason } from '../ports/session.ts'
import type { PassedUpdate } from '../ports/swarm-view.ts'
import type { Announced, PeerMessage } from '../protocol/messages.ts'
import { LIMITS } from '../protocol/messages.ts'
import { Allowance } from './allowance.ts'
import { signedText } from '../core/room/signed-text.ts'
import type { PeerContext } from './context.ts'

const RETRY_MS = 2_000
const GIVE_UP_MS = 20_000
const IN_FLIGHT_PER_LINK = 128
/** Announced updates remembered for one link: what a room of 200 has open, and what a flood may cost at most. */
const WANTED_PER_LINK = 2_048
/** An answer may come this long after it was asked for without being taken for a flood: uplinks are slow. */
const ANSWER_MS = 600_000
/** Questions remembered at most: links that announce what they never send cost no more memory than this. */
const MOST_ASKED = 16_384
/** A link that owes so many more updates than it delivered is not waited for, whatever it announces. */
const MOST_OWED = 8
/** Digests that a link partner may have compared: each can cost an announcement of everything. */
const DIGESTS = { count: 8, windowMs: 10_000 }
/** One link gets one update at most this often: an answer can be lost, but not again and again. */
const SERVED_PER_LINK = 4
/** With more than so many updates waiting on a link, and so many bytes, the other side had better ask elsewhere. */
const QUEUED = { updates: 2, bytes: 64 * 1024 }
/** While a link has a queue the answer of so long ago may still be in it. */
const QUEUED_MS = 60_000
/** Closed rounds whose updates are still served: a newcomer's state is a few rounds old when it arrives. */
const SERVED_ROUNDS = 8
/** Of what crossed links, so much is shown. */
const PASSED = 64

interface Wanted {
  readonly round: number
  readonly sources: MemberId[]
  askedAt: number
  asked: MemberId | undefined
  readonly since: number
}

export interface UpdateHost {
  /** Rounds whose updates still matter: from..to, inclusive. */
  span(): { from: number; to: number }
  /** A checked update, to be given to the machine. */
  accept(update: Update): void
  /** How many announced updates are on their way, by round; told whenever it changed. */
  expecting(counts: ReadonlyMap<number, number>): void
  /** Whether the update may be mixed. */
  standing(update: Update): Standing
  /** Whether everybody signed who is said in its payload to have. */
  isVouched(update: Update): Promise<boolean>
}

export type Standing =
  | { readonly type: 'good' }
  /** Entries that would tell are missing: it stays wanted and is looked at again. */
  | { readonly type: 'unknown' }
  /** Counts for nobody, and nobody is to blame. */
  | { readonly type: 'void' }
  | { readonly type: 'refused'; readonly reason: RefusalReason }

export class UpdateExchange {
  private readonly held = new Map<string, Update>()
  private readonly wanted = new Map<string, Wanted>()
  /** Who offered the update that is being accepted. */
  private having: readonly MemberId[] = []
  /** Ids that were refused, with their round, so that they are not pulled again. */
  private readonly refused = new Map<string, number>()
  /** Who was asked for which update, when last, and how often it answered, whether or not the update is still wanted. */
  private readonly asked = new Map<string, Map<MemberId, { at: number; answers: number }>>()
  /** By link: updates announced and never delivered, less those that were, in [-MOST_OWED, 2 MOST_OWED]. */
  private readonly owed = new Map<MemberId, number>()
  private readonly digests = new Allowance(DIGESTS.count, DIGESTS.windowMs)
  private readonly served = new Map<string, Map<MemberId, { at: number; times: number }>>()
  private nextDigestTo = 0
  private nothingExpected = true
  /** Updates that crossed a link, newest last, for the screen. */
  readonly passed: PassedUpdate[] = []
  private passedCount = 0
  sentUpdates = 0
  receivedUpdates = 0

  constructor(
    private readonly context: PeerContext,
    private readonly host: UpdateHost,
  ) {}

  linkUp(member: MemberId): void {
    this.offer(member, [...this.held.values()])
  }

  /** Updates of this and later rounds that are at hand for others. */
  heldFrom(round: number): Update[] {
    return [...this.held.values()].filter(update => update.round >= round)
  }

  /** Keeps an update for others and offers it to all links but those that have it. */
  announce(update: Update): void {
    this.held.set(update.id, update)
    for (const link of this.context.transport.links())
      if (link !== update.author && !this.having.includes(link)) this.offer(link, [update])
  }

  onHave(from: MemberId, updates: readonly Announced[]): void {
    const { from: first, to: last } = this.host.span()
    const now = this.context.clock.now()
    let mine = [...this.wanted.values()].filter(({ sources }) => sources[0] === from).length
    for (const { round, id } of updates) {
      if (round < first || round > last || this.held.has(id) || this.refused.has(id)) continue
      const wanted = this.wanted.get(id)
      if (wanted) {
        if (!wanted.sources.includes(from)) wanted.sources.push(from)
      } else if (mine++ < WANTED_PER_LINK) {
        this.wanted.set(id, {
          round,
          sources: [from],
          askedAt: 0,
          asked: undefined,
          since: now,
        })
      }
    }
    this.pull(now)
    this.tellExpecting()
  }

  onWant(from: MemberId, ids: readonly string[]): void {
    for (const id of ids) {
      const update = this.held.get(id)
      if (!update || !this.mayServe(update, from)) continue
      // A full queue drops the answer; the other side asks again or asks somebody else.
      if (
        this.context.send(from, { type: 'update', signed: update.signed, payload: update.payload }, 'bulk')
      ) {
        this.countServed(id, from)
        this.pass(update, from, 'out')
      }
    }
  }

  async onUpdate(from: MemberId, message: PeerMessage & { type: 'update' }): Promise<void> {
    const id = updateId(message.signed)
    if (!this.isAnswer(id, from)) {
      this.context.strike(from, 'flooding')
      return
    }
    // A slow answer to a question that time has settled is nobody's fault.
    const wanted = this.wanted.get(id)
    if (!wanted) return
    const update = await this.check(id, message)
    if (typeof update === 'string') return this.drop(id, wanted, from, update)
    if (!this.wanted.has(id)) return
    const standing = this.host.standing(update)
    if (standing.type === 'unknown') return
    this.wanted.delete(id)
    this.owe(from, -1)
    if (standing.type !== 'good') {
      // By the round it was announced for, which is an open one: what it says of itself may be any.
      this.refused.set(id, wanted.round)
      if (standing.type === 'void') return
      // Who publishes without a right to is cut off by those who get it first hand; others are told who it is.
      if (update.author === from && standing.reason === 'not-a-trainer')
        this.context.strike(from, standing.reason)
      else this.context.refuse(update.author, standing.reason)
      return
    }
    this.pass(update, from, 'in')
    this.tellExpecting()
    this.having = wanted.sources
    this.host.accept(update)
    this.having = []
    if (!this.held.has(id)) this.refused.set(id, wanted.round)
  }

  private async check(
    id: string,
    { signed, payload }: PeerMessage & { type: 'update' },
  ): Promise<Update | 'malformed' | 'wrong-hash' | 'bad-signature'> {
    const known = this.context.checked?.updates.get(id)
    if (known && equal(known.payload, payload)) return known
    const header = decodeHeader(signed)
    if (!header) return 'malformed'
    if (header.payloadBytes !== payload.length || !equal(sha256(payload), header.payloadHash))
      return 'wrong-hash'
    const signature = signed.subarray(HEADER_BYTES)
    const text = signedText('update', this.context.room, signed.subarray(0, HEADER_BYTES))
    if (!(await this.context.signer.verify(header.author, text, signature))) return 'bad-signature'
    const update = { ...header, id, signed: signed.slice(), payload: payload.slice() }
    if (!(await this.host.isVouched(update))) return 'bad-signature'
    this.context.checked?.updates.set(id, update)
    return update
  }

  onDigest(from: MemberId, theirs: readonly { round: number; digest: string }[]): void {
    if (!this.digests.take(from, this.context.clock.now())) return
    const digests = new Map(theirs.map(({ round, digest }) => [round, digest]))
    const oldest = Math.min(...digests.keys())
    for (const [round, updates] of this.byRound()) {
      // What lies before their oldest round they have left behind; somebody who lists nothing needs everything.
      if (digests.size > 0 && round < oldest) continue
      if (digests.get(round) !== digestOf(updates)) this.offer(from, updates)
    }
  }

  tick(now: number): void {
    const { from } = this.host.span()
    for (const [id, { round }] of this.held) {
      if (round >= from - SERVED_ROUNDS) continue
      this.held.delete(id)
      this.served.delete(id)
    }
    for (const [id, askedOf] of this.asked) {
      for (const [member, { at }] of askedOf) if (now - at > ANSWER_MS) askedOf.delete(member)
      if (askedOf.size === 0) this.asked.delete(id)
    }
    for (const id of this.asked.keys()) {
      if (this.asked.size <= MOST_ASKED) break
      this.asked.delete(id)
    }
    for (const [id, round] of this.refused) if (round < from) this.refused.delete(id)
    for (const [id, { round, since, sources }] of this.wanted) {
      const waited = now - since
      if (round >= from && waited <= GIVE_UP_MS) continue
      if (waited > RETRY_MS) for (const source of sources) this.owe(source, 1)
      this.wanted.delete(id)
    }
    this.pull(now)
    this.tellExpecting()
  }

  private pass(
    { author, round }: Pick<UpdateHeader, 'author' | 'round'>,
    link: MemberId,
    direction: PassedUpdate['direction'],
  ): void {
    if (direction === 'in') this.receivedUpdates++
    else this.sentUpdates++
    this.passed.push({ seq: ++this.passedCount, author, round, link, direction })
    if (this.passed.length > PASSED) this.passed.shift()
  }

  private owe(link: MemberId, updates: number): void {
    const owed = (this.owed.get(link) ?? 0) + updates
    if (owed === 0) this.owed.delete(link)
    else this.owed.set(link, Math.min(2 * MOST_OWED, Math.max(-MOST_OWED, owed)))
  }

  private tellExpecting(): void {
    const counts = new Map<number, number>()
    for (const { round, sources } of this.wanted.values()) {
      const isCredible = sources.some(source => (this.owed.get(source) ?? 0) < MOST_OWED)
      if (isCredible) counts.set(round, (counts.get(round) ?? 0) + 1)
    }
    if (counts.size === 0 && this.nothingExpected) return
    this.nothingExpected = counts.size === 0
    this.host.expecting(counts)
  }

  /** Anti-entropy: one link after the other gets a digest of every round in hand. */
  compareWithNextLink(): void {
    const links = this.context.transport.links()
    const link = links[this.nextDigestTo++ % Math.max(1, links.length)]
    if (link) this.compareWith(link)
  }

  forgetRefused(): void {
    this.refused.clear()
  }

  /** After a jump to another state: what the links hold for its open rounds is wanted at once. */
  compareWithAllLinks(): void {
    for (const link of this.context.transport.links()) this.compareWith(link)
  }

  private compareWith(link: MemberId): void {
    const { from } = this.host.span()
    const rounds = [...this.byRound()]
      .filter(([round]) => round >= from)
      .slice(-LIMITS.digestRounds)
      .map(([round, updates]) => ({ round, digest: digestOf(updates) }))
    this.context.send(link, { type: 'digest', rounds })
  }

  /** What waits on the link already is not queued again, and not much else behind it: the other side may ask somebody else. */
  private mayServe({ id, payload }: Update, to: MemberId): boolean {
    const before = this.served.get(id)?.get(to)
    if (before && before.times >= SERVED_PER_LINK) return false
    const waiting = this.context.transport.stats(to)?.bufferedBytes ?? 0
    if (waiting === 0) return true
    if (before && this.context.clock.now() - before.at < QUEUED_MS) return false
    return waiting <= Math.max(QUEUED.bytes, QUEUED.updates * payload.length)
  }

  private countServed(id: string, to: MemberId): void {
    const counts = this.served.get(id) ?? new Map<MemberId, { at: number; times: number }>()
    const times = (counts.get(to)?.times ?? 0) + 1
    this.served.set(id, counts.set(to, { at: this.context.clock.now(), times }))
  }

  /** A question may be answered as often as this side would answer it. */
  private isAnswer(id: string, from: MemberId): boolean {
    const askedOf = this.asked.get(id)
    const open = askedOf?.get(from)
    if (!askedOf || !open) return false
    if (++open.answers >= SERVED_PER_LINK) askedOf.delete(from)
    if (askedOf.size === 0) this.asked.delete(id)
    return true
  }

  private pull(now: number): void {
    const asks = new Map<MemberId, string[]>()
    const load = new Map<MemberId, number>()
    for (const { asked, askedAt } of this.wanted.values()) {
      if (asked && now - askedAt < RETRY_MS) load.set(asked, (load.get(asked) ?? 0) + 1)
    }
    const links = new Set(this.context.transport.links())
    for (const [id, wanted] of this.wanted) {
      if (wanted.asked && now - wanted.askedAt < RETRY_MS) continue
      // The next source after the one that did not answer; the list wraps.
      const alive = wanted.sources.filter(source => links.has(source))
      if (alive.length === 0) continue
      const source = alive[(alive.indexOf(wanted.asked ?? alive[alive.length - 1]!) + 1) % alive.length]!
      if ((load.get(source) ?? 0) >= IN_FLIGHT_PER_LINK) continue
      load.set(source, (load.get(source) ?? 0) + 1)
      wanted.asked = source
      wanted.askedAt = now
      const askedOf = this.asked.get(id) ?? new Map<MemberId, { at: number; answers: number }>()
      this.asked.set(id, askedOf.set(source, { at: now, answers: 0 }))
      asks.set(source, [...(asks.get(source) ?? []), id])
    }
    for (const [source, ids] of asks) this.context.send(source, { type: 'want', ids })
  }

  private offer(to: MemberId, updates: readonly Update[]): void {
    for (let at = 0; at < updates.length; at += LIMITS.announced) {
      const slice = updates.slice(at, at + LIMITS.announced).map(({ round, id }) => ({ round, id }))
      this.context.send(to, { type: 'have', updates: slice })
    }
  }

  /** What a link partner delivered is not what it announced: its fault, and another source may have the real thing. */
  private drop(
    id: string,
    wanted: Wanted,
    from: MemberId,
    reason: 'malformed' | 'wrong-hash' | 'bad-signature',
  ): void {
    wanted.sources.splice(0, wanted.sources.length, ...wanted.sources.filter(source => source !== from))
    if (wanted.sources.length === 0) {
      this.wanted.delete(id)
      this.refused.set(id, wanted.round)
    }
    this.context.strike(from, reason)
  }

  private byRound(): Map<number, Update[]> {
    const rounds = new Map<number, Update[]>()
    for (const update of this.held.values())
      rounds.set(update.round, [...(rounds.get(update.round) ?? []), update])
    return rounds
  }
}

function digestOf(updates: readonly Update[]): string {
  const ids = updates.map(({ id }) => id).sort()
  return bytesToHex(sha256(new TextEncoder().encode(ids.join(''))))
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
