// A raw client of the signaling server for tests: sends any text or bytes, keeps what comes back, waits for it.
import { createHash } from 'node:crypto'
import { WebSocket, type ClientOptions } from 'ws'
import {
  decodeServerFrame,
  encodeFrame,
  SIGNALING_PATH,
  SIGNALING_VERSION,
  type ClientFrame,
  type RoomHash,
  type ServerFrame,
  type SocketId,
} from '../../src/protocol/signaling.ts'

export interface RawClient {
  readonly ws: WebSocket
  readonly frames: ServerFrame[]
  readonly closed: Promise<number>
  say(frame: ClientFrame): void
  /** The first frame, past or to come, that was not taken yet and fits. Rejects when the socket closes before. */
  take<T extends ServerFrame['t']>(
    type: T,
    fits?: (frame: Extract<ServerFrame, { t: T }>) => boolean,
  ): Promise<Extract<ServerFrame, { t: T }>>
  close(): Promise<void>
}

export function roomOf(name: string): RoomHash {
  return createHash('sha256').update(name).digest('base64url') as RoomHash
}

export function joinFrame(room: string): ClientFrame {
  return { t: 'join', v: SIGNALING_VERSION, room: roomOf(room) }
}

export async function connectRaw(port: number, options: ClientOptions = {}): Promise<RawClient> {
  const ws = new WebSocket(`ws://127.0.0.1:${port}${SIGNALING_PATH}`, {
    perMessageDeflate: false,
    ...options,
  })
  const frames: ServerFrame[] = []
  const waiters = new Set<() => void>()
  const wake = () => {
    for (const waiter of waiters) waiter()
  }
  ws.on('message', data => {
    const decoded = decodeServerFrame(String(data))
    if (decoded.status !== 'ok')
      throw new Error(`the server sent a frame that no client understands: ${String(data)}`)
    frames.push(decoded.frame)
    wake()
  })
  const closed = new Promise<number>(resolve => ws.on('close', resolve))
  let isOver = false
  void closed.then(() => {
    isOver = true
    wake()
  })
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve)
    ws.once('error', reject)
  })
  // Servers that cut the line are part of the tests; 'close' tells.
  ws.on('error', () => undefined)

  return {
    ws,
    frames,
    closed,
    say: frame => ws.send(encodeFrame(frame)),
    take: (type, fits = () => true) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const at = frames.findIndex(frame => frame.t === type && fits(frame as never))
          if (at < 0 && !isOver) return
          waiters.delete(look)
          if (at < 0) reject(new Error(`closed before a "${type}" frame came`))
          else resolve(frames.splice(at, 1)[0] as never)
        }
        waiters.add(look)
        look()
      }),
    async close() {
      ws.terminate()
      await closed
    },
  }
}

/** Connects, joins and returns with the welcome. */
export async function joinRoom(
  port: number,
  room: string,
  options: ClientOptions = {},
): Promise<{ client: RawClient; self: SocketId; welcome: Extract<ServerFrame, { t: 'welcome' }> }> {
  const client = await connectRaw(port, options)
  client.say(joinFrame(room))
  const welcome = await client.take('welcome')
  return { client, self: welcome.self, welcome }
}
