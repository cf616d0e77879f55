// The signaling server on Node: WebSockets at SIGNALING_PATH, /healthz and /metrics, on a port of its own or on an HTTP
// server that serves other things too (the app, Vite). All decisions are the gateway's; this file only connects it to
// sockets, timers and HTTP. Holds everything in memory: a restart forgets the rooms and their members come back.
import { randomBytes, randomInt } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import {
  BEAT_INTERVAL_MS,
  MAX_FRAME_BYTES,
  SIGNALING_PATH,
  type SocketId,
} from '../src/protocol/signaling.ts'
import { createGateway, type Gateway, type GatewayStats, type Wire } from './gateway.ts'
import { iceServersAt, type IceConfig } from './ice.ts'
import { addressKey, DEFAULT_LIMITS, type SignalingLimits } from './limits.ts'
import { METRICS_MEDIA_TYPE, renderMetrics } from './metrics.ts'

export interface SignalingOptions {
  readonly limits?: Partial<SignalingLimits>
  readonly ice?: IceConfig
  /** For a port of its own; default all interfaces. */
  readonly host?: string
  /** Pages of other origins that may connect, e.g. "https://example.org"; "*" for any. Same host is always allowed. */
  readonly allowedOrigins?: readonly string[]
  /** Behind exactly one reverse proxy: take the client's address and host from its X-Forwarded headers. */
  readonly trustProxy?: boolean
  /** On a shared HTTP server: true leaves upgrades of other paths to others, false refuses them. */
  readonly sharesUpgrades?: boolean
  readonly beatMs?: number
  /** Hears only of faults of the server itself; never of rooms. */
  readonly onInternalError?: (error: unknown) => void
}

export interface SignalingServer {
  readonly port: number
  stats(): GatewayStats
  /** Answers /healthz and /metrics; false for every other path. */
  handleRequest(request: IncomingMessage, response: ServerResponse): boolean
  /** Disconnects everyone, and stops the HTTP server if it is its own. */
  close(): Promise<void>
}

/** What it needs of an HTTP, HTTPS or Vite server. */
export interface UpgradableServer {
  on(event: 'upgrade', listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown
  off(event: 'upgrade', listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void): unknown
  address(): AddressInfo | string | null
}

/** WebSocket close code "service restart". */
const CLOSE_RESTART = 1012
const CLOSE_PATIENCE_MS = 2_000

export async function createSignalingServer(
  target: number | UpgradableServer,
  options: SignalingOptions = {},
): Promise<SignalingServer> {
  if (typeof target !== 'number') return attach(target, options)
  const http = createServer((request, response) => {
    if (!attached.handleRequest(request, response)) answer(response, 404, 'text/plain', 'not found\n')
  })
  const attached = attach(http, { ...options, sharesUpgrades: false })
  try {
    await listen(http, target, options.host)
  } catch (error) {
    await attached.close()
    throw error
  }
  return {
    get port() {
      return attached.port
    },
    stats: attached.stats,
    handleRequest: attached.handleRequest,
    async close() {
      await attached.close()
      http.closeAllConnections()
      await new Promise(resolve => http.close(resolve))
    },
  }
}

function attach(http: UpgradableServer, options: SignalingOptions): SignalingServer {
  const beatMs = options.beatMs ?? BEAT_INTERVAL_MS
  const ice = options.ice ?? []
  const startedMs = performance.now()
  const gateway = createGateway({
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    beatMs,
    random: below => randomInt(below),
    newSocketId: () => randomBytes(12).toString('base64url') as SocketId,
    iceServers: () => iceServersAt(ice, Date.now() / 1000),
    onInternalError: options.onInternalError ?? (error => console.error('signaling:', error)),
  })
  const sockets = new WebSocketServer({
    noServer: true,
    autoPong: false,
    // Somewhat too large is answered with an error; more than that ends the connection before it is read.
    maxPayload: 2 * MAX_FRAME_BYTES,
    maxFragments: 64,
    maxBufferedChunks: 4096,
    perMessageDeflate: false,
  })
  // A broken handshake was answered by the library already.
  sockets.on('wsClientError', (_error, socket) => socket.destroy())
  const ticker = setInterval(() => gateway.tick(performance.now()), Math.max(50, beatMs / 4))
  ticker.unref()

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (pathOf(request) !== SIGNALING_PATH) {
      if (options.sharesUpgrades !== true) turnAway(socket, '404 Not Found')
      return
    }
    if (!isAllowedOrigin(request, options)) return turnAway(socket, '403 Forbidden')
    const address = clientAddress(request, options.trustProxy === true)
    if (!gateway.admits(address, performance.now())) return turnAway(socket, '429 Too Many Requests')
    sockets.handleUpgrade(request, socket, head, ws => connect(gateway, ws, address))
  }
  http.on('upgrade', onUpgrade)

