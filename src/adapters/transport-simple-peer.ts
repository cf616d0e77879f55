// The Transport port over WebRTC. Signaling introduces sockets; calls pair two tries, the lower identity offers, and a
// proven channel carries the link (link-session.ts). Everyone in a small room, an overlay in a big one
// (core/overlay/partners.ts). A silent or broken link looks for another channel during its grace period; links that stand
// need no signaling. Lives in a page: workers have no WebRTC (transport-port.ts).
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
import type { IceServer, Signaling, SignalingEvent, SocketId } from '../ports/signaling.ts'
import type { Signer } from '../ports/signer.ts'
import { MAX_MESSAGE_BYTES, type Transport, type TransportEvent } from '../ports/transport.ts'
import type { CloseCode, ListedPeer } from '../protocol/frames.ts'
import { isResumed, newSession, SESSION_BYTES } from '../protocol/link-auth.ts'
import { systemClock } from './clock-system.ts'
import { startAttempt, type AttemptResult, type LinkAttempt } from './link-attempt.ts'
import { Contacts, type Contact } from './link-contacts.ts'
import { LinkSession } from './link-session.ts'
import { decodeLinkSignal, encodeLinkSignal, type LinkSignal, type TryId } from './link-signals.ts'
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
const SURPLUS_PAUSE_MS = 20_000
const REFUSED_PAUSE_MS = 600_000
const BAD_PROOF_PAUSE_MS = 60_000
const INTRODUCE_MS = 1_000
const LONGEST_INTRODUCE_MS = 15_000
const EXPLORE_MS = 20_000
const LIST_MS = 10_000
const MAX_TRIES = 12

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
}

interface Try {
  readonly socket: SocketId
  readonly member: MemberId
  readonly own: TryId
  other: TryId | undefined
  attempt: LinkAttempt | undefined
  readonly startedAt: number
}

export function createSimplePeerTransport(options: SimplePeerTransportOptions): SimplePeerTransport {
  return new RtcTransport(options)
}

class RtcTransport implements SimplePeerTransport {
  readonly #options: SimplePeerTransportOptions
  readonly #clock: Clock
  readonly #times: LinkTimes
  readonly #limits: OverlayLimits
  readonly #signaling: Signaling
  readonly #rng = createRng(encodeBase64url(crypto.getRandomValues(new Uint8Array(16))))
  readonly #listeners = new Set<(event: TransportEvent) => void>()
  readonly #links = new Map<MemberId, Link>()
  readonly #tries = new Map<SocketId, Try>()
  readonly #contacts = new Contacts()
  readonly #banned = new Set<MemberId>()
  readonly #unsubscribe: () => void
  #iceServers: readonly IceServer[] = []
  #ownSocket: SocketId | undefined
  #closed = false
  #cancelTick: () => void = () => undefined
  #cancelReview: (() => void) | undefined
  #tickedAt: number
  #introduceAt = 0
  #introducePauseMs = INTRODUCE_MS
  #exploreAt: number
  #listAt = 0

