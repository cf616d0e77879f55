// Agreement on seals, one member's side of it: events in, effects out, one epoch after the other. It never waits for a
// member by name: only for numbers of them. Statements come with checked signatures; contents of seals are judged by whoever
// holds the book ('prepare', 'check'). What it says is kept before it is sent, so that a restart cannot vote twice. The rules
// and why they hold: docs/seals.md.
import type { MemberId } from '../num/ids.ts'
import { SEAL_RULES, type SealMode } from './quorum.ts'
import { groundOf, SealEpoch, type Surroundings } from './seal-epoch.ts'
import {
  ASK_AGAIN_MS,
  HOST_SILENT_MS,
  MANY_BYTES,
  MANY_CROWD,
  MANY_ENTRIES,
  SEAL_CROWD,
  SEAL_EVERY_MS,
  SEAL_GAP_MS,
  type SealConfig,
  type SealEffect,
  type SealEvent,
  type SealProgress,
} from './seal-events.ts'
import { HostPath } from './seal-host-path.ts'
import { PastEpochs } from './seal-past.ts'
import { QuorumPath } from './seal-quorum-path.ts'
import type { Certificate, SealStatement } from './seal.ts'

export type { SealEffect, SealEvent, SealProgress } from './seal-events.ts'

/** Statements of the next epoch that are held until it begins. */
const EARLY_PER_AUTHOR = 6
const EARLY_AUTHORS = 256

export class SealMachine {
  private epoch: SealEpoch
  private host: HostPath
  private quorum: QuorumPath
  private readonly around: Surroundings
  private readonly past = new PastEpochs()
  private readonly convicted = new Set<MemberId>()
  private early = new Map<MemberId, SealStatement[]>()
  /** Final, and the book does not stand on it yet. */
  private decided: { readonly certificate: Certificate; toldAt: number } | null = null
  /** From before a restart; those of later epochs bind once this member has caught up. */
  private kept: readonly SealStatement[] = []
  private want = { open: 0, openBytes: 0, urgent: false, members: 0 }
  private sealedAt: number | undefined
  private hostHeardAt = 0

  constructor(config: SealConfig) {
    const { room, self, mode, epoch, hash, members, anchor, size = 0, rules = SEAL_RULES } = config
    this.around = {
      room,
      self,
      rules,
      present: new Set(),
      convicted: this.convicted,
      dueAt: () => this.dueAt(),
      earliestAt: () => (this.sealedAt ?? 0) + SEAL_GAP_MS,
      isHostSilent: now => this.silentAt() <= now,
    }
    this.epoch = new SealEpoch({ epoch, hash, size, members, anchor }, mode, this.around)
    this.host = new HostPath(this.epoch)
    this.quorum = new QuorumPath(this.epoch)
  }

  /** The epoch being sealed. */
  get epochNumber(): number {
    return this.epoch.number
  }

  /** All statements of the epoch, to offer to others. */
  get statements(): readonly SealStatement[] {
    return this.epoch.all()
  }

  /** Hex; equal where equal statements are held. */
  get digest(): string {
    return this.epoch.digest()
  }

  /** Whether a statement is worth checking: of this epoch or the next and not held, or against one that was final here. */
  isNews(statement: SealStatement): boolean {
    if (statement.room !== this.around.room) return false
    if (statement.epoch === this.epoch.number) return this.epoch.takes(statement)
    if (statement.epoch === this.epoch.number + 1) return this.isEarly(statement)
    return this.past.contradicting(statement) !== undefined
  }

  step(event: SealEvent, now: number): SealEffect[] {
    const effects: SealEffect[] = []
    if (this.sealedAt === undefined) {
      this.sealedAt = now
      this.hostHeardAt = now
    }
    switch (event.type) {
      case 'tick':
        break
      case 'want':
        this.want = event
        break
      case 'candidate':
        this.epoch.offer(event.seal, event.hash)
        break
      case 'statement':
        this.receive(event.statement, effects)
        break
      case 'seal':
        this.epoch.subjects.learn(event.seal, event.hash)
        break
      case 'checked':
        this.epoch.subjects.judge(event.hash, event.verdict)
        break
      case 'recheck':
        this.epoch.subjects.recheck()
        break
      case 'present':
        this.around.present = new Set(event.members)
        break
      case 'host-heard':
        if (!this.convicted.has(this.epoch.ground.anchor)) this.hostHeardAt = now
        break
      case 'final':
        this.stand(event.certificate, event.mode, now, effects)
        break
      case 'restore':
        for (const { seal, hash } of event.seals ?? []) this.epoch.subjects.learn(seal, hash, true)
        this.kept = event.statements
        this.recall(effects)
        break
      default:
        event satisfies never
    }
    this.proceed(now, effects)
    return effects
  }

  /** When something happens by time alone; Infinity: never. */
  wakeAt(now: number): number {
    if (this.decided) return this.decided.toldAt + ASK_AGAIN_MS
    const times = [this.epoch.askAgainAt(), this.quorum.wakeAt(now)]
    if (this.epoch.mode === 'host') times.push(this.host.wakeAt(), this.silentAt())
    times.push(this.around.earliestAt())
    return Math.min(...times.filter(at => at > now))
  }

