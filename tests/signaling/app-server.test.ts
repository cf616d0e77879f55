import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createAppServer, type AppServer, type AppServerOptions } from '../../signaling/app-server.ts'
import { loadCertificate } from '../../signaling/certificate.ts'
import { joinRoom } from './support.ts'

let folder = ''
const opened: AppServer[] = []

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'app-'))
  await mkdir(path.join(folder, 'dist', 'assets'), { recursive: true })
  await mkdir(path.join(folder, 'dist', '.vite'))
  await mkdir(path.join(folder, 'public', 'data'), { recursive: true })
  const files: Record<string, string> = {
    'secret.txt': 'outside',
    'dist/index.html': '<!doctype html><title>t</title>',
    'dist/assets/index-AbCd1234.js': `export const long = '${'x'.repeat(5_000)}'\n`,
    'dist/assets/plain.js': 'export {}\n',
    'dist/assets/kernel-AbCd1234.wasm': '\0asm',
    'dist/.vite/manifest.json': '{}',
    'public/data/blob.bin': 'late',
  }
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content)
  await symlink(path.join(folder, 'secret.txt'), path.join(folder, 'dist', 'link.txt'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close()
})

async function start(options: Partial<AppServerOptions> = {}): Promise<AppServer> {
  const server = await createAppServer({
    distDir: path.join(folder, 'dist'),
    extraDirs: [path.join(folder, 'public')],
    ...options,
  })
  opened.push(server)
  return server
}

/** As written, without the tidying that fetch does to paths. */
function rawStatus(server: AppServer, requestPath: string): Promise<number> {
  return new Promise((resolve, reject) => {
    httpRequest({ host: '127.0.0.1', port: server.port, path: requestPath }, response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
      .on('error', reject)
      .end()
  })
}

describe('the app server', () => {
  it('serves the page with its media type, fresh, under a policy that allows what training needs', async () => {
    const { url, port } = await start()
    const response = await fetch(url)
    expect(await response.text()).toContain('<title>t</title>')
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    const policy = response.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';")
    expect(policy).toContain("worker-src 'self' blob:")
    expect(policy).toContain(`ws://127.0.0.1:${port}`)
    expect(policy).toContain("object-src 'none'")
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('cross-origin-embedder-policy')).toBeNull()
  })

  it('keeps hashed files for ever and asks again for others', async () => {
    const { url } = await start()
    const cacheOf = async (name: string) => (await fetch(url + name)).headers.get('cache-control')
    expect(await cacheOf('assets/index-AbCd1234.js')).toBe('public, max-age=31536000, immutable')
    expect(await cacheOf('assets/plain.js')).toBe('no-cache')
    const first = await fetch(`${url}data/blob.bin`)
    expect(await first.text()).toBe('late')
    const again = await fetch(`${url}data/blob.bin`, {
      headers: { 'If-None-Match': first.headers.get('etag') ?? '' },
    })
    expect(again.status).toBe(304)
  })

  it('compresses what gains by it, and types WebAssembly', async () => {
    const { url } = await start()
    const script = await fetch(`${url}assets/index-AbCd1234.js`, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(script.headers.get('content-encoding')).toBe('gzip')
    expect(Number(script.headers.get('content-length'))).toBeLessThan(200)
    expect((await script.text()).length).toBeGreaterThan(5_000)
    const wasm = await fetch(`${url}assets/kernel-AbCd1234.wasm`)
    expect(wasm.headers.get('content-type')).toBe('application/wasm')
    expect(wasm.headers.get('content-encoding')).toBeNull()
  })

  it('never leaves its folders', async () => {
    const server = await start()
    const paths = [
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/..%2fsecret.txt',
      '/assets/../../secret.txt',
      '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
      '/..%5csecret.txt',
      '/link.txt',
      '/.vite/manifest.json',
      '/assets',
      '/%00',
      '/%zz',
      `/${'a/'.repeat(2_000)}`,
      'http://elsewhere.example/secret.txt',
    ]
    for (const requestPath of paths)
      expect([400, 404], requestPath).toContain(await rawStatus(server, requestPath))
    expect(await rawStatus(server, '/assets/plain.js?query=1')).toBe(200)
  })

  it('only reads', async () => {
    const { url } = await start()
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(405)
    const head = await fetch(url, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(10)
  })

  it('has signaling on the same port', async () => {
    const { url, port, signaling } = await start()
    const { welcome } = await joinRoom(port, 'x')
    expect(welcome.size).toBe(1)
    expect(await (await fetch(`${url}healthz`)).text()).toBe('ok\n')
    expect(signaling.stats().members).toBe(1)
  })

  it('does all of it over https', async () => {
    const tls = await loadCertificate(path.join(folder, 'cert'), [], Date.now())
    const server = await start({ tls })
    expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/)
    const agent = new Agent({ ca: tls.cert })
    const status = await new Promise(resolve => {
      httpsRequest(server.url, { agent }, response => {
        response.resume()
        resolve(response.statusCode)
      }).end()
    })
    expect(status).toBe(200)
    const ws = new WebSocket(`wss://127.0.0.1:${server.port}/signal`, { ca: tls.cert })
    await new Promise((resolve, reject) => {
      ws.once('open', resolve)
      ws.once('error', reject)
    })
    ws.terminate()
    agent.destroy()
  })

  it('rejects when its port is taken, and closes while pages are connected', async () => {
    const first = await start()
    await expect(start({ port: first.port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    const { client } = await joinRoom(first.port, 'x')
    await first.close()
    expect(await client.closed).toBe(1012)
  })
})
