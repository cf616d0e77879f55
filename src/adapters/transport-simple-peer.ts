// The Transport port over WebRTC. The dialer makes proven channels (link-dialer.ts), sessions carry messages over them
// (link-session.ts), and this decides: everyone in a small room, an overlay in a big one (core/overlay/partners.ts). A
// silent or broken link looks for another channel during its grace period; links that stand need no signaling. Lives in a
// page, since workers have no WebRTC (transport-port.ts). Does not close the signaling that it is given.
import { encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId, RoomId } from '../core/num/ids.ts'
import { createRng } from '../core/num/rng.ts'
import {
  knownMembers,
  memberToDrop,
  memberToExplore,
  membersToCall,
  OVERLAY_LIMITS,
  type OverlayLimits,
  type OverlayView,
} from '../core/overlay/partners.ts'
import type { Clock } from '../ports/clock.ts'
import type { IceServer, Signaling, SocketId } from '../ports/signaling.ts'
import type { Signer } from '../ports/signer.ts'
import {
  MAX_MESSAGE_BYTES,
  type LinkStats,
  type Priority,
  type Transport,
  type TransportEvent,
} from '../ports/transport.ts'
import type { CloseCode, LinkFrame, ListedPeer } from '../protocol/frames.ts'
import { isResumed, newSession, SESSION_BYTES, type LinkHello } from '../protocol/link-auth.ts'
import { systemClock } from './clock-system.ts'
import { viaAddress, viaMember, type Address, type Contact } from './link-contacts.ts'
import {
  BAD_PROOF_PAUSE_MS,
  Dialer,
  REFUSED_PAUSE_MS,
  SURPLUS_PAUSE_MS,
  type ProvenAttempt,
} from './link-dialer.ts'
import { LinkSession } from './link-session.ts'
import { openConnections, type CreateConnection } from './link-webrtc.ts'

export interface SimplePeerTransportOptions {
  readonly signaling: Signaling
  readonly signer: Signer
  /** Signed into every link, so that a link of one room is none of another. */
  readonly room: RoomId
  /** Instead of those that the signaling server hands out. */
  readonly iceServers?: readonly IceServer[]
  readonly iceTransportPolicy?: RTCIceTransportPolicy
  readonly limits?: OverlayLimits
  readonly clock?: Clock
  readonly times?: Partial<LinkTimes>
  readonly createConnection?: CreateConnection
}

export interface LinkTimes {
  readonly pingMs: number
  /** Silence after which a link counts as broken. */
  readonly silenceMs: number
  /** How long a broken link may take to come back before it is reported. */
  readonly graceMs: number
  /** For a call to be taken, and for a channel to be proven. */
  readonly callMs: number
  readonly connectMs: number
}

export interface SimplePeerTransport extends Transport {
  /** WebRTC connections of this page that are not closed, other transports' included. */
  readonly openConnections: number
}

const TIMES: LinkTimes = { pingMs: 1_000, silenceMs: 3_500, graceMs: 5_000, callMs: 5_000, connectMs: 20_000 }
const INTRODUCE_MS = 1_000
const LONGEST_INTRODUCE_MS = 15_000
const EXPLORE_MS = 20_000
const LIST_MS = 10_000
/** Signals passed on for one neighbour within a ping interval. */
const MAX_RELAYS = 64

interface Link {
  readonly member: MemberId
  readonly session: LinkSession
  ownSession: Uint8Array
  otherSession: Uint8Array
  neighbours: readonly MemberId[]
  /** Where signaling reaches the member, as it says itself. */
  socket: SocketId | undefined
  brokenSince: number | undefined
  /** Signaling lost the member's socket: silence weighs more. */
  isDoubtful: boolean
  relays: number
}

export function createSimplePeerTransport(options: SimplePeerTransportOptions): SimplePeerTransport {
  return new RtcTransport(options)
}

class RtcTransport implements SimplePeerTransport {
  readonly #options: SimplePeerTransportOptions
  readonly #clock: Clock
  readonly #times: LinkTimes
  readonly #limits: OverlayLimits
  readonly #rng = createRng(encodeBase64url(crypto.getRandomValues(new Uint8Array(16))))
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  readonly #links = new Map<MemberId, Link>()
  readonly #banned = new Set<MemberId>()
  readonly #dialer: Dialer
  readonly #timers = new Map<'tick' | 'review' | 'list', () => void>()
  readonly #unsubscribe: () => void
  /** Messages that came before anybody listened. */
  #early: Extract<TransportEvent, { type: 'message' }>[] | undefined = []
  #iceServers: readonly IceServer[] = []
  #isClosed = false
  #tickedAt: number
  #introduceAt = 0
  #introducePauseMs = INTRODUCE_MS
  #exploreAt: number
  #listAt = 0