  constructor(options: SimplePeerTransportOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#times = { ...TIMES, ...options.times }
    this.#limits = options.limits ?? OVERLAY_LIMITS
    this.#signaling = options.signaling
    this.#tickedAt = this.#clock.now()
    this.#exploreAt = this.#tickedAt + EXPLORE_MS
    this.#unsubscribe = options.signaling.subscribe(event => this.#onSignaling(event))
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

  send(to: MemberId, bytes: Uint8Array, priority: 'control' | 'bulk'): boolean {
    if (bytes.byteLength > MAX_MESSAGE_BYTES) {
      throw new RangeError(`message of ${bytes.byteLength} bytes is over ${MAX_MESSAGE_BYTES}`)
    }
    return this.#links.get(to)?.session.send(bytes, priority) ?? false
  }

  stats(member: MemberId): ReturnType<Transport['stats']> {
    return this.#links.get(member)?.session.stats
  }

  ban(member: MemberId): void {
    this.#banned.add(member)
    for (const attempt of [...this.#tries.values()]) if (attempt.member === member) this.#endTry(attempt)
    this.#drop(member, 'refused', 'refused')
  }

  subscribe(listener: (event: TransportEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#unsubscribe()
    this.#cancelTick()
    this.#cancelReview?.()
    for (const attempt of [...this.#tries.values()]) this.#endTry(attempt)
    for (const link of this.#links.values()) link.session.close('leaving')
    this.#links.clear()
    this.#listeners.clear()
  }

  #emit(event: TransportEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  // Signaling: introductions, calls, WebRTC's signals.

  #onSignaling(event: SignalingEvent): void {
    switch (event.type) {
      case 'open':
        this.#ownSocket = event.self
        this.#iceServers = event.iceServers
        this.#contacts.clear()
        for (const peer of event.peers) this.#announce(this.#contacts.note(peer))
        this.#listAt = 0
        return
      case 'peer':
        return this.#announce(this.#contacts.note(event.peer))
      case 'gone':
        return this.#onGone(event.peer)
      case 'message': {
        const signal = decodeLinkSignal(event.payload)
        return signal && this.#onSignal(event.from, signal)
      }
      case 'closed':
        // Tries under way may still succeed with what they have; the sockets mean nothing any more.
        this.#ownSocket = undefined
        this.#contacts.clear()
        return
      default:
        event satisfies never
    }
  }

  #announce(contact: Contact): void {
    if (contact.announced) return
    contact.announced = true
    this.#post(contact.socket, { t: 'here', id: this.self })
  }

  #onGone(socket: SocketId): void {
    this.#contacts.remove(socket)
    const attempt = this.#tries.get(socket)
    if (attempt && !attempt.attempt) this.#endTry(attempt)
    for (const link of this.#links.values()) {
      if (link.socket !== socket) continue
      link.isDoubtful = true
      link.session.ping()
    }
  }

  #onSignal(from: SocketId, signal: LinkSignal): void {
    const attempt = this.#tries.get(from)
    switch (signal.t) {
      case 'here':
        if (signal.id === this.self) return this.#contacts.remove(from)
        this.#announce(this.#contacts.note(from, signal.id))
        this.#introducePauseMs = INTRODUCE_MS
        return this.#reviewSoon()
      case 'call':
        return this.#onCall(from, signal.id, signal.own)
      case 'take':
        if (attempt?.own !== signal.other || attempt.other !== undefined || attempt.member !== signal.id)
          return
        return this.#pair(attempt, signal.own)
      case 'busy':
        if (attempt?.own !== signal.other) return
        this.#contacts.pause(from, this.#clock.now() + (signal.final ? REFUSED_PAUSE_MS : SURPLUS_PAUSE_MS))
        return this.#endTry(attempt)
      case 'rtc':
        if (attempt?.own === signal.other && attempt.other === signal.own)
          attempt.attempt?.signal(signal.items)
        return
      default:
        signal satisfies never
    }
  }

  #onCall(from: SocketId, member: MemberId, theirs: TryId): void {
    if (member === this.self) return
    const contact = this.#contacts.note(from, member)
    contact.announced = true
    const known = this.#tries.get(from)
    const isFull =
      this.#tries.size >= MAX_TRIES ||
      (!this.#links.has(member) && this.#links.size + this.#tries.size >= 2 * this.#limits.maxDegree)
    if (this.#banned.has(member) || (isFull && !known)) {
      return this.#post(from, { t: 'busy', other: theirs, final: this.#banned.has(member) })
    }
    if (known?.other === theirs) return
    // Both called at once: the two calls are each other's answer.
    const crossed = known && known.other === undefined && known.member === member
    if (known && !crossed) this.#endTry(known)
    const attempt = crossed ? known : this.#createTry(from, member)
    if (!crossed) this.#post(from, { t: 'take', id: this.self, own: attempt.own, other: theirs })
    this.#pair(attempt, theirs)
  }

  #post(to: SocketId, signal: LinkSignal): void {
    if (this.#signaling.state === 'open') this.#signaling.send(to, encodeLinkSignal(signal))
  }

  // Tries: from a call to a proven channel.

  #createTry(socket: SocketId, member: MemberId): Try {
    const own = encodeBase64url(crypto.getRandomValues(new Uint8Array(12))) as TryId
    const startedAt = this.#clock.now()
    const made: Try = { socket, member, own, other: undefined, attempt: undefined, startedAt }
    this.#tries.set(socket, made)
    return made
  }

  #call(contact: Contact): void {
    const { socket, member } = contact
    if (member === undefined || this.#tries.has(socket) || this.#tries.size >= MAX_TRIES) return
    this.#post(socket, { t: 'call', id: this.self, own: this.#createTry(socket, member).own })
  }

  #pair(attempt: Try, other: TryId): void {
    attempt.other = other
    const { iceTransportPolicy, iceServers, createConnection } = this.#options
    attempt.attempt = startAttempt({
      clock: this.#clock,
      room: this.#options.room,
      signer: this.#options.signer,
      member: attempt.member,
      role: this.self < attempt.member ? 'offerer' : 'answerer',
      configuration: {
        iceServers: [...(iceServers ?? this.#iceServers)],
        ...(iceTransportPolicy === undefined ? {} : { iceTransportPolicy }),
      },
      createConnection: createConnection ?? (configuration => new RTCPeerConnection(configuration)),
      deadlineMs: this.#times.connectMs,
      held: () => this.#held(attempt.member),
      send: items => this.#post(attempt.socket, { t: 'rtc', own: attempt.own, other, items }),
      onEnd: result => this.#onTried(attempt, result),
    })
  }

  #held(member: MemberId): ReturnType<Parameters<typeof startAttempt>[0]['held']> {
    const link = this.#links.get(member)
    const none = new Uint8Array(SESSION_BYTES)
    if (!link) return { ownSession: none, otherSession: none, control: 0, bulk: 0 }
    return { ownSession: link.ownSession, otherSession: link.otherSession, ...link.session.delivered }
  }

  #endTry(attempt: Try): void {
    if (this.#tries.get(attempt.socket) === attempt) this.#tries.delete(attempt.socket)
    attempt.attempt?.close()
  }

  #onTried(attempt: Try, result: AttemptResult): void {
    this.#endTry(attempt)
    if (result.status === 'proven') {
      if (this.#closed || this.#banned.has(attempt.member)) return result.channel.close()
      return this.#onProven(attempt, result)
    }
    const now = this.#clock.now()
    if (result.status === 'violation') {
      this.#contacts.pause(attempt.socket, now + BAD_PROOF_PAUSE_MS)
      this.#emit({ type: 'violation', member: null, detail: result.detail })
    } else {
      this.#contacts.failed(attempt.socket, now)
    }
    this.#reviewSoon()
  }

  // Links.

  #onProven(attempt: Try, proven: Extract<AttemptResult, { status: 'proven' }>): void {
    const { own, other, channel } = proven
    const contact = this.#contacts.get(attempt.socket)
    if (contact) contact.failures = 0
    const held = this.#links.get(attempt.member)
    if (held && isResumed(own, other)) {
      held.brokenSince = undefined
      held.socket = attempt.socket
      held.isDoubtful = false
      if (!held.session.attach(channel, other)) this.#violate(held, 'resumes what was never sent')
      return this.#listSoon()
    }
    // The other side started anew: what this side knew of the old link is void.
    if (held) this.#drop(attempt.member, 'lost', 'replaced')
    const link = this.#createLink(attempt.member, attempt.socket)
    link.ownSession = newSession(own)
    link.otherSession = newSession(other)
    this.#links.set(attempt.member, link)
    this.#emit({ type: 'up', member: attempt.member })
    if (this.#links.get(attempt.member) !== link) return channel.close()
    link.session.attach(channel, { control: 0, bulk: 0 })
    this.#listSoon()
    this.#reviewSoon()
  }

  #createLink(member: MemberId, socket: SocketId): Link {
    const empty = new Uint8Array(SESSION_BYTES)
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
        onRelay: () => undefined,
        onPeers: frame => {
          if (frame.socket !== undefined) {
            link.socket = frame.socket
            this.#contacts.note(frame.socket, member)
          }
          link.neighbours = frame.peers.map(peer => peer.member).filter(other => other !== this.self)
          for (const peer of frame.peers) {
            if (peer.socket === undefined || peer.member === this.self) continue
            if (!this.#contacts.get(peer.socket)) this.#contacts.note(peer.socket, peer.member)
          }
          this.#reviewSoon()
        },
      }),
      ownSession: empty,
      otherSession: empty,
      neighbours: [],
      socket,
      brokenSince: undefined,
      isDoubtful: false,
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
    this.#contacts.pauseMember(link.member, this.#clock.now() + BAD_PROOF_PAUSE_MS)
    this.#drop(link.member, 'refused', 'violation')
  }

