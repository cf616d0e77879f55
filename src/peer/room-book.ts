// The room's book: the ledger of the open epoch, what was sealed before, and what both mean. It makes and judges proposed
// seals, closes epochs when a seal is final, and starts over from a snapshot when others sealed more than it holds. It
// speaks to nobody and checks no signatures: what comes in was checked.
import type { Entry, EntryBody, ProofBody } from '../core/ledger/entry.ts'
import { readEvidence } from '../core/ledger/evidence.ts'
import { entryBytes, entryHash, hashOf, Ledger, type Admission } from '../core/ledger/chain.ts'
import type { Canonical } from '../core/ledger/canonical.ts'
import type { Proposal } from '../core/ledger/decode.ts'
import { appendLeaves, leafHash } from '../core/num/merkle.ts'
import type { Membership } from '../core/ledger/members.ts'
import type { Certificate, Seal, SealedHead, Snapshot } from '../core/ledger/seal.ts'
import type { EpochFacts } from '../core/ledger/mechanism.ts'
import type { MemberId } from '../core/num/ids.ts'
import { pausesInForce } from '../core/governance/pause.ts'
import {
  applyEntry,
  closeEpoch,
  cloneState,
  createRoomState,
  decodeState,
  encodeState,
  expectedAnchor,
  mayBeSealMember,
  membershipsOf,
  nextSealMembers,
  type RoomState,
} from '../core/room/fold.ts'
import type { CharterEntry } from './founding.ts'

export interface ClosedEpoch {
  readonly certificate: Certificate
  readonly entries: readonly Entry[]
}

export interface ProposalFacts {
  /** Members heard lately, this one included. */
  readonly present: readonly MemberId[]
  readonly unixMs: number
  readonly modelRound: number
  readonly modelHash: string
  /** Takes the anchor's office where the anchor vanished. */
  readonly newAnchor: MemberId | null
}

export interface Judgement {
  /** The room's time here. */
  readonly unixMs: number
  /** What this member holds as the common model of a round; undefined when it knows none. */
  modelHashOf(round: number): string | undefined
  /** It is final already: only whether it can be reproduced counts, not whether one would vote for it. */
  readonly isFinal?: boolean
}

interface Genesis {
  readonly hash: string
  readonly members: readonly MemberId[]
  readonly anchor: MemberId
}

export type Verdict = 'good' | 'missing' | 'bad'

interface Outcome {
  readonly entries: readonly Entry[]
  /** Not to be changed. */
  readonly state: RoomState
  readonly encoded: Canonical
  readonly stateHash: string
  readonly size: number
  readonly root: string
  readonly frontier: readonly string[]
}

/** What the entries that a seal names come to. Whoever holds them comes to the same. */
export interface Reached {
  /** Null where the seal says something else. */
  readonly outcome: Outcome | null
  readonly pays: boolean
  readonly paused: boolean
}

/** A proposal may be this far ahead of the room's time here. */
const AHEAD_MS = 5 * 60_000
const OUTCOMES = 4
/** Entries that nobody comes or goes by. */
const STAYING: ReadonlySet<EntryBody['kind']> = new Set(['receipt', 'device', 'transfer'])

export class RoomBook {
  readonly ledger: Ledger
  certificate: Certificate | null = null
  sealed: RoomState
  /** How often entries were taken back from the open epoch. */
  takenBack = 0
  /** Null until somebody asks, after entries were taken back: a flood of forks must not cost a fold each. */
  private folded: RoomState | null
  /** Canonical form of what is sealed; null while nobody needed it. */
  private encoded: Canonical | null = null
  private heads: readonly SealedHead[] = []
  private frontier: readonly string[] = []
  private size = 0
  private known: { readonly certificate: Certificate | null; readonly genesis: Genesis } | null = null
  private memberships: ReadonlyMap<MemberId, Membership> | null = null
  private counted: { readonly members: number; readonly trainers: number } | null = null
  /** Results of judging, so that closing does not compute them again; newest last. */
  private readonly outcomes = new Map<string, Outcome>()

  constructor(
    readonly charter: CharterEntry,
    /** By seal: for members that share a process, where a thousand would do the same work. */
    private readonly reached?: Map<string, Reached>,
  ) {
    this.ledger = new Ledger(charter.room)
    this.sealed = createRoomState(charter.room)
    this.folded = createRoomState(charter.room)
    this.admit(charter)
  }

  /** The fold of the sealed state and everything open. */
  get live(): RoomState {
    if (this.folded) return this.folded
    const live = cloneState(this.sealed)
    for (const entry of this.ledger.openEntries() ?? []) applyEntry(live, entry, entryHash(entry))
    this.folded = live
    return live
  }

  get seal(): Seal | null {
    return this.certificate?.seal ?? null
  }

  get epoch(): number {
    return this.seal?.epoch ?? 0
  }

