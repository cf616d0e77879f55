// Ledger records: what a member signs. A closed union of bodies; integers and strings only (RFC 8785 canonical JSON
// then has one form). Entries of one author form a hash chain: seq counts from 0, prev is the SHA-256 of the entry before.
import type { PartitionScheme, TaskId } from '../data/dataset.ts'
import type { ModelSpec } from '../model/spec.ts'
import type { MemberId, RoomId } from '../num/ids.ts'

/** How members of a room train and mix; part of the charter, so everyone computes the same model. */
export interface TrainingTerms {
  readonly batchSize: number
  /** H of gossip.md step 1, before speed scaling. */
  readonly localSteps: number
  readonly optimizer: 'sgd' | 'adam'
  readonly learningRateMicro: number
  /** Outer step: alpha and mu of gossip.md step 7, in thousandths. */
  readonly outerRateMilli: number
  readonly outerMomentumMilli: number
  /** Rooms whose members do not know each other trim also at four members. */
  readonly trusted: 'yes' | 'no'
  /** Rounds to train; 0 trains until everyone leaves. */
  readonly rounds: number
}

/** Seq 0 of the room's founder. The room id is the first 16 bytes of SHA-256(founder key || salt), so it proves itself. */
export interface CharterBody {
  readonly kind: 'charter'
  readonly salt: string
  readonly title: string
  readonly task: TaskId
  readonly classes: readonly string[]
  readonly model: ModelSpec
  /** Seeds initial parameters and the partition. */
  readonly seed: string
  readonly partition: PartitionScheme
  /** Number of parts that a built-in task is split into. */
  readonly parts: number
  /** Samples of a built-in task that a part holds at most; 0 for no limit. */
  readonly partSamples: number
  readonly terms: TrainingTerms
  /** JSON of the table schema for task "own" with tables; else "". */
  readonly schema: string
}

export interface JoinBody {
  readonly kind: 'join'
  readonly nickname: string
  readonly role: 'trainer' | 'watcher'
  /** The part of the task taken; -1 for own data or none. */
  readonly part: number
  readonly unixMs: number
}

/** Work since the author's previous work entry. */
export interface WorkBody {
  readonly kind: 'work'
  readonly fromRound: number
  readonly toRound: number
  readonly steps: number
  readonly samples: number
  /** Floating-point operations from layer shapes, decimal string. */
  readonly flop: string
  readonly computeMs: number
  readonly updates: number
  readonly sentBytes: number
  readonly receivedBytes: number
  /** SHA-256 (hex) of the model state at the start of toRound. */
  readonly modelHash: string
}

export interface LeaveBody {
  readonly kind: 'leave'
  readonly unixMs: number
}

export type EntryBody = CharterBody | JoinBody | WorkBody | LeaveBody

export interface Entry {
  readonly v: 1
  readonly room: RoomId
  readonly author: MemberId
  readonly seq: number
  /** Hex SHA-256 of the previous entry's canonical bytes, signature included; "" for seq 0. */
  readonly prev: string
  readonly body: EntryBody
  /** Base64url Ed25519 signature over the canonical bytes without this field. */
  readonly sig: string
}
