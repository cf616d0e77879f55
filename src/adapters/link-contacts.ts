// Who can be reached through signaling: sockets, the member that each claims to be, and when it may be called again. All of
// it is hearsay until a link proves it, so it is bounded and a bad claim costs only the socket that made it.
import type { MemberId } from '../core/num/ids.ts'
import type { SocketId } from '../ports/signaling.ts'

export interface Contact {
  readonly socket: SocketId
  member: MemberId | undefined
  /** Our own name was told to this socket. */
  announced: boolean
  /** Clock time before which it is not called. */
  notBefore: number
  failures: number
}

const MAX_CONTACTS = 512
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

export class Contacts {
  readonly #bySocket = new Map<SocketId, Contact>()

  get size(): number {
    return this.#bySocket.size
  }

  get(socket: SocketId): Contact | undefined {
    return this.#bySocket.get(socket)
  }

  /** The contact of a socket, made if need be; the oldest makes room. */
  note(socket: SocketId, member?: MemberId): Contact {
    let contact = this.#bySocket.get(socket)
    if (!contact) {
      if (this.#bySocket.size >= MAX_CONTACTS) {
        const oldest = this.#bySocket.keys().next()
        if (!oldest.done) this.#bySocket.delete(oldest.value)
      }
      contact = { socket, member, announced: false, notBefore: 0, failures: 0 }
      this.#bySocket.set(socket, contact)
    }
    if (member !== undefined) contact.member = member
    return contact
  }

  remove(socket: SocketId): void {
    this.#bySocket.delete(socket)
  }

  clear(): void {
    this.#bySocket.clear()
  }

  /** Members by the contact to call now: of several that claim a name, the one that failed least, then the newest. */
  callable(now: number): Map<MemberId, Contact> {
    const best = new Map<MemberId, Contact>()
    for (const contact of this.#bySocket.values()) {
      if (contact.member === undefined || contact.notBefore > now) continue
      const other = best.get(contact.member)
      if (!other || contact.failures <= other.failures) best.set(contact.member, contact)
    }
    return best
  }

  pause(socket: SocketId, until: number): void {
    const contact = this.#bySocket.get(socket)
    if (contact) contact.notBefore = Math.max(contact.notBefore, until)
  }

  /** Calls that lead nowhere become rarer. */
  failed(socket: SocketId, now: number): void {
    const contact = this.#bySocket.get(socket)
    if (!contact) return
    contact.notBefore = now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** contact.failures)
    contact.failures++
  }

  pauseMember(member: MemberId, until: number): void {
    for (const contact of this.#bySocket.values()) {
      if (contact.member === member) contact.notBefore = Math.max(contact.notBefore, until)
    }
  }
}