  progress(): SealProgress {
    const { number: epoch, members } = this.epoch
    const present = this.epoch.presentMembers()
    if (this.decided) {
      const have = this.decided.certificate.statements.length
      const [{ path, view }] = this.decided.certificate.statements as [SealStatement]
      return { epoch, path, phase: 'sealed', view, have, needed: have, present }
    }
    if (this.quorum.started || this.epoch.mode === 'consortium') {
      const { quorum: needed, statements } = this.epoch
      const { view, started } = this.quorum
      const at = (phase: SealStatement['phase']) =>
        Math.max(0, ...[...statements.at('quorum', phase, view).values()].map(({ size }) => size))
      const commits = at('commit')
      const votes = at('vote')
      const phase = !started ? 'idle' : commits > 0 ? 'commit' : votes > 0 ? 'vote' : 'propose'
      return { epoch, path: 'quorum', phase, view, have: commits || votes, needed, present }
    }
    const counts = this.host.counts()
    const needed = this.around.rules.hostQuorum(members.length)
    if (!counts) return { epoch, path: 'host', phase: 'idle', view: 0, have: 0, needed, present }
    return { epoch, path: 'host', phase: 'vote', ...counts, present }
  }

  private proceed(now: number, effects: SealEffect[]): void {
    if (this.decided) {
      if (now - this.decided.toldAt >= ASK_AGAIN_MS) this.tell(this.decided.certificate, now, effects)
      return
    }
    if (this.epoch.mode === 'host') this.host.proceed(now, effects)
    this.quorum.proceed(now, effects)
    const certificate =
      (this.epoch.mode === 'host' ? this.host.final(now, effects) : undefined) ??
      this.quorum.final(now, effects)
    if (certificate) this.tell(certificate, now, effects)
  }

  private tell(certificate: Certificate, now: number, effects: SealEffect[]): void {
    this.decided = { certificate, toldAt: now }
    effects.push({ type: 'final', certificate })
  }

  private receive(statement: SealStatement, effects: SealEffect[]): void {
    if (statement.room !== this.around.room) return
    if (statement.epoch === this.epoch.number + 1) {
      if (!this.isEarly(statement)) return
      const held = this.early.get(statement.author)
      if (held) held.push(statement)
      else this.early.set(statement.author, [statement])
      return
    }
    const isNow = statement.epoch === this.epoch.number
    if (isNow && !this.epoch.takes(statement)) return
    const other = isNow ? this.epoch.statements.contradicting(statement) : this.past.contradicting(statement)
    if (other) this.convict(other, statement, effects)
    if (isNow) this.epoch.keep(statement)
  }

  private recall(effects: SealEffect[]): void {
    for (const statement of this.kept) {
      if (statement.epoch !== this.epoch.number) continue
      if (statement.author === this.around.self) this.epoch.bind(statement)
      this.receive(statement, effects)
    }
    this.kept = this.kept.filter(({ epoch }) => epoch > this.epoch.number)
  }

  private convict(first: SealStatement, second: SealStatement, effects: SealEffect[]): void {
    this.convicted.add(first.author)
    if (this.past.isNewsThat(first.author, first.epoch)) effects.push({ type: 'equivocation', first, second })
  }

  private isEarly(statement: SealStatement): boolean {
    const held = this.early.get(statement.author)
    if (!held)
      return (
        this.early.size < EARLY_AUTHORS &&
        (this.epoch.isMember(statement.author) || this.around.present.has(statement.author))
      )
    return (
      held.length < EARLY_PER_AUTHOR &&
      !held.some(
        ({ path, phase, view, seal }) =>
          path === statement.path &&
          phase === statement.phase &&
          view === statement.view &&
          seal === statement.seal,
      )
    )
  }

  /** The book stands on this seal. */
  private stand(
    certificate: Certificate,
    mode: SealMode = this.epoch.mode,
    now: number,
    effects: SealEffect[],
  ): void {
    const { seal, statements } = certificate
    for (const statement of statements) this.receive(statement, effects)
    if (seal.epoch < this.epoch.number) return
    if (seal.epoch === this.epoch.number) this.past.remember(this.epoch, statements)
    const sameAnchor = seal.anchor === this.epoch.ground.anchor
    this.epoch = new SealEpoch(groundOf(seal), mode, this.around)
    this.host = new HostPath(this.epoch)
    this.quorum = new QuorumPath(this.epoch)
    this.decided = null
    this.sealedAt = now
    if (!sameAnchor) this.hostHeardAt = now
    this.recall(effects)
    const early = [...this.early.values()].flat()
    this.early = new Map()
    for (const statement of early) this.receive(statement, effects)
  }

  private dueAt(): number {
    const { open, openBytes, urgent, members } = this.want
    if (open === 0) return Infinity
    const many = Math.max(1, members / MANY_CROWD)
    const hurry = urgent || open >= many * MANY_ENTRIES || openBytes >= many * MANY_BYTES
    return (this.sealedAt ?? 0) + (hurry ? SEAL_GAP_MS : SEAL_EVERY_MS * Math.max(1, members / SEAL_CROWD))
  }

  private silentAt(): number {
    return this.epoch.ground.anchor === this.around.self ? Infinity : this.hostHeardAt + HOST_SILENT_MS
  }
}
