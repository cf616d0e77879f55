// What a peer is built from: the ports, and the terms of one stay.
import type { Dataset } from '../core/data/dataset.ts'
import type { Profile } from '../core/gossip/machine.ts'
import type { CharterBody } from '../core/ledger/entry.ts'
import type { Entropy } from '../ports/clock.ts'
import type { RoomLink } from '../ports/session.ts'
import type { OpenSegment } from '../ports/segment.ts'
import type { Trainer } from '../ports/trainer.ts'
import type { CharterEntry } from './founding.ts'
import type { Resume } from './kept.ts'
import type { WirePorts } from './wire.ts'

export interface TrainingData {
  readonly train: Dataset
  readonly test: Dataset
}

export interface PeerDeps extends WirePorts {
  readonly entropy: Entropy
  /** Names this device for this identity in the registry: 16 bytes, base64url. */
  readonly deviceId: string
  /** Called once, after consent. Watchers get one too: they measure and try the model. */
  openTrainer(charter: CharterBody, role: 'trainer' | 'watcher'): Promise<Trainer>
  /** Engines for lent compute; the reference where there is none. */
  readonly openSegment?: OpenSegment
  /** Samples of a part of the built-in task; part -1 (watchers) has no training samples. */
  loadPart(
    charter: CharterBody,
    part: number,
  ): Promise<{ readonly train: Dataset | null; readonly test: Dataset }>
  /** The charter's codec and mixing rule; handed in only to play a modified client. */
  readonly profile?: (parameters: number, charter: CharterBody) => Profile
}

export interface PeerOptions {
  readonly link: RoomLink
  /** Verified: the founder's entry of this room. */
  readonly charter: CharterEntry
  readonly nickname: string
  readonly role: 'trainer' | 'watcher'
  /** -1 takes the lowest free part. */
  readonly part: number
  readonly own: TrainingData | null
  /** What this member kept of an earlier stay; null starts afresh. */
  readonly resume: Resume | null
}
