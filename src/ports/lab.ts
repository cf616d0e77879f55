// Port: a made-up swarm that runs beside the page, for learning and teaching. The members' code is the real one; network,
// time and data are made up, all of them from the setup and its seed. main.ts hands in the one that runs in a worker.
import type { RuleName, TrainingTerms } from '../core/ledger/entry.ts'

export const LAB_ATTACKS = [
  'sign-flip',
  'scaling',
  'ipm',
  'alie',
  'adaptive',
  'label-flip',
  'noise',
  'equivocator',
  'dissensus',
  'idle',
  'copier',
  'lazy',
  'slow',
] as const
export type LabAttack = (typeof LAB_ATTACKS)[number]

export interface LabSetup {
  /** Attackers included. */
  readonly members: number
  /** From 0 (everybody has samples of everything) to MAX_SKEW (each class with as few members as possible). */
  readonly skew: number
  readonly lossPercent: number
  readonly attackers: number
  readonly attack: LabAttack
  readonly rule: RuleName
  readonly profile: TrainingTerms['profile']
  readonly seed: string
}

export const LAB_LIMITS = {
  minMembers: 2,
  maxMembers: 30,
  maxSkew: 4,
  maxLossPercent: 50,
  maxSeed: 24,
} as const

export const LAB_ACTS = ['loss', 'poison', 'partition', 'heal'] as const
export type LabAct = (typeof LAB_ACTS)[number]

/** One look at the swarm, once a virtual second. Accuracies are fractions on held-out samples, of honest members' models. */
export interface LabPoint {
  readonly seconds: number
  readonly round: number
  readonly accuracy: number
  readonly low: number
  readonly high: number
  /** Sent by a member so far, on average. */
  readonly bytesPerMember: number
  /** What float32 parameters to everybody in every round would have come to. */
  readonly float32Bytes: number
  /** Different models that honest members hold after the same round; 1 is what should be. */
  readonly models: number
  readonly members: number
  /** Members whom somebody refuses to hear any more. */
  readonly refused: number
}

export type LabEvent =
  | { readonly type: 'points'; readonly points: readonly LabPoint[] }
  /** Not done: this run takes no more poisoners. */
  | { readonly type: 'acted'; readonly act: LabAct; readonly seconds: number; readonly done: boolean }
  /** The fingerprint is that of the model which most honest members hold. */
  | { readonly type: 'finished'; readonly fingerprint: string; readonly last: LabPoint }
  | { readonly type: 'crashed'; readonly message: string }

export interface LabHandle {
  setPaused(paused: boolean): void
  /** As fast as the machine can, or at a pace that can be followed. */
  setFast(fast: boolean): void
  act(act: LabAct): void
  /** Ends the worker at once. */
  close(): void
}

export interface Lab {
  start(setup: LabSetup, fast: boolean, listener: (event: LabEvent) => void): LabHandle
}