  return {
    get port() {
      const address = http.address()
      return typeof address === 'object' && address !== null ? address.port : 0
    },
    stats: () => gateway.stats(),
    handleRequest(request, response) {
      switch (pathOf(request)) {
        case '/healthz':
          answer(response, 200, 'text/plain', 'ok\n')
          return true
        case '/metrics': {
          const uptimeSeconds = (performance.now() - startedMs) / 1000
          const text = renderMetrics(gateway.stats(), uptimeSeconds, process.memoryUsage.rss())
          answer(response, 200, METRICS_MEDIA_TYPE, text)
          return true
        }
        default:
          return false
      }
    },
    async close() {
      clearInterval(ticker)
      http.off('upgrade', onUpgrade)
      for (const ws of sockets.clients) {
        ws.close(CLOSE_RESTART)
        setTimeout(() => ws.terminate(), 200).unref()
      }
      await new Promise<void>(resolve => sockets.close(() => resolve()))
    },
  }
}

function connect(gateway: Gateway, ws: WebSocket, address: string): void {
  const wire: Wire = {
    send: text => ws.send(text, ignoreSendError),
    ping: () => ws.ping(undefined, undefined, ignoreSendError),
    close(code) {
      ws.close(code)
      setTimeout(() => ws.terminate(), CLOSE_PATIENCE_MS).unref()
    },
    terminate: () => ws.terminate(),
    bufferedBytes: () => ws.bufferedAmount,
  }
  // After a protocol error (invalid UTF-8, an oversized frame, a bad mask) the library says goodbye and reads no more.
  ws.on('error', () => void setTimeout(() => ws.terminate(), CLOSE_PATIENCE_MS).unref())
  const connection = gateway.open(wire, address, performance.now())
  ws.on('message', (data: RawData, isBinary: boolean) => {
    const now = performance.now()
    if (isBinary) gateway.binary(connection, sizeOf(data), now)
    else gateway.text(connection, textOf(data), now)
  })
  ws.on('ping', (data: Buffer) => {
    if (gateway.ping(connection, performance.now())) ws.pong(data, undefined, ignoreSendError)
  })
  ws.on('pong', () => gateway.pong(connection, performance.now()))
  ws.on('close', () => gateway.closed(connection))
}

/** A socket that closes while something is sent reports it twice; its 'close' event is the one that counts. */
function ignoreSendError(): void {
  return undefined
}

function sizeOf(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, part) => sum + part.byteLength, 0) : data.byteLength
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8')
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}

/** Programs send no Origin; a page may come from this host or from one that was named. */
function isAllowedOrigin(request: IncomingMessage, options: SignalingOptions): boolean {
  const { origin } = request.headers
  if (origin === undefined) return true
  const allowed = options.allowedOrigins ?? []
  if (allowed.includes('*') || allowed.includes(origin)) return true
  const forwarded = options.trustProxy === true ? request.headers['x-forwarded-host'] : undefined
  const host = (typeof forwarded === 'string' ? forwarded : request.headers.host)?.toLowerCase()
  return URL.canParse(origin) && new URL(origin).host === host
}

function clientAddress(request: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy ? request.headers['x-forwarded-for'] : undefined
  const list = Array.isArray(forwarded) ? forwarded.join(',') : forwarded
  return addressKey(list?.split(',').at(-1)?.trim() || request.socket.remoteAddress)
}

function turnAway(socket: Duplex, status: string): void {
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function answer(response: ServerResponse, status: number, mediaType: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': mediaType,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(body)
}

function listen(http: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, host, () => {
      http.off('error', reject)
      resolve()
    })
  })
}