  /** What the next seal refers to, and who may sign it. */
  get genesis(): Genesis {
    const { known, certificate } = this
    if (known?.certificate === certificate) return known.genesis
    const genesis = this.ground()
    this.known = { certificate, genesis }
    return genesis
  }

  /** Everybody who ever joined and is not out, as of now. */
  members(): ReadonlyMap<MemberId, Membership> {
    this.memberships ??= membershipsOf(this.live)
    return this.memberships
  }

  /** How many are present, by what they signed: who vanished without a word still counts. */
  get here(): { readonly members: number; readonly trainers: number } {
    if (!this.counted) {
      let [members, trainers] = [0, 0]
      for (const { present, role } of this.members().values()) {
        if (!present) continue
        members++
        if (role === 'trainer') trainers++
      }
      this.counted = { members, trainers }
    }
    return this.counted
  }

  get sealedEntries(): number {
    return this.size
  }

  /** Admits an entry whose signature (and evidence, for proofs) was checked. */
  admit(entry: Entry): Admission {
    const admission = this.ledger.admit(entry)
    if (admission.status === 'added') {
      if (this.folded) applyEntry(this.folded, entry, entryHash(entry))
      this.memberships = null
      if (!STAYING.has(entry.body.kind)) this.counted = null
      if (entry.body.kind === 'proof') this.convict(entry.body)
    }
    if (admission.status === 'fork' && admission.removed.length > 0) this.takeBack()
    return admission
  }

  private takeBack(): void {
    this.takenBack++
    this.refold()
  }

  private refold(): void {
    this.folded = null
    this.memberships = null
    this.counted = null
  }

  /** What this member would seal now: everything that it holds. */
  propose(facts: ProposalFacts): Proposal {
    const heads = this.ledger.sealableHeads()
    const { anchor: before, hash: previous } = this.genesis
    const entries = this.ledger.openEntries(heads)
    if (!entries) throw new Error('own heads are not held')
    const draft = cloneState(this.sealed)
    for (const entry of entries) applyEntry(draft, entry, entryHash(entry))
    const anchor = facts.newAnchor ?? expectedAnchor(draft, before)
    const members = nextSealMembers(draft, facts.present, anchor, facts.unixMs)
    const unixMs = Math.max(facts.unixMs, this.seal?.unixMs ?? 0)
    const closed = this.closeWith(draft, entries, { epoch: this.epoch + 1, unixMs, members, anchor })
    const seal: Seal = {
      v: 2,
      room: this.charter.room,
      epoch: this.epoch + 1,
      previous,
      unixMs,
      size: closed.size,
      root: closed.root,
      heads: hashOf(heads),
      state: closed.stateHash,
      members,
      anchor,
      modelRound: facts.modelRound,
      modelHash: facts.modelHash,
    }
    this.remember(hashOf(seal), closed)
    return { seal, heads }
  }

  /** Whether this member comes to the same from its own entries. 'missing': it lacks some. */
  judge({ seal, heads }: Proposal, judgement: Judgement): Verdict {
    const hash = hashOf(seal)
    if (seal.room !== this.charter.room || seal.epoch !== this.epoch + 1) return 'bad'
    if (seal.previous !== this.genesis.hash || hashOf(heads) !== seal.heads) return 'bad'
    // A host whose clock was ahead while it was alone must not stop the room until the hour has come.
    const earliest = this.seal?.unixMs ?? 0
    if (seal.unixMs < earliest || seal.unixMs > Math.max(earliest, judgement.unixMs + AHEAD_MS)) return 'bad'
    const ownModel = judgement.modelHashOf(seal.modelRound)
    if (ownModel !== undefined && ownModel !== seal.modelHash) return 'bad'
    if (!this.continues(heads)) return 'bad'
    const entries = this.ledger.openEntries(heads)
    if (!entries) return 'missing'
    const reached = this.reached?.get(hash) ?? this.reach(seal, entries)
    this.reached?.set(hash, reached)
    const { outcome, pays, paused } = reached
    if (!outcome) return 'bad'
    // A proposer that leaves an order out could have paid what the order stopped.
    if (!judgement.isFinal && pays && !paused && isPaused(this.live, seal.unixMs)) return 'bad'
    this.remember(hash, outcome)
    return 'good'
  }

  private reach(seal: Seal, entries: readonly Entry[]): Reached {
    const draft = cloneState(this.sealed)
    for (const entry of entries) applyEntry(draft, entry, entryHash(entry))
    const pays = draft.credits.pending.length > 0
    const paused = isPaused(draft, seal.unixMs)
    if (!this.officesFit(seal, draft)) return { outcome: null, pays, paused }
    const { epoch, unixMs, members, anchor } = seal
    const closed = this.closeWith(draft, entries, { epoch, unixMs, members, anchor })
    const same = closed.size === seal.size && closed.root === seal.root && closed.stateHash === seal.state
    return { outcome: same ? closed : null, pays, paused }
  }

