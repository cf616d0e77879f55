// How messages of a sum travel: signed, each once, handed on where their author has no link to everybody. Masked vectors and
// shares go one way only, to the lead or to the link that its opening came over; the rest goes to all. Nobody keeps
// anything for those who come later: a sum lives for seconds. What messages mean is the desk's business.
import { sha256 } from '@noble/hashes/sha2.js'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import { bytesToHex } from '../core/num/hex.ts'
import { kindOf, sessionOf } from '../core/privacy/secure-messages.ts'
import { attemptOf, isOpening } from '../core/privacy/sum-opening.ts'
import { signedText } from '../core/room/signed-text.ts'
import type { PeerMessage } from '../protocol/messages.ts'
import { memberBytes } from '../protocol/records.ts'
import type { PeerContext } from './context.ts'

/** Sums of one round that are listened to, and what one member may say in one. */
const LIMITS = { sums: 30, attempts: 8, each: 64 }

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
  towards: MemberId | null
  attempt: number
  /** What each member has said. */
  readonly seen: Map<MemberId, Set<string>>
}

export class SumRelay {
  private readonly routes = new Map<string, Route>()

  constructor(
    private readonly context: PeerContext,
    private readonly host: SumRelayHost,
  ) {}

  async onPart(from: MemberId, part: SumPart): Promise<void> {
    const rounds = this.host.rounds()
    if (part.round < rounds.from || part.round > rounds.to || part.author === this.context.self) return
    const opens = isOpening(part.payload)
    if (!opens && kindOf(part.payload) === null) return this.context.strike(from, 'malformed')
    if (!this.host.isTrainer(part.author) || !this.host.isTrainer(part.lead) || !this.isNews(part)) return
    const text = textOf(this.context.room, part)
    if (!(await this.context.signer.verify(part.author, text, part.signature)))
      return this.context.strike(from, 'bad-signature')
    // Another copy may have come while this one was being checked.
    if (!this.isNews(part)) return
    const route = this.note(part)
    if (opens) {
      route.attempt = attemptOf(part.payload)
      route.towards = from
    }
    this.passOn(route, part, from)
    this.host.heard(part)
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
    const route = this.note(unsigned)
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
  }

  private isNews(part: SumPart): boolean {
    const route = this.routes.get(keyOf(part))
    if (isOpening(part.payload)) {
      const attempt = attemptOf(part.payload)
      return part.author === part.lead && attempt < LIMITS.attempts && attempt > (route?.attempt ?? -1)
    }
    if (!route)
      return [...this.routes.values()].filter(({ round }) => round === part.round).length < LIMITS.sums
    const said = route.seen.get(part.author)
    return said === undefined || (said.size < LIMITS.each && !said.has(slotOf(part)))
  }

  private note(part: Addressed & Pick<SumPart, 'author' | 'payload'>): Route {
    const { round, lead, author } = part
    const known = this.routes.get(keyOf(part))
    const route = known ?? { round, lead, towards: null, attempt: -1, seen: new Map<MemberId, Set<string>>() }
    this.routes.set(keyOf(part), route)
    const said = route.seen.get(author) ?? new Set<string>()
    route.seen.set(author, said.add(slotOf(part)))
    return route
  }

  private passOn(route: Route, part: SumPart, from: MemberId): void {
    const { self, transport } = this.context
    const links = transport.links()
    if (goesToLead(part.payload)) {
      const next = links.includes(route.lead) ? route.lead : route.towards
      if (next !== null && route.lead !== self && next !== from) this.context.send(next, part, 'bulk')
    } else if (part.relay) {
      for (const link of links) if (link !== from && link !== part.author) this.context.send(link, part)
    }
  }
}

function goesToLead(payload: Uint8Array): boolean {
  const kind = kindOf(payload)
  return kind === 'masked' || kind === 'reveal'
}

function keyOf({ round, lead }: Addressed): string {
  return `${round}/${lead}`
}

/** Of every session one message each, and of its lead one list each: what follows a first one is not passed on. */
function slotOf({ payload }: Pick<SumPart, 'payload'>): string {
  const kind = kindOf(payload)
  if (kind === null) return `opening/${attemptOf(payload)}`
  return `${kind}/${bytesToHex(sessionOf(payload))}/${kind === 'list' ? payload[18] : ''}`
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