  constructor(options: SimplePeerTransportOptions) {
    const { signaling, signer, room, createConnection } = options
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#times = { ...TIMES, ...options.times }
    this.#limits = options.limits ?? OVERLAY_LIMITS
    this.#tickedAt = this.#clock.now()
    this.#exploreAt = this.#tickedAt + EXPLORE_MS
    this.#unsubscribe = signaling.subscribe(event => {
      if (event.type === 'open') this.#iceServers = event.iceServers
      if (event.type === 'gone') this.#doubt(event.peer)
    })
    this.#dialer = new Dialer({
      signaling,
      callMs: this.#times.callMs,
      attempt: {
        clock: this.#clock,
        room,
        signer,
        createConnection: createConnection ?? (configuration => new RTCPeerConnection(configuration)),
        deadlineMs: this.#times.connectMs,
      },
      configuration: () => ({
        iceServers: [...(options.iceServers ?? this.#iceServers)],
        iceTransportPolicy: options.iceTransportPolicy ?? 'all',
      }),
      held: member => this.#held(member),
      canRelay: member => this.#relayTo(member) !== undefined,
      relay: (member, payload) => this.#relayTo(member)?.session.post({ type: 'relay', member, payload }),
      decide: caller => this.#decide(caller),
      onProven: (member, address, proven) => this.#onProven(member, address, proven),
      onViolation: detail => this.#emit({ type: 'violation', member: null, detail }),
      onChange: () => {
        this.#introducePauseMs = INTRODUCE_MS
        this.#listSoon()
        this.#reviewSoon()
      },
    })
    this.#scheduleTick()
  }

  get self(): MemberId {
    return this.#options.signer.id
  }

  get openConnections(): number {
    return openConnections()
  }

  links(): readonly MemberId[] {
    return [...this.#links.keys()]
  }

  send(to: MemberId, bytes: Uint8Array, priority: Priority): boolean {
    if (bytes.byteLength > MAX_MESSAGE_BYTES) {
      throw new RangeError(`message of ${bytes.byteLength} bytes is over ${MAX_MESSAGE_BYTES}`)
    }
    return this.#links.get(to)?.session.send(bytes, priority) ?? false
  }

  stats(member: MemberId): LinkStats | undefined {
    return this.#links.get(member)?.session.stats
  }

  ban(member: MemberId): void {
    this.#banned.add(member)
    this.#dialer.abandon(member)
    this.#drop(member, 'refused', 'refused')
  }

  subscribe(listener: (event: TransportEvent) => void): () => void {
    this.#listeners.add(listener)
    const early = this.#early
    if (early) {
      queueMicrotask(() => {
        this.#early = undefined
        for (const event of early) if (this.#links.has(event.from)) this.#emit(event)
      })
    }
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unsubscribe()
    this.#dialer.close()
    for (const cancel of this.#timers.values()) cancel()
    for (const link of this.#links.values()) link.session.close('leaving')
    this.#links.clear()
    this.#listeners.clear()
  }

  #emit(event: TransportEvent): void {
    if (this.#early && event.type === 'message') {
      this.#early.push(event)
      return
    }
    for (const listener of [...this.#listeners]) listener(event)
  }

  // What the dialer asks.

  #decide(caller: MemberId): 'take' | 'busy' | 'refuse' {
    if (this.#banned.has(caller)) return 'refuse'
    const load = this.#links.size + this.#dialer.tries
    return this.#links.has(caller) || load < 2 * this.#limits.maxDegree ? 'take' : 'busy'
  }

  #held(member: MemberId): Pick<LinkHello, 'ownSession' | 'otherSession' | 'control' | 'bulk'> {
    const link = this.#links.get(member)
    const none = new Uint8Array(SESSION_BYTES)
    if (!link) return { ownSession: none, otherSession: none, control: 0, bulk: 0 }
    return { ownSession: link.ownSession, otherSession: link.otherSession, ...link.session.delivered }
  }

  #onProven(member: MemberId, address: Address, proven: ProvenAttempt): void {
    const { own, other, channel } = proven
    if (this.#isClosed || this.#banned.has(member)) return channel.close()
    const socket = viaMember(address) === undefined ? (address as SocketId) : undefined
    const held = this.#links.get(member)
    if (held && isResumed(own, other)) {
      held.brokenSince = undefined
      held.isDoubtful = false
      held.socket = socket ?? held.socket
      if (!held.session.attach(channel, other)) this.#violate(held, 'resumes what was never sent')
      return this.#listSoon()
    }
    // The other side started anew: what this side knew of the old link is void.
    if (held) this.#drop(member, 'lost', 'replaced')
    const link = this.#createLink(member, own, other)
    link.socket = socket
    this.#links.set(member, link)
    this.#emit({ type: 'up', member })
    // A listener may have refused the member at once.
    if (this.#links.get(member) !== link) return channel.close()
    link.session.attach(channel, { control: 0, bulk: 0 })
    this.#listSoon()
    this.#reviewSoon()
  }

  // Links.

  #createLink(member: MemberId, own: LinkHello, other: LinkHello): Link {
    const link: Link = {
      member,
      session: new LinkSession(this.#clock, {
        onMessage: bytes => this.#emit({ type: 'message', from: member, bytes }),
        onLife: () => {
          if (link.session.isAttached) link.brokenSince = undefined
          link.isDoubtful = false
        },
        onDetached: () => {
          link.brokenSince ??= this.#clock.now()
          this.#reviewSoon()
        },
        onClose: code => this.#onClosed(link, code),
        onViolation: detail => this.#violate(link, detail),
        onRelay: frame => this.#onRelay(link, frame),
        onPeers: frame => this.#onPeers(link, frame),
      }),
      ownSession: newSession(own),
      otherSession: newSession(other),
      neighbours: [],
      socket: undefined,
      brokenSince: undefined,
      isDoubtful: false,
      relays: 0,
    }
    return link
  }

  #drop(member: MemberId, reason: 'closed' | 'lost' | 'refused', code: CloseCode): void {
    const link = this.#links.get(member)
    if (!link) return
    this.#links.delete(member)
    link.session.close(code)
    this.#emit({ type: 'down', member, reason })
    this.#listSoon()
    this.#reviewSoon()
  }

  #violate(link: Link, detail: string): void {
    if (this.#links.get(link.member) !== link) return
    this.#emit({ type: 'violation', member: link.member, detail })
    this.#dialer.contacts.pauseMember(link.member, this.#clock.now() + BAD_PROOF_PAUSE_MS)
    this.#drop(link.member, 'refused', 'violation')
  }

  #onClosed(link: Link, code: CloseCode): void {
    const { member, socket } = link
    if (this.#links.get(member) !== link) return
    const isRefused = code === 'refused' || code === 'violation'
    const pause = isRefused ? REFUSED_PAUSE_MS : SURPLUS_PAUSE_MS
    this.#dialer.contacts.pauseMember(member, this.#clock.now() + pause)
    if (code === 'leaving' && socket !== undefined) this.#dialer.contacts.remove(socket)
    this.#drop(member, isRefused ? 'refused' : 'closed', 'leaving')
  }

  #onPeers(link: Link, frame: Extract<LinkFrame, { type: 'peers' }>): void {
    const { contacts } = this.#dialer
    link.socket = frame.socket
    link.neighbours = frame.peers.flatMap(peer => (peer.member === this.self ? [] : [peer.member]))
    const told: ListedPeer[] = [{ member: link.member, socket: frame.socket }, ...frame.peers]
    for (const { member, socket } of told) {
      if (member === this.self) continue
      if (member !== link.member) contacts.note(viaAddress(member), member)
      // What a socket says of itself counts more than what others say of it.
      if (socket !== undefined && contacts.get(socket)?.member === undefined) contacts.note(socket, member)
    }
    this.#reviewSoon()
  }

  #doubt(socket: SocketId): void {
    for (const link of this.#links.values()) {
      if (link.socket !== socket) continue
      link.isDoubtful = true
      link.session.ping()
    }
  }

  #relayTo(member: MemberId): Link | undefined {
    for (const link of this.#links.values()) {
      if (link.brokenSince === undefined && link.neighbours.includes(member)) return link
    }
    return undefined
  }

  #onRelay(from: Link, frame: Extract<LinkFrame, { type: 'relay' | 'relayed' }>): void {
    if (frame.type === 'relayed') return this.#dialer.receive(viaAddress(frame.member), frame.payload)
    if (++from.relays > MAX_RELAYS) return
    const { payload } = frame
    this.#links.get(frame.member)?.session.post({ type: 'relayed', member: from.member, payload })
  }

  // Time and policy.

  /** One timer of a kind at a time; none after close. */
  #later(kind: 'tick' | 'review' | 'list', ms: number, run: () => void): void {
    if (this.#isClosed || this.#timers.has(kind)) return
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(kind)
      run()
    })
    this.#timers.set(kind, cancel)
  }

  #scheduleTick(): void {
    this.#later('tick', this.#times.pingMs, () => {
      this.#scheduleTick()
      this.#tick()
    })
  }

  #reviewSoon(): void {
    this.#later('review', 20, () => this.#review())
  }

  #listSoon(): void {
    this.#later('list', 100, () => this.#tellList())
  }

  #tick(): void {
    const now = this.#clock.now()
    // A busy or sleeping machine hears nothing and must not blame others for it.
    const lateMs = Math.max(0, now - this.#tickedAt - 2 * this.#times.pingMs)
    this.#tickedAt = now
    for (const link of [...this.#links.values()]) {
      link.relays = 0
      if (link.brokenSince !== undefined) link.brokenSince += lateMs
      this.#watch(link, now, lateMs > 0)
    }
    this.#dialer.expire()
    if (now >= this.#listAt) this.#tellList()
    this.#review()
  }

  #watch(link: Link, now: number, isLate: boolean): void {
    if (link.brokenSince !== undefined && now - link.brokenSince >= this.#times.graceMs) {
      return this.#drop(link.member, 'lost', 'leaving')
    }
    if (!isLate) link.session.silentTicks++
    const silenceMs = link.session.silentTicks * this.#times.pingMs
    const patienceMs = link.isDoubtful ? this.#times.silenceMs / 2 : this.#times.silenceMs
    if (silenceMs >= patienceMs) link.brokenSince ??= now
    link.session.tick()
  }

  #review(): void {
    if (this.#isClosed) return
    const callable = this.#dialer.callable()
    const pending = this.#dialer.pending()
    for (const link of this.#links.values()) {
      const contact = link.brokenSince === undefined ? undefined : callable.get(link.member)
      if (contact && !pending.has(link.member)) this.#dialer.call(contact)
    }
    const view = this.#view(callable)
    for (const member of membersToCall(view, this.#limits, this.#rng))
      this.#dialer.call(callable.get(member)!)
    const surplus = memberToDrop(view, this.#limits, this.#rng)
    if (surplus !== undefined) {
      this.#dialer.contacts.pauseMember(surplus, this.#clock.now() + SURPLUS_PAUSE_MS)
      this.#drop(surplus, 'closed', 'surplus')
    }
    this.#seek(view, callable)
  }

  #view(callable: ReadonlyMap<MemberId, Contact>): OverlayView {
    const links = new Map([...this.#links.values()].map(link => [link.member, link.neighbours]))
    const pending = this.#dialer.pending()
    for (const member of links.keys()) pending.delete(member)
    const isNew = (member: MemberId): boolean =>
      member !== this.self && !links.has(member) && !pending.has(member) && !this.#banned.has(member)
    return { self: this.self, links, pending, candidates: [...callable.keys()].filter(isNew) }
  }

  /** Asks for introductions while links are missing, and now and then although none are. */
  #seek(view: OverlayView, callable: ReadonlyMap<MemberId, Contact>): void {
    const { signaling } = this.#options
    if (signaling.state !== 'open') return
    const now = this.#clock.now()
    const wanted = Math.min(this.#limits.degree, Math.max(1, knownMembers(view).size - 1))
    const isShort = this.#links.size + this.#dialer.tries < wanted && view.candidates.length === 0
    if (isShort && now >= this.#introduceAt) {
      this.#introduceAt = now + this.#introducePauseMs
      this.#introducePauseMs = Math.min(LONGEST_INTRODUCE_MS, 2 * this.#introducePauseMs)
      signaling.introduce(4)
    }
    if (now < this.#exploreAt) return
    this.#exploreAt = now + EXPLORE_MS * (0.5 + this.#rng.next())
    signaling.introduce(2)
    const far = memberToExplore(view, this.#limits, this.#rng)
    if (far !== undefined) this.#dialer.call(callable.get(far)!)
  }

  /** Neighbours learn whom this member is linked to: the room's size, who bridges whom, and whom to call. */
  #tellList(): void {
    this.#listAt = this.#clock.now() + LIST_MS
    const peers: ListedPeer[] = [...this.#links.values()].map(({ member, socket }) => ({ member, socket }))
    const socket = this.#dialer.ownSocket
    for (const link of this.#links.values()) link.session.post({ type: 'peers', socket, peers })
  }
}
