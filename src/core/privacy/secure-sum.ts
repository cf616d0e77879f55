// One member's side of a secure sum: double masking after Bonawitz et al. 2017 (figure 4, with the consistency check that
// guards against a lying lead). step(event) -> effects; no clock, no I/O, chance by argument. Messages go to everybody; who
// sent one is vouched for by the room's signatures. Whoever listens, with up to threshold - 1 members that keep to the protocol, or
// fewer than 2 threshold - n that do not and a lead that lies, learns a sum over at least threshold members and no more.
// Not in here: screening (nobody sees a vector), when phases end (the lead says).
import {
  addMask,
  addPairMask,
  openShares,
  publicOf,
  sameBytes,
  sealShares,
  secretsFrom,
} from './secure-keys.ts'
import type { OwnSecrets } from './secure-keys.ts'
import { decodeSumMessage, encodeSumMessage, type ListName, type SumMessage } from './secure-messages.ts'
import { shapeOf, SumConfigError, SumRecord, type SumConfig } from './secure-record.ts'
import { shareAt } from './secure-shamir.ts'
import { KeyedWords } from './keystream.ts'
import type { MemberId } from '../num/ids.ts'

export type SumFault =
  | 'malformed'
  | 'other-session'
  /** Not a member, or a list by somebody who is not the lead. */
  | 'not-entitled'
  /** A second, different message where one is allowed. */
  | 'second-message'
  /** The lead told two different lists for one phase: answering both would give away a vector. */
  | 'second-list'
  /** Shares that do not open or do not fit what their dealer committed to. */
  | 'bad-shares'
  /** A confirmation of another list of survivors: the lead or this member lies. */
  | 'other-list'
  | 'wrong-share'

/** Why this member takes no further part; nothing more leaves it. */
export type SumExit = 'left-out' | 'too-few' | 'not-nested' | 'other-list'

export type SumEvent =
  | { readonly type: 'start' }
  /** The quantised vector; may come at any time, is needed once the sharers are known. Not retained or modified. */
  | { readonly type: 'input'; readonly vector: Uint32Array }
  | { readonly type: 'message'; readonly from: MemberId; readonly bytes: Uint8Array }

export type SumEffect =
  /** To all members and the lead. */
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  | { readonly type: 'fault'; readonly kind: SumFault; readonly by: MemberId }
  /** The member's part is done: its shares for the survivors are out. */
  | { readonly type: 'done' }
  | { readonly type: 'out'; readonly why: SumExit }

type List = Extract<SumMessage, { kind: 'list' }>

export class SecureSumMember {
  private readonly record: SumRecord
  private readonly self: number
  private readonly secrets: OwnSecrets
  private input: Uint32Array | null = null
  private readonly told = new Map<ListName, List>()
  private readonly confirmed = new Map<number, Uint8Array>()
  /** Shares held of each sharer's secrets; null where the dealer's box was no good. */
  private readonly held = new Map<number, { seedShare: Uint8Array; keyShare: Uint8Array } | null>()
  private ownShares: { seedShare: Uint8Array; keyShare: Uint8Array } | null = null
  private started = false
  private masked = false
  private ended = false
  private effects: SumEffect[] = []

  /** `entropy`: 32 bytes of true chance, for this session only. Throws SumConfigError. */
  constructor(
    private readonly config: SumConfig,
    self: MemberId,
    entropy: Uint8Array,
  ) {
    this.record = new SumRecord(shapeOf(config))
    this.self = config.members.indexOf(self)
    if (this.self === -1) throw new SumConfigError('bad-members', 'the member itself is not among them')
    this.secrets = secretsFrom(entropy, this.record.shape.session)
  }

