// One stay in a room as the screens see it: the session's newest view, what was said about its changes, and what is
// taken along when leaving.
import type {
  ExportedFile,
  MemberView,
  ModelExport,
  Receipt,
  RoomLink,
  Session,
  SessionView,
} from '../ports/session.ts'
import type { Announcer } from './announcer.svelte.ts'
import { wordsOf } from './kinds.ts'
import type { Settings } from './settings.svelte.ts'

/** Rounds between two spoken progress reports; a screen reader must not be talked over. */
const SPOKEN_EVERY_ROUNDS = 10

export class Stay {
  view: SessionView = $state.raw()!
  /** Set once the stay has ended. */
  receipt = $state.raw<Receipt | null>(null)
  takeAway = $state.raw<Partial<Record<ModelExport, readonly ExportedFile[]>>>({})
  leaving = $state(false)

  readonly here: readonly MemberView[] = $derived(
    this.view.members.length === 0
      ? [newcomer(this.view)]
      : this.view.members.filter(member => member.status !== 'gone'),
  )
  /** Known only once the others had time to answer. */
  readonly alone: boolean = $derived(this.here.length <= 1 && this.view.phase !== 'joining')
  readonly paused: boolean = $derived(this.view.phase === 'paused')
  readonly canPause: boolean = $derived(this.view.phase === 'training' || this.view.phase === 'paused')
  readonly self: MemberView | null = $derived(this.view.members.find(member => member.self) ?? null)

  readonly session: Session
  readonly #announcer: Announcer
  readonly #settings: Settings
  readonly #unsubscribe: () => void

  constructor(session: Session, announcer: Announcer, settings: Settings) {
    this.session = session
    this.#announcer = announcer
    this.#settings = settings
    this.view = session.view
    this.#unsubscribe = session.subscribe(view => {
      const before = this.view
      this.view = view
      this.#speak(before, view)
    })
  }

  get link(): RoomLink {
    return this.view.link
  }

  togglePause(): void {
    if (this.canPause) this.session.setPaused(!this.paused)
  }

  /** The models are taken first: after the last entry nothing can be asked of the session. */
  async leave(): Promise<void> {
    this.leaving = true
    try {
      for (const format of ['safetensors', 'tfjs'] as const) {
        const files = await this.session.exportModel(format).catch(() => null)
        if (files !== null) this.takeAway = { ...this.takeAway, [format]: files }
      }
      this.receipt = await this.session.leave()
    } finally {
      this.leaving = false
    }
  }

  async exportModel(format: ModelExport): Promise<readonly ExportedFile[]> {
    return this.takeAway[format] ?? this.session.exportModel(format)
  }

  close(): void {
    this.#unsubscribe()
    this.session.close()
  }

  #speak(before: SessionView, now: SessionView): void {
    const { t, f } = this.#settings
    const say = (text: string): void => this.#announcer.say(text)
    const compute = now.governance.compute.status
    if (before.governance.compute.status !== compute) {
      return say(compute === 'running' ? t.room.announceResumable : wordsOf(t).room.compute[compute])
    }
    if (before.phase !== now.phase) {
      if (now.phase === 'paused') return say(t.room.announcePaused)
      if (before.phase === 'paused' && now.phase === 'training') return say(t.room.announceResumed)
      return say(
        [wordsOf(t).room.phase[now.phase], wordsOf(t).room.phaseText[now.phase]].filter(Boolean).join('. '),
      )
    }
    const last = now.refusals[0]
    if (last !== undefined && now.refusals.length > before.refusals.length) {
      const name = last.nickname || t.room.unknownMember
      return say(t.room.announceRefused(name, wordsOf(t).refusal[last.reason]))
    }
    if (before.signaling === 'open' && now.signaling === 'closed') {
      return say(`${t.room.signalingTitle}. ${t.room.signalingText}`)
    }
    const moved = memberMoved(before.members, now.members)
    if (moved !== null) {
      return say(moved.gone ? t.room.announceGone(moved.nickname) : t.room.announceJoined(moved.nickname))
    }
    if (now.round !== before.round && now.round % SPOKEN_EVERY_ROUNDS === 0 && now.swarm !== null) {
      say(t.room.announceRound(f.int(now.round), f.percent(now.swarm.accuracy)))
    }
  }
}

/** Oneself before the room has told who is in it: somebody is always here. */
function newcomer(view: SessionView): MemberView {
  return {
    id: view.self,
    nickname: view.nickname,
    self: true,
    role: 'trainer',
    status: 'preparing',
    part: -1,
    round: 0,
    accuracy: null,
    stepsPerSecond: 0,
    linked: false,
    steps: 0,
  }
}

function memberMoved(
  before: readonly MemberView[],
  now: readonly MemberView[],
): { readonly nickname: string; readonly gone: boolean } | null {
  if (before === now || before.length === 0) return null
  const was = new Map(before.map(member => [member.id, member.status === 'gone']))
  for (const member of now) {
    const gone = member.status === 'gone'
    const known = was.get(member.id)
    if (member.self || (known === undefined && gone) || known === gone) continue
    return { nickname: member.nickname, gone }
  }
  return null
}
