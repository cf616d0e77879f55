// What the detectors read: plain records gathered from the entries of a room. Nothing here judges; entries that came
// through admission (signature, chain, decoder) are expected. Rooms are gathered one by one, because owners hide in
// several of them.
import type { Entry, GovernanceTerms, JoinBody, ReceiptBody } from '../../ledger/entry.ts'
import type { MemberId, RoomId } from '../../num/ids.ts'

/** A verified entry under its hash; rows of the ledger's view fit. */
export interface HashedEntry {
  readonly hash: string
  readonly entry: Entry
}

export interface StatedReceipt {
  readonly hash: string
  readonly room: RoomId
  readonly member: MemberId
  readonly unixMs: number
  readonly body: ReceiptBody
  /** FLOP per second that the member had registered for the device by then; null for an unknown device. */
  readonly benchmarkFlops: bigint | null
}

export interface StatedJoin {
  readonly hash: string
  readonly room: RoomId
  readonly member: MemberId
  readonly body: JoinBody
}

export interface DeviceRate {
  readonly device: string
  readonly holder: MemberId
  readonly benchmarkFlops: bigint
}

export interface RoomFacts {
  /** Per author in the order of its chain. */
  readonly receipts: readonly StatedReceipt[]
  readonly joins: readonly StatedJoin[]
  /** Owner commitments by member, as far as somebody entitled vouched for one. */
  readonly owners: ReadonlyMap<MemberId, string>
  /** 0n for no cap. */
  readonly memberCapFlop: bigint
  readonly lineageCapFlop: bigint
}

/** What the folded state knows from epochs whose entries are not at hand. */
export interface KnownBefore {
  readonly owners: ReadonlyMap<MemberId, string>
  readonly devices: readonly DeviceRate[]
}

const NOTHING: KnownBefore = { owners: new Map(), devices: [] }

/** `rows` in any order; `terms` are those in force. */
export function gatherFacts(
  rows: readonly HashedEntry[],
  terms: GovernanceTerms,
  known: KnownBefore = NOTHING,
): RoomFacts {
  const receipts: StatedReceipt[] = []
  const joins: StatedJoin[] = []
  const owners = new Map(known.owners)
  const rates = new Map(
    known.devices.map(({ holder, device, benchmarkFlops }) => [`${holder} ${device}`, benchmarkFlops]),
  )
  const entitled = new Set([...terms.guardians, ...terms.issuers])
  for (const { hash, entry } of byAuthor(rows)) {
    const { room, author: member, unixMs, body } = entry
    if (body.kind === 'receipt') {
      const benchmarkFlops = rates.get(`${member} ${body.device}`) ?? null
      receipts.push({ hash, room, member, unixMs, body, benchmarkFlops })
    } else if (body.kind === 'join') {
      joins.push({ hash, room, member, body })
    } else if (body.kind === 'device') {
      rates.set(`${member} ${body.device}`, BigInt(body.benchmarkFlops))
    } else if (body.kind === 'vouch' && body.owner !== '' && entitled.has(member)) {
      owners.set(body.subject, body.owner)
    }
  }
  return {
    receipts,
    joins,
    owners,
    memberCapFlop: BigInt(terms.budget.memberFlop),
    lineageCapFlop: BigInt(terms.budget.lineageFlop),
  }
}

function byAuthor(rows: readonly HashedEntry[]): readonly HashedEntry[] {
  return [...rows].sort(({ entry: a }, { entry: b }) =>
    a.author === b.author ? a.seq - b.seq : a.author < b.author ? -1 : 1,
  )
}