  step(event: SumEvent): SumEffect[] {
    this.effects = []
    if (this.ended) return this.effects
    switch (event.type) {
      case 'start':
        this.start()
        break
      case 'input':
        if (event.vector.length !== this.config.parameters)
          throw new SumConfigError('bad-parameters', `${event.vector.length} of ${this.config.parameters}`)
        if (!this.masked) this.input = event.vector
        break
      case 'message':
        this.hear(event.from, event.bytes)
        break
      default:
        event satisfies never
    }
    this.advance()
    return this.effects
  }

  private start(): void {
    if (this.started) return
    this.started = true
    const { sealSecret, maskSecret } = this.secrets
    const message = {
      kind: 'keys',
      sealPublic: publicOf(sealSecret),
      maskPublic: publicOf(maskSecret),
    } as const
    this.record.keys.set(this.self, message)
    this.send(message)
  }

  private hear(from: MemberId, bytes: Uint8Array): void {
    const author = this.config.members.indexOf(from)
    const fault = (kind: SumFault): void => void this.effects.push({ type: 'fault', kind, by: from })
    if (author === this.self && from !== this.config.lead) return
    if (author === -1 && from !== this.config.lead) return fault('not-entitled')
    const message = decodeSumMessage(bytes, this.record.shape)
    if (typeof message === 'string') return fault(message)
    if (message.kind === 'list') {
      if (from !== this.config.lead) return fault('not-entitled')
      const before = this.told.get(message.list)
      if (!before) this.told.set(message.list, message)
      else if (!sameBytes(this.encode(before), this.encode(message))) fault('second-list')
      return
    }
    if (author === this.self) return
    if (author === -1) return fault('not-entitled')
    const { keys, shares } = this.record
    if (message.kind === 'keys') this.keepFirst(keys, author, message, fault)
    else if (message.kind === 'shares') this.keepFirst(shares, author, message, fault)
    else if (message.kind === 'confirm') {
      const before = this.confirmed.get(author)
      if (!before) this.confirmed.set(author, message.digest)
      else if (!sameBytes(before, message.digest)) fault('second-message')
    }
  }

  private keepFirst<M extends SumMessage>(
    kept: Map<number, M>,
    author: number,
    message: M,
    fault: (kind: SumFault) => void,
  ): void {
    const before = kept.get(author)
    if (!before) kept.set(author, message)
    else if (!sameBytes(this.encode(before), this.encode(message))) fault('second-message')
  }

  /** Takes every step that what is here allows. A list that names messages still under way waits for them. */
  private advance(): void {
    const { record } = this
    if (!record.roster && this.accept('roster')) this.share()
    if (record.roster && !record.sharers && this.accept('sharers')) this.openBoxes()
    if (record.sharers && this.input && !this.masked) this.mask(this.input)
    if (this.masked && !record.survivors && this.accept('survivors')) this.confirm()
    if (record.survivors && !this.ended) this.reveal()
  }

  private accept(name: ListName): boolean {
    const list = this.told.get(name)
    if (!list || this.ended || !this.started) return false
    const { record } = this
    if (!record.isNested(name, list.members)) return this.leave('not-nested')
    if (!list.members.includes(this.self)) return this.leave('left-out')
    if (list.members.length < this.config.threshold) return this.leave('too-few')
    if (!record.isComplete(name, list.members)) return false
    if (!sameBytes(list.digest, record.digestOf(name, list.members))) return this.leave('other-list')
    record.settle(name, list.members)
    return true
  }

