// The TURN credentials that the signaling server hands out open a relay-only connection in a real browser, through a
// real coturn; credentials that are old or forged do not.
import { chromium, type Browser } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { findChromium } from '../../scripts/chromium.mjs'
import { parseIceConfig, turnCredential } from '../../signaling/ice.ts'
import { createSignalingServer } from '../../signaling/server.ts'
import type { IceServer } from '../../src/protocol/signaling.ts'
import { startCoturn, type Coturn } from './coturn.ts'
import { joinRoom } from './support.ts'

const SECRET = 'a secret of the test'

let coturn: Coturn | undefined
let browser: Browser | undefined

beforeAll(async () => {
  coturn = await startCoturn(SECRET)
  browser = await chromium.launch({
    executablePath: await findChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  })
})
afterAll(async () => {
  await browser?.close()
  await coturn?.close()
})

interface RelayOutcome {
  readonly relayCandidates: number
  /** What the far end of the data channel answered; '' when it never opened. */
  readonly answer: string
  readonly path: string
}

/** Two connections in one page that may only use the relay. */
async function tryRelay(iceServers: readonly IceServer[], patienceMs: number): Promise<RelayOutcome> {
  const page = await browser!.newPage()
  try {
    return await page.evaluate(
      async ([servers, limitMs]) => {
        const config: RTCConfiguration = { iceServers: [...servers], iceTransportPolicy: 'relay' }
        const [near, far] = [new RTCPeerConnection(config), new RTCPeerConnection(config)]
        let relayCandidates = 0
        const carry = (source: RTCPeerConnection, target: RTCPeerConnection) => {
          source.onicecandidate = ({ candidate }) => {
            if (!candidate?.candidate) return
            if (candidate.type === 'relay') relayCandidates++
            void target.addIceCandidate(candidate)
          }
        }
        carry(near, far)
        carry(far, near)
        far.ondatachannel = ({ channel }) => {
          channel.onmessage = ({ data }) => channel.send(`heard ${String(data)}`)
        }
        const channel = near.createDataChannel('test')
        const answer = new Promise<string>(resolve => {
          channel.onopen = () => channel.send('hello')
          channel.onmessage = ({ data }) => resolve(String(data))
          setTimeout(() => resolve(''), limitMs)
        })
        await near.setLocalDescription()
        await far.setRemoteDescription(near.localDescription!)
        await far.setLocalDescription()
        await near.setRemoteDescription(far.localDescription!)
        const heard = await answer
        let path = ''
        const stats = await near.getStats()
        for (const report of stats.values()) {
          if (report.type !== 'candidate-pair' || report.state !== 'succeeded' || !report.nominated) continue
          path = `${stats.get(report.localCandidateId).candidateType} to ${stats.get(report.remoteCandidateId).candidateType}`
        }
        near.close()
        far.close()
        return { relayCandidates, answer: heard, path }
      },
      [iceServers, patienceMs] as const,
    )
  } finally {
    await page.close()
  }
}

it.each(['udp', 'tcp'])(
  'a relay-only connection over %s opens with the credentials of the welcome',
  async transport => {
    expect(
      coturn,
      'coturn is not installed (Debian: apt install coturn): the relay was not tested',
    ).toBeDefined()
    const urls = `turn:127.0.0.1:${coturn!.port}?transport=${transport}`
    const ice = parseIceConfig([{ urls, secret: SECRET, ttlSeconds: 600, name: 'yoriai' }])
    const signaling = await createSignalingServer(0, { host: '127.0.0.1', ice })
    try {
      const { client, welcome } = await joinRoom(signaling.port, 'relay')
      await client.close()
      expect(welcome.iceServers).toHaveLength(1)
      const outcome = await tryRelay(welcome.iceServers, 20_000)
      expect(outcome).toMatchObject({ answer: 'heard hello', path: 'relay to relay' })
    } finally {
      await signaling.close()
    }
  },
)

it.each([
  ['ran out', () => turnCredential(SECRET, Math.floor(Date.now() / 1000) - 60)],
  ['were made with another secret', () => turnCredential('guessed', Math.floor(Date.now() / 1000) + 600)],
])('credentials that %s open nothing', async (_why, credentials) => {
  expect(
    coturn,
    'coturn is not installed (Debian: apt install coturn): the relay was not tested',
  ).toBeDefined()
  const server = { urls: `turn:127.0.0.1:${coturn!.port}?transport=udp`, ...credentials() }
  expect(await tryRelay([server], 3_000)).toEqual({ relayCandidates: 0, answer: '', path: '' })
})
