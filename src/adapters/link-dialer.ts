// From an introduction to a proven channel: tells newcomers who is here, calls members and takes calls, and runs a try for
// each pair of calls that met. The lower identity offers, so two calls at once are one link. Signals go through the server
// or, when it is away, through a common neighbour. Whom to call, and what a proven channel is for, the transport decides.
import { encodeBase64url } from '../core/num/base64url.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Signaling, SignalingEvent, SocketId } from '../ports/signaling.ts'
import { startAttempt, type AttemptOptions, type AttemptResult, type LinkAttempt } from './link-attempt.ts'
import { Contacts, viaMember, type Address, type Contact } from './link-contacts.ts'
import { decodeLinkSignal, encodeLinkSignal, type LinkSignal, type TryId } from './link-signals.ts'

export type ProvenAttempt = Extract<AttemptResult, { status: 'proven' }>

export interface DialerOptions {
  readonly signaling: Signaling
  /** How a try is made, but for whom it is with and where its signals go. */
  readonly attempt: Omit<AttemptOptions, 'configuration' | 'member' | 'role' | 'held' | 'send' | 'onEnd'>
  /** For a call to be taken. */
  readonly callMs: number
  configuration(): RTCConfiguration
  held(member: MemberId): ReturnType<AttemptOptions['held']>
  /** Whether a neighbour is linked to the member, and a signal through it. */
  canRelay(member: MemberId): boolean
  relay(member: MemberId, payload: Uint8Array): void
  decide(caller: MemberId): 'take' | 'busy' | 'refuse'
  onProven(member: MemberId, address: Address, proven: ProvenAttempt): void
  onViolation(detail: string): void
  /** Somebody new, or a try that ended: time to think again. */
  onChange(): void
}

interface Try {
  readonly address: Address
  readonly member: MemberId
  readonly own: TryId
  readonly startedAt: number
  other: TryId | undefined
  attempt: LinkAttempt | undefined
}

export const SURPLUS_PAUSE_MS = 20_000
export const REFUSED_PAUSE_MS = 600_000
export const BAD_PROOF_PAUSE_MS = 60_000
const MAX_TRIES = 12

export class Dialer {
  readonly contacts = new Contacts()
  readonly #options: DialerOptions
  readonly #tries = new Map<Address, Try>()
  readonly #unsubscribe: () => void
  #ownSocket: SocketId | undefined

  constructor(options: DialerOptions) {
    this.#options = options
    this.#unsubscribe = options.signaling.subscribe(event => this.#onSignaling(event))
  }

  /** Where signaling reaches this member now. */
  get ownSocket(): SocketId | undefined {
    return this.#ownSocket
  }

  get tries(): number {
    return this.#tries.size
  }

