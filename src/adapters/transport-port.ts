// The Transport port through a MessagePort: links live in the page, where WebRTC is, and are used in a worker. The page
// serves; the worker mirrors links and counts, so that links(), stats() and send() answer at once there. Received bytes
// are moved, sent bytes are copied once: the worker may send one array to many. Both ends are ours, so what comes through
// the port is trusted.
import type { MemberId } from '../core/num/ids.ts'
import {
  MAX_MESSAGE_BYTES,
  type LinkStats,
  type Priority,
  type Transport,
  type TransportEvent,
} from '../ports/transport.ts'
import { QUEUE_BYTES } from './link-outbox.ts'

type ToPage =
  | {
      readonly type: 'send'
      readonly to: MemberId
      readonly epoch: number
      readonly bytes: Uint8Array
      readonly priority: Priority
    }
  | { readonly type: 'ban'; readonly member: MemberId }
  | { readonly type: 'close' }

type ToWorker =
  | { readonly type: 'ready'; readonly self: MemberId; readonly links: readonly LinkState[] }
  | { readonly type: 'event'; readonly event: TransportEvent; readonly link: LinkState | undefined }
  | { readonly type: 'links'; readonly links: readonly LinkState[] }

/** One moment of a link: what the transport took from the port by then is part of its stats. */
interface LinkState {
  readonly member: MemberId
  /** Counts links: what was sent to an earlier one of this member is not for the next. */
  readonly epoch: number
  readonly stats: LinkStats
  /** Bytes of this epoch that the transport took. */
  readonly taken: number
}

const REFRESH_MS = 100
const BUSY_REFRESH_MS = 40

interface Served {
  readonly epoch: number
  /** What the transport's full queue did not take yet. */
  readonly waiting: Record<Priority, Uint8Array[]>
  taken: number
}

/** Page side: offers the transport on the port until one of them closes; returns what stops it. */
export function serveTransport(transport: Transport, port: MessagePort): () => void {
  const served = new Map<MemberId, Served>()
  let epochs = 0
  let stopped = false
  let told = ''
  let toldAt = 0

  const tell = (message: ToWorker, moved: Transferable[] = []): void => port.postMessage(message, moved)
  const begin = (member: MemberId): void => {
    served.set(member, { epoch: ++epochs, waiting: { control: [], bulk: [] }, taken: 0 })
  }
  const stateOf = (member: MemberId): LinkState | undefined => {
    const link = served.get(member)
    const stats = transport.stats(member)
    return link && stats && { member, epoch: link.epoch, stats, taken: link.taken }
  }
  const states = (): LinkState[] => [...served.keys()].flatMap(member => stateOf(member) ?? [])

  const drain = (member: MemberId, link: Served): void => {
    for (const priority of ['control', 'bulk'] as const) {
      const waiting = link.waiting[priority]
      for (let head = waiting[0]; head && transport.send(member, head, priority); head = waiting[0]) {
        waiting.shift()
        link.taken += head.byteLength
      }
    }
  }
  const refresh = (): void => {
    toldAt = performance.now()
    for (const [member, link] of served) drain(member, link)
    const links = states()
    const text = JSON.stringify(links)
    if (text !== told) tell({ type: 'links', links })
    told = text
  }

  const unsubscribe = transport.subscribe(event => {
    if (event.type === 'down') served.delete(event.member)
    if (event.type === 'up') begin(event.member)
    const link = event.type === 'up' ? stateOf(event.member) : undefined
    tell({ type: 'event', event, link }, event.type === 'message' ? [event.bytes.buffer] : [])
  })
  const timer = setInterval(refresh, REFRESH_MS)
  const stop = (): void => {
    if (stopped) return
    stopped = true
    unsubscribe()
    clearInterval(timer)
    port.close()
  }

  port.onmessage = ({ data }: MessageEvent<ToPage>) => {
    switch (data.type) {
      case 'send': {
        const link = served.get(data.to)
        if (link?.epoch !== data.epoch) return
        link.waiting[data.priority].push(data.bytes)
        drain(data.to, link)
        // Timers of a hidden page are slow; its messages are not.
        if (performance.now() - toldAt > BUSY_REFRESH_MS) refresh()
        return
      }
      case 'ban':
        return transport.ban(data.member)
      case 'close':
        stop()
        return transport.close()
      default:
        data satisfies never
    }
  }
  for (const member of transport.links()) begin(member)
  tell({ type: 'ready', self: transport.self, links: states() })
  return stop
}

interface Mirrored {
  state: LinkState
  /** Bytes given to the port for this epoch. */
  given: number
}

/** Worker side: resolves once the page side serves. Events wait for the first subscriber. */
export function createPortTransport(port: MessagePort): Promise<Transport> {
  return new Promise(resolve => {
    port.onmessage = ({ data }: MessageEvent<ToWorker>) => {
      if (data.type === 'ready') resolve(mirrorTransport(port, data.self, data.links))
    }
  })
}

function mirrorTransport(port: MessagePort, self: MemberId, links: readonly LinkState[]): Transport {
  const mirrored = new Map<MemberId, Mirrored>()
  const listeners = new Set<(event: TransportEvent) => void>()
  let early: ToWorker[] | undefined = []
  let closed = false

  const tell = (message: ToPage, moved: Transferable[] = []): void => port.postMessage(message, moved)
  for (const state of links) mirrored.set(state.member, { state, given: 0 })

  const take = (message: ToWorker): void => {
    if (closed) return
    switch (message.type) {
      case 'ready':
        return
      case 'links':
        for (const state of message.links) {
          const link = mirrored.get(state.member)
          if (link?.state.epoch === state.epoch) link.state = state
        }
        return
      case 'event': {
        const { event, link } = message
        if (event.type === 'up' && link) mirrored.set(event.member, { state: link, given: 0 })
        if (event.type === 'down') mirrored.delete(event.member)
        for (const listener of [...listeners]) listener(event)
        return
      }
      default:
        message satisfies never
    }
  }
  port.onmessage = ({ data }: MessageEvent<ToWorker>) => {
    if (early) early.push(data)
    else take(data)
  }
  const waitingBytes = (link: Mirrored): number =>
    link.given - link.state.taken + link.state.stats.bufferedBytes

  return {
    self,
    links: () => [...mirrored.keys()],
    send(to, bytes, priority) {
      if (bytes.byteLength > MAX_MESSAGE_BYTES) {
        throw new RangeError(`message of ${bytes.byteLength} bytes is over ${MAX_MESSAGE_BYTES}`)
      }
      const link = mirrored.get(to)
      if (!link) return false
      const waiting = waitingBytes(link)
      // Control is small and must pass a full bulk queue; it has as much room again before it is refused too.
      const room = priority === 'control' ? 2 * QUEUE_BYTES : QUEUE_BYTES
      if (waiting > 0 && waiting + bytes.byteLength > room) return false
      link.given += bytes.byteLength
      const copy = new Uint8Array(bytes)
      tell({ type: 'send', to, epoch: link.state.epoch, bytes: copy, priority }, [copy.buffer])
      return true
    },
    stats(member) {
      const link = mirrored.get(member)
      return link && { ...link.state.stats, bufferedBytes: waitingBytes(link) }
    },
    ban: member => tell({ type: 'ban', member }),
    subscribe(listener) {
      listeners.add(listener)
      const waited = early
      if (waited) {
        queueMicrotask(() => {
          early = undefined
          for (const message of waited) take(message)
        })
      }
      return () => listeners.delete(listener)
    },
    close() {
      if (closed) return
      closed = true
      mirrored.clear()
      listeners.clear()
      tell({ type: 'close' })
      port.close()
    },
  }
}