  private share(): void {
    const { record, self, secrets } = this
    const roster = record.roster!
    const words = new KeyedWords(secrets.sharing)
    const degree = this.config.threshold - 1
    const chance = (count: number): Uint8Array =>
      Uint8Array.from({ length: count }, () => words.next() >>> 24)
    const seedCoefficients = chance(degree * secrets.seed.length)
    const keyCoefficients = chance(degree * secrets.maskSecret.length)
    const commitments: Uint8Array[] = []
    const boxes: Uint8Array[] = []
    for (const holder of roster) {
      const seedShare = shareAt(secrets.seed, seedCoefficients, holder + 1)
      const keyShare = shareAt(secrets.maskSecret, keyCoefficients, holder + 1)
      commitments.push(
        record.shareCommitment(self, holder, 'seed', seedShare),
        record.shareCommitment(self, holder, 'key', keyShare),
      )
      if (holder === self) this.ownShares = { seedShare, keyShare }
      else {
        const other = record.keys.get(holder)!.sealPublic
        const address = { from: self, to: holder }
        boxes.push(sealShares(seedShare, keyShare, secrets.sealSecret, other, record.transcript, address))
      }
    }
    const seedCommitment = record.seedCommitment(self, secrets.seed)
    const message = { kind: 'shares', seedCommitment, commitments, boxes } as const
    record.shares.set(self, message)
    this.send(message)
  }

  private openBoxes(): void {
    const { record, self, secrets } = this
    for (const dealer of record.sharers!) {
      if (dealer === self) {
        this.held.set(self, this.ownShares)
        continue
      }
      const { boxes } = record.shares.get(dealer)!
      // The dealer's own place has no box.
      const place = record.roster!.indexOf(self)
      const box = boxes[record.roster!.indexOf(dealer) < place ? place - 1 : place]
      const opened =
        box && boxes.length === record.rosterSize - 1
          ? openShares(box, secrets.sealSecret, record.keys.get(dealer)!.sealPublic, record.transcript, {
              from: dealer,
              to: self,
            })
          : null
      const fits = (of: 'seed' | 'key', share: Uint8Array): boolean => {
        const commitment = record.commitment(dealer, self, of)
        return (
          commitment !== undefined && sameBytes(commitment, record.shareCommitment(dealer, self, of, share))
        )
      }
      const good = opened && fits('seed', opened.seedShare) && fits('key', opened.keyShare)
      this.held.set(dealer, good ? opened : null)
      if (!good) this.effects.push({ type: 'fault', kind: 'bad-shares', by: this.config.members[dealer]! })
    }
  }

  private mask(input: Uint32Array): void {
    const { record, self, secrets } = this
    const vector = input.slice()
    addMask(vector, secrets.seed, 1)
    for (const other of record.sharers!) {
      if (other === self) continue
      const { maskPublic } = record.keys.get(other)!
      addPairMask(vector, secrets.maskSecret, maskPublic, record.transcript, [self, other], 1)
    }
    this.masked = true
    this.input = null
    this.send({ kind: 'masked', vector })
  }

  private confirm(): void {
    const digest = this.record.digestOf('survivors', this.record.survivors!)
    this.confirmed.set(this.self, digest)
    this.send({ kind: 'confirm', digest })
  }

  /** Only one list is ever answered, and of every member one kind of share: never both of its masks come off. */
  private reveal(): void {
    const { record, config } = this
    const survivors = record.survivors!
    const own = this.confirmed.get(this.self)!
    const agreeing = survivors.filter(i => {
      const theirs = this.confirmed.get(i)
      return theirs !== undefined && sameBytes(theirs, own)
    })
    if (agreeing.length < config.threshold) return
    for (const i of survivors)
      if (this.confirmed.has(i) && !agreeing.includes(i))
        this.effects.push({ type: 'fault', kind: 'other-list', by: config.members[i]! })
    const shares = record.sharers!.map(dealer => {
      const held = this.held.get(dealer)
      if (!held) return null
      return survivors.includes(dealer) ? held.seedShare : held.keyShare
    })
    this.send({ kind: 'reveal', shares })
    this.effects.push({ type: 'done' })
    this.end()
  }

  private leave(why: SumExit): false {
    this.effects.push({ type: 'out', why })
    this.end()
    return false
  }

  private end(): void {
    this.ended = true
    this.input = null
    this.held.clear()
  }

  private encode(message: SumMessage): Uint8Array {
    return encodeSumMessage(message, this.record.shape)
  }

  private send(message: SumMessage): void {
    this.effects.push({ type: 'send', bytes: this.encode(message) })
  }
}