  /** Members whom a try is with. */
  pending(): Set<MemberId> {
    return new Set([...this.#tries.values()].map(attempt => attempt.member))
  }

  callable(): Map<MemberId, Contact> {
    const isOpen = this.#options.signaling.state === 'open'
    return this.contacts.callable(this.#now(), address => {
      const member = viaMember(address)
      return member === undefined ? isOpen : !isOpen && this.#options.canRelay(member)
    })
  }

  call(contact: Contact): void {
    const { address, member } = contact
    if (member === undefined || this.#tries.has(address) || this.#tries.size >= MAX_TRIES) return
    this.#post(address, { t: 'call', id: this.#self, own: this.#createTry(address, member).own })
  }

  /** Calls that nobody took end here; run it now and then. */
  expire(): void {
    const now = this.#now()
    for (const attempt of [...this.#tries.values()]) {
      if (attempt.attempt || now - attempt.startedAt < this.#options.callMs) continue
      this.contacts.failed(attempt.address, now)
      this.#endTry(attempt)
    }
  }

  /** Ends all tries with a member. */
  abandon(member: MemberId): void {
    for (const attempt of [...this.#tries.values()]) if (attempt.member === member) this.#endTry(attempt)
  }

  close(): void {
    this.#unsubscribe()
    for (const attempt of [...this.#tries.values()]) this.#endTry(attempt)
  }

  /** A payload from an address; others' payloads and malformed ones are ignored. */
  receive(from: Address, payload: Uint8Array): void {
    const signal = decodeLinkSignal(payload)
    if (signal) this.#onSignal(from, signal)
  }

  get #self(): MemberId {
    return this.#options.attempt.signer.id
  }

  #now(): number {
    return this.#options.attempt.clock.now()
  }

  #onSignaling(event: SignalingEvent): void {
    switch (event.type) {
      case 'open':
        this.#ownSocket = event.self
        this.contacts.clear()
        for (const peer of event.peers) this.#announce(this.contacts.note(peer))
        return this.#options.onChange()
      case 'peer':
        return this.#announce(this.contacts.note(event.peer))
      case 'gone': {
        this.contacts.remove(event.peer)
        const attempt = this.#tries.get(event.peer)
        if (attempt && !attempt.attempt) this.#endTry(attempt)
        return
      }
      case 'message':
        return this.receive(event.from, event.payload)
      case 'closed':
        // Tries under way may still succeed with what they have; the sockets mean nothing any more.
        this.#ownSocket = undefined
        this.contacts.clear()
        return this.#options.onChange()
      default:
        event satisfies never
    }
  }

  #announce(contact: Contact): void {
    if (contact.announced) return
    contact.announced = true
    this.#post(contact.address, { t: 'here', id: this.#self, ask: contact.member === undefined })
  }

  #onSignal(from: Address, signal: LinkSignal): void {
    const attempt = this.#tries.get(from)
    switch (signal.t) {
      case 'here':
        if (signal.id === this.#self) return this.contacts.remove(from)
        this.contacts.note(from, signal.id).announced ||= signal.ask
        if (signal.ask) this.#post(from, { t: 'here', id: this.#self, ask: false })
        return this.#options.onChange()
      case 'call':
        return this.#onCall(from, signal.id, signal.own)
      case 'take':
        if (attempt?.own !== signal.other || attempt.other !== undefined || attempt.member !== signal.id)
          return
        return this.#pair(attempt, signal.own)
      case 'busy':
        if (attempt?.own !== signal.other) return
        this.contacts.pause(from, this.#now() + (signal.final ? REFUSED_PAUSE_MS : SURPLUS_PAUSE_MS))
        return this.#endTry(attempt)
      case 'rtc':
        if (attempt?.own === signal.other && attempt.other === signal.own)
          attempt.attempt?.signal(signal.items)
        return
      default:
        signal satisfies never
    }
  }

  #onCall(from: Address, member: MemberId, theirs: TryId): void {
    if (member === this.#self) return
    this.contacts.note(from, member).announced = true
    const known = this.#tries.get(from)
    if (known?.other === theirs) return
    const decision = !known && this.#tries.size >= MAX_TRIES ? 'busy' : this.#options.decide(member)
    if (decision !== 'take') {
      return this.#post(from, { t: 'busy', other: theirs, final: decision === 'refuse' })
    }
    // Both called at once: the two calls are each other's answer.
    const crossed = known && known.other === undefined && known.member === member ? known : undefined
    if (known && !crossed) this.#endTry(known)
    const attempt = crossed ?? this.#createTry(from, member)
    if (!crossed) this.#post(from, { t: 'take', id: this.#self, own: attempt.own, other: theirs })
    this.#pair(attempt, theirs)
  }

  #post(to: Address, signal: LinkSignal): void {
    const member = viaMember(to)
    const payload = encodeLinkSignal(signal)
    if (member !== undefined) this.#options.relay(member, payload)
    else if (this.#options.signaling.state === 'open') this.#options.signaling.send(to as SocketId, payload)
  }

  #createTry(address: Address, member: MemberId): Try {
    const own = encodeBase64url(crypto.getRandomValues(new Uint8Array(12))) as TryId
    const made: Try = { address, member, own, startedAt: this.#now(), other: undefined, attempt: undefined }
    this.#tries.set(address, made)
    return made
  }

  #pair(attempt: Try, other: TryId): void {
    const { address, member, own } = attempt
    attempt.other = other
    attempt.attempt = startAttempt({
      ...this.#options.attempt,
      configuration: this.#options.configuration(),
      member,
      role: this.#self < member ? 'offerer' : 'answerer',
      held: () => this.#options.held(member),
      send: items => this.#post(address, { t: 'rtc', own, other, items }),
      onEnd: result => this.#onEnd(attempt, result),
    })
  }

  #endTry(attempt: Try): void {
    if (this.#tries.get(attempt.address) === attempt) this.#tries.delete(attempt.address)
    attempt.attempt?.close()
  }

  #onEnd(attempt: Try, result: AttemptResult): void {
    const { address, member } = attempt
    this.#endTry(attempt)
    if (result.status === 'proven') {
      const contact = this.contacts.get(address)
      if (contact) contact.failures = 0
      return this.#options.onProven(member, address, result)
    }
    if (result.status === 'violation') {
      this.contacts.pause(address, this.#now() + BAD_PROOF_PAUSE_MS)
      this.#options.onViolation(result.detail)
    } else {
      this.contacts.failed(address, this.#now())
    }
    this.#options.onChange()
  }
}