  /**
   * Makes the seal of a final certificate this book's own, when it can be reproduced here. Undefined when entries are
   * missing: then a snapshot is needed.
   */
  close(certificate: Certificate, heads: readonly SealedHead[]): ClosedEpoch | undefined {
    const { seal } = certificate
    const hash = hashOf(seal)
    if (seal.epoch !== this.epoch + 1 || hashOf(heads) !== seal.heads) return undefined
    // Judged once more if it was not here: a member that comes late to a final seal need not agree on the hour.
    if (!this.outcomes.has(hash)) {
      const lenient = { unixMs: seal.unixMs, modelHashOf: () => undefined, isFinal: true }
      if (this.judge({ seal, heads }, lenient) !== 'good') return undefined
    }
    const { entries, state, encoded, size, frontier } = this.outcomes.get(hash)!
    this.ledger.seal(heads)
    this.certificate = certificate
    this.sealed = state
    this.encoded = encoded
    this.size = size
    this.frontier = frontier
    this.heads = heads
    this.outcomes.clear()
    this.refold()
    return { certificate, entries }
  }

  /** Starts over from a final seal and its snapshot. False when the snapshot is not that of the seal. */
  adopt(certificate: Certificate, snapshot: Snapshot): boolean {
    const { seal } = certificate
    if (hashOf(snapshot.heads) !== seal.heads || hashOf(snapshot.state) !== seal.state) return false
    const tree = appendLeaves(snapshot.frontier, seal.size, [])
    const state = decodeState(seal.room, snapshot.state)
    if (tree?.root !== seal.root || !state) return false
    this.ledger.rebase(snapshot.heads)
    // Who contradicted itself before this member came: its entries are refused here as everywhere.
    for (const [author, cut] of state.members.convicted) this.ledger.cutAt(author, cut)
    this.certificate = certificate
    this.sealed = state
    this.encoded = snapshot.state
    this.size = seal.size
    this.frontier = snapshot.frontier
    this.heads = snapshot.heads
    this.outcomes.clear()
    this.refold()
    return true
  }

  /** Of the last seal; null before the first. */
  snapshot(): Snapshot | null {
    if (!this.certificate) return null
    this.encoded ??= encodeState(this.sealed)
    return { heads: this.heads, frontier: this.frontier, state: this.encoded }
  }

  private ground(): Genesis {
    const { seal } = this
    if (seal) return { hash: hashOf(seal), members: seal.members, anchor: seal.anchor }
    const founder = this.charter.author
    return { hash: entryHash(this.charter), members: [founder], anchor: founder }
  }

  /** A proof in the ledger cuts the chain of the accused here too, whatever this member had of it. */
  private convict(proof: ProofBody): void {
    const evidence = readEvidence(proof)
    if (evidence?.kind !== 'entries') return
    const conviction = this.ledger.convict(evidence.pair)
    if (conviction.status === 'cut' && conviction.removed.length > 0) this.takeBack()
  }

  private closeWith(state: RoomState, entries: readonly Entry[], facts: EpochFacts): Outcome {
    closeEpoch(state, facts)
    const leaves = entries.map(entry => leafHash(entryBytes(entry)))
    const tree = appendLeaves(this.frontier, this.size, leaves)
    if (!tree) throw new Error('the own frontier does not fit its size')
    const encoded = encodeState(state)
    const { size, root, frontier } = tree
    return { entries, state, encoded, stateHash: hashOf(encoded), size, root, frontier }
  }

  /** Nobody's sealed entries are taken back. */
  private continues(heads: readonly SealedHead[]): boolean {
    const named = new Map(heads.map(([author, seq, hash]) => [author, { seq, hash }]))
    return this.heads.every(([author, seq, hash]) => {
      const head = named.get(author)
      return head !== undefined && (head.seq > seq || (head.seq === seq && head.hash === hash))
    })
  }

  private officesFit({ members, anchor, unixMs }: Seal, state: RoomState): boolean {
    const sorted = members.every((member, i) => i === 0 || members[i - 1]! < member)
    if (!sorted || !members.includes(anchor)) return false
    const expected = expectedAnchor(state, this.genesis.anchor)
    // Another anchor than expected is a succession: the quorum's rules decide whether it may be.
    if (anchor !== expected && !mayBeSealMember(state, anchor, unixMs)) return false
    const allowed = nextSealMembers(state, members, anchor, unixMs)
    return allowed.length === members.length && allowed.every((member, i) => member === members[i])
  }

  private remember(hash: string, outcome: Outcome): void {
    this.outcomes.set(hash, outcome)
    const oldest = this.outcomes.keys().next()
    if (this.outcomes.size > OUTCOMES && !oldest.done) this.outcomes.delete(oldest.value)
  }
}

function isPaused({ governance }: RoomState, unixMs: number): boolean {
  return pausesInForce(governance, unixMs).length > 0
}
