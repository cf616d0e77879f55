// The whole product on one port: the built page, its data and the signaling server, over http or https. `npm start`,
// the browser tests and the swarm runner all use this one. Builds nothing and prints nothing.
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createSignalingServer, type SignalingOptions, type SignalingServer } from './server.ts'
import { createStaticHandler } from './static-files.ts'

export interface AppServerOptions {
  /** The build, with index.html. */
  readonly distDir: string
  /** Folders for what the build does not hold, e.g. data prepared after it. */
  readonly extraDirs?: readonly string[]
  /** 0 (default) takes any free port. */
  readonly port?: number
  /** Default 127.0.0.1; "::" for every interface. */
  readonly host?: string
  /** PEM; https when given. */
  readonly tls?: { readonly cert: string; readonly key: string }
  readonly signaling?: SignalingOptions
  readonly onError?: (error: unknown) => void
}

export interface AppServer {
  /** Ends with a slash; names localhost when all interfaces are served. */
  readonly url: string
  readonly port: number
  readonly signaling: SignalingServer
  close(): Promise<void>
}

/** Rejects with the system's error (code EADDRINUSE, EACCES) when the port cannot be had. */
export async function createAppServer(options: AppServerOptions): Promise<AppServer> {
  const host = options.host ?? '127.0.0.1'
  const serveFile = createStaticHandler([options.distDir, ...(options.extraDirs ?? [])])
  const onError = options.onError ?? (error => console.error('server:', error))

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (signaling.handleRequest(request, response)) return
    serveFile(request, response, securityHeaders(request)).catch((error: unknown) => {
      // A browser that goes away in the middle of a file is daily business.
      if (!request.socket.destroyed && !response.destroyed) onError(error)
      if (!response.headersSent) response.writeHead(500)
      response.end()
    })
  }
  const http = options.tls ? createHttpsServer({ ...options.tls }, onRequest) : createHttpServer(onRequest)
  const signaling = await createSignalingServer(http, { ...options.signaling, sharesUpgrades: false })
  try {
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject)
      http.listen(options.port ?? 0, host, () => {
        http.off('error', reject)
        resolve()
      })
    })
  } catch (error) {
    await signaling.close()
    throw error
  }
  const { port } = http.address() as AddressInfo
  return {
    url: `${options.tls ? 'https' : 'http'}://${nameOf(host)}:${port}/`,
    port,
    signaling,
    async close() {
      await signaling.close()
      await new Promise<void>(resolve => {
        http.close(() => resolve())
        http.closeAllConnections()
      })
    },
  }
}

function nameOf(host: string): string {
  if (host === '::' || host === '0.0.0.0') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/**
 * Only own scripts, WebAssembly and workers; connections to this host only (named, since not every browser counts
 * WebSockets as 'self'). No cross-origin isolation: threaded WebAssembly is not used and hangs under it.
 */
function securityHeaders(request: IncomingMessage): Record<string, string> {
  const { host } = request.headers
  const sockets = host && /^[\w.[\]:-]{1,255}$/.test(host) ? ` ws://${host} wss://${host}` : ''
  return {
    'Content-Security-Policy': [
      "default-src 'self'",
      "script-src 'self' 'wasm-unsafe-eval'",
      "worker-src 'self' blob:",
      `connect-src 'self' data: blob:${sockets}`,
      "style-src 'self' 'unsafe-inline'",
      "img-src 'self' data: blob:",
      "media-src 'self' blob:",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Permissions-Policy': 'camera=(self), microphone=(), geolocation=(), payment=(), usb=()',
    'Cross-Origin-Resource-Policy': 'same-origin',
  }
}
