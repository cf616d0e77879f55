// The green room: what a newcomer knows and has chosen before consenting. Looking costs nothing: preview and checks
// neither compute nor show this browser's address to members.
import type { CharterBody } from '../core/ledger/entry.ts'
import type { OwnData, OwnDataTarget } from '../ports/own-data.ts'
import type { GreenRoomChecks, JoinOptions, Preview, RoomLink, Rooms } from '../ports/session.ts'
import { estimateJoin, type JoinEstimate } from './estimate.ts'

export type DataChoice = 'auto' | 'pick' | 'own'

const UNCHECKED: GreenRoomChecks = {
  secureContext: false,
  webgpu: { status: 'checking', adapter: '' },
  webrtc: false,
  storage: { status: 'checking', freeBytes: null },
  ed25519: 'checking',
}

export class GreenRoom {
  preview = $state.raw<Preview>({ status: 'searching' })
  checks = $state.raw<GreenRoomChecks>(UNCHECKED)
  checked = $state(false)
  downloadBytes = $state<number | null>(null)
  choice = $state<DataChoice>('auto')
  part = $state(0)
  own = $state.raw<OwnData | null>(null)

  readonly charter: CharterBody | null = $derived(
    this.preview.status === 'found' ? this.preview.charter : null,
  )
  readonly estimate: JoinEstimate | null = $derived(this.charter === null ? null : estimateJoin(this.charter))
  readonly target: OwnDataTarget | null = $derived(
    this.charter === null
      ? null
      : { shape: this.charter.model.input, classes: this.charter.classes, schema: this.charter.schema },
  )
  /** The browser itself can take part; WebGPU and storage are comforts. */
  readonly able: boolean = $derived(
    this.checked && this.checks.secureContext && this.checks.webrtc && this.checks.ed25519 === 'ok',
  )
  readonly hasData: boolean = $derived(this.choice !== 'own' || this.own !== null)

  readonly #rooms: Rooms
  readonly #link: RoomLink
  #stops: (() => void)[] = []

  constructor(rooms: Rooms, link: RoomLink, own: OwnData | null) {
    this.#rooms = rooms
    this.#link = link
    this.own = own
    if (own !== null) this.choice = 'own'
  }

  open(): void {
    this.#stops = [
      this.#rooms.preview(this.#link, preview => this.#seePreview(preview)),
      this.#rooms.runChecks(checks => {
        this.checks = checks
        this.checked = true
      }),
    ]
  }

  close(): void {
    for (const stop of this.#stops) stop()
    this.#stops = []
  }

  joinOptions(role: JoinOptions['role'], nickname: string): JoinOptions {
    const own = role === 'trainer' && this.choice === 'own' ? this.own : null
    return {
      link: this.#link,
      nickname,
      role,
      part: role === 'trainer' && this.choice === 'pick' ? this.part : -1,
      own: own === null ? null : { train: own.train, test: own.test },
    }
  }

  #seePreview(preview: Preview): void {
    const first = this.charter === null && preview.status === 'found'
    // Terms that arrived stay on the screen when a later look finds nobody.
    if (this.charter !== null && preview.status !== 'found') return
    this.preview = preview
    if (!first) return
    if (preview.charter.task === 'own') this.choice = 'own'
    this.#rooms.downloadBytes(preview.charter).then(
      bytes => {
        this.downloadBytes = bytes
      },
      () => {
        // Only an estimate is missing then; the screen shows none.
        this.downloadBytes = null
      },
    )
  }
}
