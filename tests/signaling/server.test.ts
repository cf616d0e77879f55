import { createServer, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { createSignalingServer, type SignalingOptions, type SignalingServer } from '../../signaling/server.ts'
import { startServerChild } from './child.ts'
import { connectRaw, joinFrame, joinRoom, roomOf } from './support.ts'

const opened: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const resource of opened.splice(0).reverse()) await resource.close()
})

async function start(options: SignalingOptions = {}, port = 0): Promise<SignalingServer> {
  const server = await createSignalingServer(port, { host: '127.0.0.1', ...options })
  opened.push(server)
  return server
}

describe('the signaling server', () => {
  it('introduces, passes on, and says who went', async () => {
    const { port } = await start({ ice: [{ type: 'open', urls: 'stun:stun.example' }] })
    const a = await joinRoom(port, 'x')
    const b = await joinRoom(port, 'x')
    expect(a.welcome).toMatchObject({ peers: [], size: 1, iceServers: [{ urls: 'stun:stun.example' }] })
    expect(b.welcome).toMatchObject({ peers: [a.self], size: 2 })
    expect(await a.client.take('peer')).toEqual({ t: 'peer', peer: b.self })
    b.client.say({ t: 'send', to: a.self, data: 'c2VhbGVk' })
    expect(await a.client.take('from')).toEqual({ t: 'from', from: b.self, data: 'c2VhbGVk' })
    await b.client.close()
    expect(await a.client.take('gone')).toEqual({ t: 'gone', peer: b.self })
  })

  it('brings late-comers of a big room together on request', async () => {
    const { port } = await start()
    const members = []
    for (let i = 0; i < 14; i++) members.push(await joinRoom(port, 'big'))
    const last = members.at(-1)!
    expect(last.welcome.peers).toHaveLength(8)
    last.client.say({ t: 'introduce', count: 16 })
    const more = new Set<string>()
    for (let i = 0; i < 5; i++) more.add((await last.client.take('peer')).peer)
    expect(more.size).toBe(5)
    for (const peer of last.welcome.peers) expect(more.has(peer)).toBe(false)
  })

  it('answers its health and its counts, and nothing else', async () => {
    const { port } = await start()
    const { self } = await joinRoom(port, 'secret')
    const base = `http://127.0.0.1:${port}`
    expect(await (await fetch(`${base}/healthz`)).text()).toBe('ok\n')
    const metrics = await (await fetch(`${base}/metrics`)).text()
    expect(metrics).toContain('yoriai_signaling_rooms 1\n')
    expect(metrics).not.toContain(roomOf('secret'))
    expect(metrics).not.toContain(self)
    expect((await fetch(`${base}/signal`)).status).toBe(404)
  })

  it.each([
    ['a page of its own host', {}, (port: number) => `http://127.0.0.1:${port}`, true],
    ['a page of another host', {}, () => 'https://elsewhere.example', false],
    ['a page without an origin', {}, () => 'null', false],
    ['a named origin', { allowedOrigins: ['https://friend.example'] }, () => 'https://friend.example', true],
    [
      'an origin that only begins alike',
      { allowedOrigins: ['https://friend.example'] },
      () => 'https://friend.example.evil',
      false,
    ],
    ['anybody, where that was chosen', { allowedOrigins: ['*'] }, () => 'https://elsewhere.example', true],
  ])('%s', async (_name, options, origin, isWelcome) => {
    const { port } = await start(options)
    const attempt = connectRaw(port, { origin: origin(port) })
    if (!isWelcome) return expect(attempt).rejects.toThrow('403')
    const client = await attempt
    client.say(joinFrame('x'))
    await client.take('welcome')
    await client.close()
  })

  it('shares an HTTP server: other upgrades are left alone or refused, as chosen', async () => {
    const http = createServer()
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
    opened.push({ close: () => new Promise(resolve => http.close(resolve)) })
    const signaling = await createSignalingServer(http, { sharesUpgrades: true })
    opened.push(signaling)
    let others = 0
    http.on('upgrade', (incoming, socket) => {
      if (incoming.url !== '/other') return
      others++
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    const { client } = await joinRoom(signaling.port, 'x')
    const upgrade = { Connection: 'Upgrade', Upgrade: 'other' }
    await new Promise(resolve => {
      request({ port: signaling.port, host: '127.0.0.1', path: '/other', headers: upgrade }, resolve).end()
    })
    expect(others).toBe(1)
    await client.close()
  })

  it('ends connections whose other side is silent', async () => {
    const { port } = await start({ beatMs: 200 })
    const silent = await connectRaw(port, { autoPong: false })
    const lively = await joinRoom(port, 'x')
    silent.say(joinFrame('x'))
    await silent.take('welcome')
    const closed = await Promise.race([silent.closed, sleep(5_000)])
    expect(closed).toBe(1006)
    expect(await lively.client.take('gone')).toMatchObject({ t: 'gone' })
    await lively.client.take('beat')
    expect(lively.client.ws.readyState).toBe(lively.client.ws.OPEN)
  })

  it('closes politely, and a second one takes over the port with the same room', async () => {
    const first = await start()
    const { port } = first
    const before = await joinRoom(port, 'x')
    await first.close()
    expect(await before.client.closed).toBe(1012)
    await start({}, port)
    const again = await joinRoom(port, 'x')
    const newcomer = await joinRoom(port, 'x')
    expect(again.self).not.toBe(before.self)
    expect(newcomer.welcome.peers).toEqual([again.self])
  })

  it('can be killed and started again: members that come back and newcomers find each other', async () => {
    const first = await startServerChild()
    opened.push(first)
    const before = await joinRoom(first.port, 'x')
    await first.close()
    expect(await before.client.closed).toBe(1006)
    const second = await startServerChild({}, first.port)
    opened.push(second)
    const again = await joinRoom(second.port, 'x')
    const newcomer = await joinRoom(second.port, 'x')
    expect(newcomer.welcome).toMatchObject({ peers: [again.self], size: 2 })
  })

  it('rejects when its port is taken', async () => {
    const { port } = await start()
    await expect(createSignalingServer(port, { host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    })
  })
})
