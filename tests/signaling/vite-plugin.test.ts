import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { createServer } from 'vite'
import { WebSocket } from 'ws'
import { signalingPlugin } from '../../signaling/vite-plugin.ts'
import { joinRoom } from './support.ts'

it('the development server has signaling on its own port, and its reload socket still works', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'vite-'))
  await writeFile(path.join(root, 'index.html'), '<!doctype html><title>dev</title>')
  const vite = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    plugins: [signalingPlugin()],
    server: { port: 0, host: '127.0.0.1' },
  })
  try {
    await vite.listen()
    const address = vite.httpServer?.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const a = await joinRoom(port, 'dev')
    const b = await joinRoom(port, 'dev')
    expect(b.welcome.peers).toEqual([a.self])
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toBe('ok\n')
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('<title>dev</title>')

    const reload = new WebSocket(`ws://127.0.0.1:${port}/?token=${vite.config.webSocketToken}`, 'vite-hmr')
    const first = await new Promise((resolve, reject) => {
      reload.once('message', data => resolve(JSON.parse(String(data))))
      reload.once('error', reject)
    })
    expect(first).toEqual({ type: 'connected' })
    reload.terminate()
  } finally {
    await vite.close()
    await rm(root, { recursive: true })
  }
})
