// A signaling server in a process of its own, so that its memory can be measured and its survival is not the test's own.
// The same file is the child: it takes options from its first argument and answers 'usage' messages.
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { GatewayStats } from '../../signaling/gateway.ts'
import { createSignalingServer, type SignalingOptions } from '../../signaling/server.ts'

export interface Usage {
  readonly rssBytes: number
  readonly heapBytes: number
  /** Longest time that the event loop was blocked since the last question. */
  readonly stallMs: number
  readonly stats: GatewayStats
}

export interface ServerChild {
  readonly port: number
  readonly process: ChildProcess
  /** Collects garbage first. */
  usage(): Promise<Usage>
  close(): Promise<void>
}

const SELF = fileURLToPath(import.meta.url)

export async function startServerChild(options: SignalingOptions = {}, port = 0): Promise<ServerChild> {
  const child = fork(SELF, [JSON.stringify(options), String(port)], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
    stdio: 'inherit',
  })
  const [first] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the server ended at once, code ${String(code)}`)),
    ),
  ])) as [number]
  return {
    port: first,
    process: child,
    async usage() {
      const answer = once(child, 'message')
      child.send('usage')
      return ((await answer) as [Usage])[0]
    },
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}

if (process.argv[1] === SELF && process.send) {
  const server = await createSignalingServer(Number(process.argv[3]), {
    host: '127.0.0.1',
    ...(JSON.parse(process.argv[2] ?? '{}') as SignalingOptions),
  })
  let lastMs = performance.now()
  let stallMs = 0
  setInterval(() => {
    const nowMs = performance.now()
    stallMs = Math.max(stallMs, nowMs - lastMs - 10)
    lastMs = nowMs
  }, 10)
  process.on('message', () => {
    const worstMs = stallMs
    globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    const usage: Usage = {
      rssBytes: rss,
      heapBytes: heapUsed + external,
      stallMs: worstMs,
      stats: server.stats(),
    }
    process.send?.(usage)
    stallMs = 0
    lastMs = performance.now()
  })
  // The test is gone: so is its server.
  process.on('disconnect', () => process.exit(0))
  process.send(server.port)
}
