// The lead of a secure sum: closes phases, tells the lists, collects masked vectors and shares, takes the masks off the sum.
// It sees nothing that a listener on the links does not see, and needs no secret. step(event) -> effects; deadlines
// come as 'close' events; a phase in which everybody has spoken closes by itself. Ends with the sum or says why there is none.
import type { MemberId } from '../num/ids.ts'
import { addMask, addPairMask, publicOf, sameBytes } from './secure-keys.ts'
import { decodeSumMessage, encodeSumMessage, type ListName, type SumMessage } from './secure-messages.ts'
import { shapeOf, SumRecord, type SumConfig } from './secure-record.ts'
import { combineShares, type Share } from './secure-shamir.ts'
import type { SumFault } from './secure-sum.ts'

export type SumPhase = 'keys' | 'shares' | 'masked' | 'reveal'

export type LeadEvent =
  | { readonly type: 'message'; readonly from: MemberId; readonly bytes: Uint8Array }
  /** The present phase has lasted long enough. */
  | { readonly type: 'close' }

export type SumFailure =
  /** Fewer members than the threshold have spoken. */
  | { readonly kind: 'too-few'; readonly phase: SumPhase; readonly present: number; readonly needed: number }
  /** Shares that their dealer committed to do not give what the dealer announced. */
  | { readonly kind: 'bad-dealer'; readonly by: MemberId }

export type LeadEffect =
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  | { readonly type: 'fault'; readonly kind: SumFault; readonly by: MemberId }
  | { readonly type: 'failed'; readonly failure: SumFailure }
  /** Modulo 2^32, of the vectors of `contributors`. */
  | { readonly type: 'sum'; readonly sum: Uint32Array; readonly contributors: readonly MemberId[] }

export class SecureSumLead {
  private readonly record: SumRecord
  private phase: SumPhase | 'ended' = 'keys'
  private readonly sum: Uint32Array
  private readonly delivered = new Set<number>()
  /** Good shares by the sharer they belong to. */
  private readonly revealed = new Map<number, Share[]>()
  private readonly revealers = new Set<number>()
  private effects: LeadEffect[] = []

  /** Throws SumConfigError. */
  constructor(private readonly config: SumConfig) {
    this.record = new SumRecord(shapeOf(config))
    this.sum = new Uint32Array(config.parameters)
  }

  get now(): SumPhase | 'ended' {
    return this.phase
  }

  step(event: LeadEvent): LeadEffect[] {
    this.effects = []
    if (this.phase === 'ended') return this.effects
    if (event.type === 'close') this.close()
    else this.hear(event.from, event.bytes)
    return this.effects
  }

  private hear(from: MemberId, bytes: Uint8Array): void {
    const author = this.config.members.indexOf(from)
    const fault = (kind: SumFault): void => void this.effects.push({ type: 'fault', kind, by: from })
    if (author === -1) return fault('not-entitled')
    const message = decodeSumMessage(bytes, this.record.shape)
    if (typeof message === 'string') return fault(message)
    switch (message.kind) {
      case 'keys':
        this.keep(this.record.keys, author, message, fault)
        return this.closeWhen(this.phase === 'keys' && this.record.keys.size === this.config.members.length)
      case 'shares':
        if (!this.record.roster?.includes(author)) return
        if (message.boxes.length !== this.record.rosterSize - 1) return fault('malformed')
        this.keep(this.record.shares, author, message, fault)
        return this.closeWhen(this.phase === 'shares' && this.record.shares.size === this.record.rosterSize)
      case 'masked':
        return this.add(author, message.vector, fault)
      case 'reveal':
        return this.collect(author, message.shares, fault)
      case 'list':
        return from === this.config.lead ? undefined : fault('not-entitled')
      case 'confirm':
        return
      default:
        return message satisfies never
    }
  }

  /** What comes after its phase is too late: the list is told. */
  private keep<M extends SumMessage>(
    kept: Map<number, M>,
    author: number,
    message: M,
    fault: (kind: SumFault) => void,
  ): void {
    const before = kept.get(author)
    const { shape } = this.record
    if (before) {
      if (!sameBytes(encodeSumMessage(before, shape), encodeSumMessage(message, shape)))
        fault('second-message')
    } else if (this.phase === message.kind) kept.set(author, message)
  }

