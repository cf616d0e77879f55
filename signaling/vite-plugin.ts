// Vite plugin: `npm run dev` and `vite preview` serve signaling on their own port, beside Vite's hot reload socket.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plugin } from 'vite'
import { readSignalingOptions } from './config.ts'
import { createSignalingServer, type SignalingServer, type UpgradableServer } from './server.ts'

interface Host {
  readonly httpServer: (UpgradableServer & { once(event: 'close', listener: () => void): unknown }) | null
  readonly middlewares: {
    use(handler: (request: IncomingMessage, response: ServerResponse, next: () => void) => void): unknown
  }
}

export function signalingPlugin(): Plugin {
  const serve = async (host: Host): Promise<void> => {
    const { httpServer } = host
    if (!httpServer) return
    const options = readSignalingOptions(process.env)
    const signaling: SignalingServer = await createSignalingServer(httpServer, {
      ...options,
      sharesUpgrades: true,
    })
    host.middlewares.use((request, response, next) => {
      if (!signaling.handleRequest(request, response)) next()
    })
    httpServer.once('close', () => void signaling.close())
  }
  return {
    name: 'yoriai-signaling',
    configureServer: server => serve(server),
    configurePreviewServer: server => serve(server),
  }
}
