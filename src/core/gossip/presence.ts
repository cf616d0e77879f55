// Who is here, by lease: members repeat a small signed statement; whoever falls silent stops being counted.
import type { MemberId } from '../num/ids.ts'

export type TrainingStatus = 'training' | 'paused' | 'watching' | 'preparing'

export interface Presence {
  readonly member: MemberId
  readonly status: TrainingStatus
  readonly round: number
  /** Newest frozen state: its round and hex SHA-256. */
  readonly baseRound: number
  readonly baseHash: string
  readonly stepsPerSecond: number
}

export const LEASE_MS = 6_000
/** Statements come every second, in larger rooms every other: who was not heard for so long may be gone already. */
const FRESH_MS = 2_500
const REMEMBERED_BASES = 8

interface Held {
  presence: Presence
  expiresAt: number
  /** Frozen states that the member stated, newest last. */
  bases: { round: number; hash: string }[]
}

export class Presences {
  private readonly held = new Map<MemberId, Held>()

  hear(presence: Presence, now: number): void {
    const bases = this.held.get(presence.member)?.bases ?? []
    if (bases[bases.length - 1]?.round !== presence.baseRound)
      bases.push({ round: presence.baseRound, hash: presence.baseHash })
    if (bases.length > REMEMBERED_BASES) bases.shift()
    const last = bases[bases.length - 1]!
    if (last.round === presence.baseRound) last.hash = presence.baseHash
    this.held.set(presence.member, { presence, expiresAt: now + LEASE_MS, bases })
  }

  forget(member: MemberId): void {
    this.held.delete(member)
  }

  /** Drops expired leases; returns the members that fell silent. */
  expire(now: number): MemberId[] {
    const silent: MemberId[] = []
    for (const [member, { expiresAt }] of this.held) {
      if (expiresAt <= now) {
        this.held.delete(member)
        silent.push(member)
      }
    }
    return silent
  }

  trainers(): Presence[] {
    return [...this.held.values()]
      .map(({ presence }) => presence)
      .filter(({ status }) => status === 'training')
  }

  /** Everybody whose model counts: trainers, but also the paused, the watching and those that are done. */
  followers(): Presence[] {
    return [...this.held.values()].map(({ presence }) => presence).filter(isFollower)
  }

  /** Of the followers, those that were heard a moment ago. */
  lately(now: number): Presence[] {
    return [...this.held.values()]
      .filter(({ expiresAt }) => now <= expiresAt - LEASE_MS + FRESH_MS)
      .map(({ presence }) => presence)
      .filter(isFollower)
  }

  /** Hash -> members that stated it for the round. */
  votes(round: number): Map<string, MemberId[]> {
    const votes = new Map<string, MemberId[]>()
    for (const [member, { presence, bases }] of this.held) {
      if (!isFollower(presence)) continue
      const base = bases.find(candidate => candidate.round === round)
      if (base) votes.set(base.hash, [...(votes.get(base.hash) ?? []), member])
    }
    return votes
  }

  /** Rounds for which somebody stated a frozen state, ascending. */
  baseRounds(): number[] {
    const rounds = new Set<number>()
    for (const { presence, bases } of this.held.values()) {
      if (isFollower(presence)) for (const { round } of bases) rounds.add(round)
    }
    return [...rounds].sort((a, b) => a - b)
  }
}

/** Who has been where most are: what it says of its round and state counts. */
export function isFollower({ status }: Presence): boolean {
  return status !== 'preparing'
}
