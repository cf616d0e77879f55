// How messages of a sum travel: signed, each once, handed on where their author has no link to everybody. Masked vectors and
// shares go one way only, to the lead or to the link that its opening came over; the rest goes to all. Nobody keeps
// anything for those who come later: a sum lives for seconds. What messages mean is the desk's business.
import { sha256 } from '@noble/hashes/sha2.js'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import { kindOf } from '../core/privacy/secure-messages.ts'
import { isOpening } from '../core/privacy/sum-opening.ts'
import { signedText } from '../core/room/signed-text.ts'
import type { PeerMessage } from '../protocol/messages.ts'
import { memberBytes } from '../protocol/records.ts'
import type { PeerContext } from './context.ts'

/** Sums that anybody opens for one round and that are listened to. */
const SUMS_PER_ROUND = 3
/** What comes before its opening, over a faster way: none of it is long. */
const EARLY = { count: 128, bytes: 8 * 1024 }

export type SumPart = Extract<PeerMessage, { type: 'sum' }>
type Addressed = Pick<SumPart, 'round' | 'lead'>

export interface SumRelayHost {
  /** Rounds whose sums matter: from..to, inclusive. */
  rounds(): { readonly from: number; readonly to: number }
  isTrainer(member: MemberId): boolean
  /** News, its signature checked. */
  heard(part: SumPart): void
}

interface Route extends Addressed {
  /** The link that the opening came over: towards the lead, where there is no link to it. */
  readonly towards: MemberId
  readonly seen: Set<string>
}

export class SumRelay {
  private readonly routes = new Map<string, Route>()
  private readonly early: { readonly from: MemberId; readonly part: SumPart }[] = []

  constructor(
    private readonly context: PeerContext,
    private readonly host: SumRelayHost,
  ) {}

  async onPart(from: MemberId, part: SumPart): Promise<void> {
    const rounds = this.host.rounds()
    if (part.round < rounds.from || part.round > rounds.to || part.author === this.context.self) return
    const opens = isOpening(part.payload)
    if (!opens && kindOf(part.payload) === null) return this.context.strike(from, 'malformed')
    if (opens && (part.author !== part.lead || !this.mayOpen(part))) return
    if (!opens && !this.routes.has(keyOf(part))) return this.keepEarly(from, part)
    if (this.routes.get(keyOf(part))?.seen.has(slotOf(part)) || !this.host.isTrainer(part.author)) return
    const text = textOf(this.context.room, part)
    if (!(await this.context.signer.verify(part.author, text, part.signature)))
      return this.context.strike(from, 'bad-signature')
    if (opens && !this.routes.has(keyOf(part))) this.open(part, from)
    const route = this.routes.get(keyOf(part))
    // Another copy may have come while this one was being checked.
    if (!route || route.seen.has(slotOf(part))) return
    route.seen.add(slotOf(part))
    this.passOn(route, part, from)
    this.host.heard(part)
    if (opens) await this.replay(route)
  }

  /** To everybody in the sum, or to its lead; opens the sum with its first message. Resolves with the signature. */
  async say(
    { round, lead }: Addressed,
    members: readonly MemberId[],
    payload: Uint8Array,
  ): Promise<Uint8Array> {
    const { room, self, signer, transport } = this.context
    const unsigned = { type: 'sum', round, lead, author: self, payload } as const
    const signature = await signer.sign(textOf(room, unsigned))
    if (isOpening(payload)) this.open(unsigned, self)
    const route = this.routes.get(keyOf(unsigned))
    if (!route) return signature
    const links = transport.links()
    const isFor = (link: MemberId): boolean => members.includes(link)
    const relay = members.some(member => member !== self && !links.includes(member))
    const part = { ...unsigned, relay, signature }
    if (goesToLead(payload)) this.passOn(route, part, self)
    else for (const link of links) if (relay || isFor(link)) this.context.send(link, part)
    return signature
  }

  /** Whether these members signed this message of that sum. */
  async areSigned(
    sum: Addressed,
    signatures: readonly { readonly member: MemberId; readonly signature: Uint8Array }[],
    payload: Uint8Array,
  ): Promise<boolean> {
    const { room, signer } = this.context
    const checks = signatures.map(({ member, signature }) =>
      signer.verify(member, textOf(room, { ...sum, author: member, payload }), signature),
    )
    return (await Promise.all(checks)).every(Boolean)
  }

  forgetBefore(first: number): void {
    for (const [key, { round }] of this.routes) if (round < first) this.routes.delete(key)
    const kept = this.early.filter(({ part }) => part.round >= first)
    this.early.splice(0, this.early.length, ...kept)
  }

  private mayOpen(part: SumPart): boolean {
    const others = [...this.routes.values()].filter(({ round }) => round === part.round)
    return others.length < SUMS_PER_ROUND && !this.routes.has(keyOf(part))
  }

  private open({ round, lead }: Addressed, towards: MemberId): void {
    this.routes.set(keyOf({ round, lead }), { round, lead, towards, seen: new Set() })
  }

  private passOn(route: Route, part: SumPart, from: MemberId): void {
    const { self, transport } = this.context
    const links = transport.links()
    if (goesToLead(part.payload)) {
      const next = links.includes(route.lead) ? route.lead : route.towards
      if (route.lead !== self && next !== from && next !== self) this.context.send(next, part, 'bulk')
    } else if (part.relay) {
      for (const link of links) if (link !== from && link !== part.author) this.context.send(link, part)
    }
  }

  private keepEarly(from: MemberId, part: SumPart): void {
    if (this.early.length < EARLY.count && part.payload.length <= EARLY.bytes) this.early.push({ from, part })
  }

  private async replay(route: Route): Promise<void> {
    const due = this.early.filter(({ part }) => keyOf(part) === keyOf(route))
    const others = this.early.filter(({ part }) => keyOf(part) !== keyOf(route))
    this.early.splice(0, this.early.length, ...others)
    for (const { from, part } of due) await this.onPart(from, part)
  }
}

function goesToLead(payload: Uint8Array): boolean {
  const kind = kindOf(payload)
  return kind === 'masked' || kind === 'reveal'
}

function keyOf({ round, lead }: Addressed): string {
  return `${round}/${lead}`
}

/** One message each, and of the lead one list each: what follows a first one under the same name is not passed on. */
function slotOf({ author, payload }: Pick<SumPart, 'author' | 'payload'>): string {
  const kind = kindOf(payload)
  return kind === 'list' ? `${author}/list/${payload[18]}` : `${author}/${kind ?? 'opening'}`
}

/** What a signature covers: the payload by its hash, so that a voucher need not carry what it vouches for again. */
function textOf(
  room: RoomId,
  { round, lead, author, payload }: Pick<SumPart, 'round' | 'lead' | 'author' | 'payload'>,
): Uint8Array {
  const body = new Uint8Array(100)
  new DataView(body.buffer).setUint32(0, round)
  body.set(memberBytes(lead), 4)
  body.set(memberBytes(author), 36)
  body.set(sha256(payload), 68)
  return signedText('sum', room, body)
}
