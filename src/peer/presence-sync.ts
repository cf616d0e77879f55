// Who is here, by signed statements that are passed on, so that members hear of those to whom they have no link, and nobody can
// speak for somebody else. Passed on at the next tick, to links that have not sent it meanwhile; an author that has links to
// everybody is not passed on at all, which costs nobody but itself if it is not true. In a crowd only those travel that everybody
// must hear; all others end at the direct links.
import { LEASE_MS } from '../core/gossip/presence.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { PeerMessage } from '../protocol/messages.ts'
import { encodePresence, PRESENCE_BYTES, type PresenceStatement } from '../protocol/presence.ts'
import { signedText } from '../core/room/signed-text.ts'
import type { PeerContext } from './context.ts'

const MAX_HELD = 5_000

interface Held {
  readonly statement: PresenceStatement
  readonly signed: Uint8Array
  readonly heardAt: number
}

export class PresenceSync {
  private readonly held = new Map<MemberId, Held>()
  /** Authors of what is handed on at the next tick, with the links that have it. */
  private readonly news = new Map<MemberId, Set<MemberId>>()
  private counter = 0

  constructor(
    private readonly context: PeerContext,
    private readonly isMember: (member: MemberId) => boolean,
    /** Whether members that have no link to the author are to hear it. */
    private readonly isForAll: (author: MemberId) => boolean,
    private readonly onStatement: (statement: PresenceStatement) => void,
  ) {}

  /** Newest statement of everybody else that was ever heard, with the time. */
  get all(): ReadonlyMap<MemberId, Held> {
    return this.held
  }

  async state(statement: Omit<PresenceStatement, 'author' | 'counter'>): Promise<void> {
    this.counter = Math.max(this.counter + 1, this.context.clock.unixMs())
    const body = encodePresence({ ...statement, author: this.context.self, counter: this.counter })
    const signature = await this.context.signer.sign(signedText('presence', this.context.room, body))
    const signed = new Uint8Array(PRESENCE_BYTES + 64)
    signed.set(body)
    signed.set(signature, PRESENCE_BYTES)
    const message: PeerMessage = {
      type: 'presence',
      statement: { ...statement, author: this.context.self, counter: this.counter },
      signed,
    }
    for (const link of this.context.transport.links()) this.context.send(link, message)
  }

  linkUp(member: MemberId): void {
    const now = this.context.clock.now()
    for (const [author, { statement, signed, heardAt }] of this.held) {
      // Passing on what is stale would make the silent look alive.
      if (author !== member && now - heardAt < LEASE_MS && this.isForAll(author))
        this.context.send(member, { type: 'presence', statement, signed })
    }
  }

  async onPresence(from: MemberId, message: PeerMessage & { type: 'presence' }): Promise<void> {
    const { statement } = message
    if (statement.author === this.context.self) return
    if (!this.isNews(statement)) {
      if (statement.counter === this.held.get(statement.author)?.statement.counter)
        this.news.get(statement.author)?.add(from)
      return
    }
    // Before its ledger entries arrive a member is nobody; the next statement follows within seconds.
    if (!this.isMember(statement.author) || (this.held.size >= MAX_HELD && !this.held.has(statement.author)))
      return
    const signed = message.signed.slice()
    const text = signedText('presence', this.context.room, signed.subarray(0, PRESENCE_BYTES))
    if (!(await this.context.signer.verify(statement.author, text, signed.subarray(PRESENCE_BYTES)))) {
      this.context.strike(from, 'bad-signature')
      return
    }
    if (!this.isNews(statement)) return
    this.held.set(statement.author, { statement, signed, heardAt: this.context.clock.now() })
    this.onStatement(statement)
    if (this.isForAll(statement.author) && !this.reachesAll(statement.author))
      this.news.set(statement.author, new Set([from, statement.author]))
  }

  /** A few times a second. */
  tick(): void {
    for (const [author, having] of this.news) {
      const held = this.held.get(author)
      if (!held) continue
      const { statement, signed } = held
      for (const link of this.context.transport.links())
        if (!having.has(link)) this.context.send(link, { type: 'presence', statement, signed })
    }
    this.news.clear()
  }

  forget(member: MemberId): void {
    this.held.delete(member)
  }

  /** Whether the author says that it has links to everybody who is here. */
  private reachesAll(author: MemberId): boolean {
    const now = this.context.clock.now()
    const said = this.held.get(author)
    if (!said || now - said.heardAt >= LEASE_MS) return false
    let others = 1
    for (const [member, { heardAt }] of this.held) if (member !== author && now - heardAt < LEASE_MS) others++
    return said.statement.links >= others
  }

  private isNews({ author, counter }: PresenceStatement): boolean {
    return counter > (this.held.get(author)?.statement.counter ?? -1)
  }
}
