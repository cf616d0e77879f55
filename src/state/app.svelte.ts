// The whole program as the screens see it: where we are, which room we are in, what must be said. Rooms come in as a
// lazy opener, so that the first screen loads neither links nor trainer.
import type { OwnData } from '../ports/own-data.ts'
import type { Lab } from '../ports/lab.ts'
import type { MarketLabOpener } from '../ports/market-lab.ts'
import type { JoinOptions, RoomLink, Rooms } from '../ports/session.ts'
import { Announcer } from './announcer.svelte.ts'
import type { CharterDraft } from './draft.svelte.ts'
import type { AppFault } from './kinds.ts'
import { isSameRoom } from './link.ts'
import { parseHash, roomHash, type Route, type RoomView } from './route.ts'
import { Settings } from './settings.svelte.ts'
import { Stay } from './stay.svelte.ts'

export type RoomsOpener = () => Promise<Rooms>
export type LabOpener = () => Promise<Lab>

/** Both halves of the Lab page load when they are first opened. */
export interface LabOpeners {
  readonly swarm: LabOpener
  readonly market: () => Promise<MarketLabOpener>
}

export class App {
  readonly settings = new Settings()
  readonly announcer = new Announcer()
  route = $state.raw<Route>({ screen: 'home' })
  rooms = $state.raw<Rooms | null>(null)
  roomsFailed = $state(false)
  stay = $state.raw<Stay | null>(null)
  resumable = $state.raw<JoinOptions | null>(null)
  /** Whether an interrupted stay was looked for; a room link waits for it, so that a reload never shows the green room. */
  looked = $state(false)
  /** A join that is under way, by consent or by coming back after a reload. */
  joining = $state.raw<JoinOptions | null>(null)

  readonly labs: LabOpeners
  readonly #openRooms: RoomsOpener
  readonly #mayResume: () => boolean
  #ownOfRoom: Readonly<Record<string, OwnData>> = {}
  #opening: Promise<Rooms> | null = null

  /** mayResume: whether this tab has any trace of an interrupted stay; without one, the first screen loads no rooms. */
  constructor(openRooms: RoomsOpener, labs: LabOpeners, mayResume: () => boolean = () => true) {
    this.#openRooms = openRooms
    this.labs = labs
    this.#mayResume = mayResume
  }

  /** Follows the address from now on; returns the end of it. */
  start(): () => void {
    const follow = (): void => {
      this.route = parseHash(location.hash)
      const wanted = this.resumable
      const link = this.route.screen === 'room' ? this.route.link : null
      if (link !== null && wanted !== null && isSameRoom(link, wanted.link)) void this.resume()
    }
    follow()
    addEventListener('hashchange', follow)
    void this.#lookForStay()
    return () => removeEventListener('hashchange', follow)
  }

  go(target: 'home' | { readonly link: RoomLink; readonly view?: RoomView }): void {
    const hash = target === 'home' ? '#/' : roomHash(target.link, target.view)
    // At once, not when the browser gets to say it: what happens next must not meet the old screen.
    this.route = parseHash(hash)
    location.hash = hash
  }

  fail(fault: AppFault): void {
    this.announcer.toast(this.settings.t.error.app[fault], 'bad')
  }

  /** Loads what rooms need, once; a failed load can be tried again. */
  open(): Promise<Rooms> {
    this.roomsFailed = false
    this.#opening ??= this.#openRooms().then(
      rooms => {
        this.rooms = rooms
        return rooms
      },
      (cause: unknown) => {
        this.#opening = null
        this.roomsFailed = true
        throw cause
      },
    )
    return this.#opening
  }

  async createRoom(charter: CharterDraft, own: OwnData | null): Promise<void> {
    try {
      const rooms = await this.open()
      const link = await rooms.createRoom(charter)
      if (own !== null) this.#ownOfRoom = { ...this.#ownOfRoom, [link.room]: own }
      this.go({ link, view: 'invite' })
    } catch {
      this.fail('create')
    }
  }

  ownDataOf(link: RoomLink): OwnData | null {
    return this.#ownOfRoom[link.room] ?? null
  }

  async join(options: JoinOptions): Promise<void> {
    if (this.joining !== null || this.stay !== null) return
    this.joining = options
    try {
      const rooms = await this.open()
      const session = await rooms.join(options)
      this.stay = new Stay(session, this.announcer, this.settings)
      this.resumable = null
      const { route } = this
      const there = route.screen === 'room' && isSameRoom(route.link, options.link) && route.view !== 'invite'
      if (!there) this.go({ link: options.link })
    } catch {
      this.fail('join')
    } finally {
      this.joining = null
    }
  }

  async resume(): Promise<void> {
    const options = this.resumable
    if (options === null) return
    this.resumable = null
    await this.join(options)
  }

  /** Ends a stay that has been left (or failed) and goes home. */
  dropStay(): void {
    // Home first: a room's address without its stay is the green room, which would look for the room.
    this.go('home')
    this.stay?.close()
    this.stay = null
  }

  async deleteEverything(): Promise<void> {
    try {
      this.dropStay()
      this.resumable = null
      this.#ownOfRoom = {}
      const rooms = await this.open()
      await rooms.deleteEverything()
      this.settings.forget()
      this.announcer.toast(this.settings.t.common.deleted, 'ok')
    } catch {
      this.fail('delete-failed')
    }
  }

  async #lookForStay(): Promise<void> {
    try {
      const found = this.#mayResume() ? await (await this.open()).resumable() : null
      if (found === null || this.stay !== null || this.joining !== null) return
      this.resumable = found
      if (this.route.screen === 'room' && isSameRoom(this.route.link, found.link)) await this.resume()
    } catch {
      // open() has set roomsFailed, which every screen that needs rooms shows; without storage there is no stay to find.
      this.resumable = null
    } finally {
      this.looked = true
    }
  }
}