  private add(author: number, vector: Uint32Array, fault: (kind: SumFault) => void): void {
    if (this.phase !== 'masked' || !this.record.sharers!.includes(author)) return
    if (this.delivered.has(author)) return fault('second-message')
    this.delivered.add(author)
    const { sum } = this
    for (let i = 0; i < sum.length; i++) sum[i]! += vector[i]!
    this.closeWhen(this.delivered.size === this.record.sharers!.length)
  }

  private collect(
    author: number,
    shares: readonly (Uint8Array | null)[],
    fault: (kind: SumFault) => void,
  ): void {
    const { record } = this
    if (this.phase !== 'reveal' || !record.survivors!.includes(author)) return
    if (this.revealers.has(author)) return fault('second-message')
    if (shares.length !== record.sharers!.length) return fault('malformed')
    this.revealers.add(author)
    let wrong = false
    record.sharers!.forEach((dealer, i) => {
      const bytes = shares[i]
      if (!bytes) return
      const of = record.survivors!.includes(dealer) ? 'seed' : 'key'
      const commitment = record.commitment(dealer, author, of)
      if (!commitment || !sameBytes(commitment, record.shareCommitment(dealer, author, of, bytes))) {
        wrong = true
        return
      }
      const good = this.revealed.get(dealer) ?? []
      this.revealed.set(dealer, [...good, { x: author + 1, bytes }])
    })
    if (wrong) fault('wrong-share')
    const enough = record.sharers!.every(i => (this.revealed.get(i)?.length ?? 0) >= this.config.threshold)
    if (enough) this.unmask()
    else this.closeWhen(this.revealers.size === record.survivors!.length)
  }

  private closeWhen(everybody: boolean): void {
    if (everybody) this.close()
  }

  private close(): void {
    const { record } = this
    switch (this.phase) {
      case 'keys':
        return this.tell('roster', [...record.keys.keys()], 'shares')
      case 'shares':
        return this.tell('sharers', [...record.shares.keys()], 'masked')
      case 'masked':
        return this.tell('survivors', [...this.delivered], 'reveal')
      case 'reveal': {
        const fewest = Math.min(...record.sharers!.map(i => this.revealed.get(i)?.length ?? 0))
        return this.tooFew('reveal', fewest)
      }
      case 'ended':
        return
      default:
        this.phase satisfies never
    }
  }

  private tell(list: ListName, unsorted: readonly number[], next: SumPhase): void {
    const members = [...unsorted].sort((a, b) => a - b)
    if (members.length < this.config.threshold) return this.tooFew(this.phase as SumPhase, members.length)
    const { record } = this
    const digest = record.digestOf(list, members)
    record.settle(list, members)
    this.phase = next
    const message = { kind: 'list', list, members, digest } as const
    this.effects.push({ type: 'send', bytes: encodeSumMessage(message, record.shape) })
  }

  private unmask(): void {
    const { record, config, sum } = this
    const { threshold, members } = config
    for (const dealer of record.sharers!) {
      const secret = combineShares(this.revealed.get(dealer)!.slice(0, threshold))
      if (record.survivors!.includes(dealer)) {
        const { seedCommitment } = record.shares.get(dealer)!
        if (!sameBytes(record.seedCommitment(dealer, secret), seedCommitment))
          return this.badDealer(members[dealer]!)
        addMask(sum, secret, -1)
      } else {
        if (!sameBytes(publicOf(secret), record.keys.get(dealer)!.maskPublic))
          return this.badDealer(members[dealer]!)
        // What every survivor added for the member that is gone did not cancel.
        for (const survivor of record.survivors!) {
          const { maskPublic } = record.keys.get(survivor)!
          addPairMask(sum, secret, maskPublic, record.transcript, [survivor, dealer], -1)
        }
      }
    }
    this.phase = 'ended'
    this.effects.push({ type: 'sum', sum, contributors: record.survivors!.map(i => members[i]!) })
  }

  private badDealer(by: MemberId): void {
    this.fail({ kind: 'bad-dealer', by })
  }

  private tooFew(phase: SumPhase, present: number): void {
    this.fail({ kind: 'too-few', phase, present, needed: this.config.threshold })
  }

  private fail(failure: SumFailure): void {
    this.phase = 'ended'
    this.effects.push({ type: 'failed', failure })
  }
}