  #onClosed(link: Link, code: CloseCode): void {
    if (this.#links.get(link.member) !== link) return
    const isRefused = code === 'refused' || code === 'violation'
    const pause = isRefused ? REFUSED_PAUSE_MS : SURPLUS_PAUSE_MS
    if (code !== 'leaving') this.#contacts.pauseMember(link.member, this.#clock.now() + pause)
    else if (link.socket !== undefined) this.#contacts.remove(link.socket)
    this.#drop(link.member, isRefused ? 'refused' : 'closed', 'leaving')
  }

  // Time and policy.

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(this.#times.pingMs, () => {
      this.#scheduleTick()
      this.#tick()
    })
  }

  #tick(): void {
    const now = this.#clock.now()
    // A busy or sleeping machine hears nothing and must not blame others for it.
    const lateMs = Math.max(0, now - this.#tickedAt - 2 * this.#times.pingMs)
    this.#tickedAt = now
    for (const link of [...this.#links.values()]) {
      if (link.brokenSince !== undefined) link.brokenSince += lateMs
      this.#watch(link, now, lateMs > 0)
    }
    for (const attempt of [...this.#tries.values()]) {
      if (attempt.attempt || now - attempt.startedAt < this.#times.callMs) continue
      this.#contacts.failed(attempt.socket, now)
      this.#endTry(attempt)
    }
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

  #reviewSoon(): void {
    if (this.#closed) return
    this.#cancelReview ??= this.#clock.after(20, () => {
      this.#cancelReview = undefined
      this.#review()
    })
  }

  #review(): void {
    const now = this.#clock.now()
    const callable = this.#contacts.callable(now)
    for (const link of this.#links.values()) {
      const contact = link.brokenSince === undefined ? undefined : callable.get(link.member)
      if (contact && !this.#isTrying(link.member)) this.#call(contact)
    }
    const view = this.#view(callable)
    for (const member of membersToCall(view, this.#limits, this.#rng)) this.#call(callable.get(member)!)
    const surplus = memberToDrop(view, this.#limits, this.#rng)
    if (surplus !== undefined) {
      this.#contacts.pauseMember(surplus, now + SURPLUS_PAUSE_MS)
      this.#drop(surplus, 'closed', 'surplus')
    }
    this.#seek(view, callable, now)
  }

  /** Asks for introductions while links are missing, and now and then although none are. */
  #seek(view: OverlayView, callable: ReadonlyMap<MemberId, Contact>, now: number): void {
    if (this.#signaling.state !== 'open') return
    const wanted = Math.min(this.#limits.degree, Math.max(1, knownMembers(view).size - 1))
    const isShort = this.#links.size + this.#tries.size < wanted && view.candidates.length === 0
    if (isShort && now >= this.#introduceAt) {
      this.#introduceAt = now + this.#introducePauseMs
      this.#introducePauseMs = Math.min(LONGEST_INTRODUCE_MS, 2 * this.#introducePauseMs)
      this.#signaling.introduce(4)
    }
    if (now < this.#exploreAt) return
    this.#exploreAt = now + EXPLORE_MS * (0.5 + this.#rng.next())
    this.#signaling.introduce(2)
    const far = memberToExplore(view, this.#limits, this.#rng)
    if (far !== undefined) this.#call(callable.get(far)!)
  }

  #isTrying(member: MemberId): boolean {
    for (const attempt of this.#tries.values()) if (attempt.member === member) return true
    return false
  }

  #view(callable: ReadonlyMap<MemberId, Contact>): OverlayView {
    const links = new Map([...this.#links.values()].map(link => [link.member, link.neighbours]))
    const pending = new Set<MemberId>()
    for (const attempt of this.#tries.values()) if (!links.has(attempt.member)) pending.add(attempt.member)
    const candidates = [...callable.keys()].filter(
      member =>
        member !== this.self && !links.has(member) && !pending.has(member) && !this.#banned.has(member),
    )
    return { self: this.self, links, pending, candidates }
  }

  #listSoon(): void {
    this.#listAt = Math.min(this.#listAt, this.#clock.now())
    this.#cancelList ??= this.#clock.after(100, () => {
      this.#cancelList = undefined
      this.#tellList()
    })
  }
  #cancelList: (() => void) | undefined

  #tellList(): void {
    if (this.#closed) return
    this.#listAt = this.#clock.now() + LIST_MS
    const peers: ListedPeer[] = [...this.#links.values()].map(({ member, socket }) => ({ member, socket }))
    for (const link of this.#links.values())
      link.session.post({ type: 'peers', socket: this.#ownSocket, peers })
  }
}
