// Who can be reached, through the signaling server or a common neighbour: addresses, the member that each claims to be,
// and when it may be called again. All of it is hearsay until a link proves it, so it is bounded, and a bad claim costs
// only the address that made it.
import type { MemberId } from '../core/num/ids.ts'
import type { SocketId } from '../ports/signaling.ts'

/** Through whoever is linked to both. */
export type ViaAddress = `via:${string}`
export type Address = SocketId | ViaAddress

export function viaAddress(member: MemberId): ViaAddress {
  return `via:${member}`
}

export function viaMember(address: Address): MemberId | undefined {
  return address.startsWith('via:') ? (address.slice(4) as MemberId) : undefined
}

export interface Contact {
  readonly address: Address
  member: MemberId | undefined
  /** Our own name was told to this address. */
  announced: boolean
  /** Clock time before which it is not called. */
  notBefore: number
  failures: number
}

const MAX_CONTACTS = 512
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

export class Contacts {
  readonly #contacts = new Map<Address, Contact>()

  get(address: Address): Contact | undefined {
    return this.#contacts.get(address)
  }

  /** The contact of an address, made if need be; the oldest makes room. */
  note(address: Address, member?: MemberId): Contact {
    let contact = this.#contacts.get(address)
    if (!contact) {
      if (this.#contacts.size >= MAX_CONTACTS) {
        const oldest = this.#contacts.keys().next()
        if (!oldest.done) this.#contacts.delete(oldest.value)
      }
      contact = { address, member, announced: false, notBefore: 0, failures: 0 }
      this.#contacts.set(address, contact)
    }
    if (member !== undefined) contact.member = member
    return contact
  }

  remove(address: Address): void {
    this.#contacts.delete(address)
  }

  clear(): void {
    this.#contacts.clear()
  }

  /** Members by the contact to call now: of several that claim a name, the one that failed least, then the newest. */
  callable(now: number, isUsable: (address: Address) => boolean): Map<MemberId, Contact> {
    const best = new Map<MemberId, Contact>()
    for (const contact of this.#contacts.values()) {
      if (contact.member === undefined || contact.notBefore > now || !isUsable(contact.address)) continue
      const other = best.get(contact.member)
      if (!other || contact.failures <= other.failures) best.set(contact.member, contact)
    }
    return best
  }

  pause(address: Address, until: number): void {
    const contact = this.#contacts.get(address)
    if (contact) contact.notBefore = Math.max(contact.notBefore, until)
  }

  pauseMember(member: MemberId, until: number): void {
    for (const contact of this.#contacts.values()) {
      if (contact.member === member) contact.notBefore = Math.max(contact.notBefore, until)
    }
  }

  /** Calls that lead nowhere become rarer. */
  failed(address: Address, now: number): void {
    const contact = this.#contacts.get(address)
    if (!contact) return
    contact.notBefore = now + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** contact.failures)
    contact.failures++
  }
}
