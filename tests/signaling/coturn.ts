// A coturn on loopback that accepts the time-limited credentials of signaling/ice.ts, for relay tests.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { findOnPath } from '../../scripts/chromium.mjs'

export interface Coturn {
  /** Of turn:127.0.0.1:PORT, over UDP and TCP. */
  readonly port: number
  close(): Promise<void>
}

/** Undefined where no `turnserver` is installed. */
export async function startCoturn(secret: string): Promise<Coturn | undefined> {
  const program = await findOnPath(['turnserver'])
  if (!program) return undefined
  const port = await freePort()
  const folder = await mkdtemp(path.join(tmpdir(), 'coturn-'))
  const child = spawn(
    program,
    [
      '-n',
      '--listening-ip=127.0.0.1',
      `--listening-port=${port}`,
      '--relay-ip=127.0.0.1',
      '--allow-loopback-peers',
      '--use-auth-secret',
      `--static-auth-secret=${secret}`,
      '--realm=yoriai.test',
      '--no-tls',
      '--no-dtls',
      '--no-cli',
      '--min-port=49160',
      '--max-port=49200',
      '--log-file=stdout',
      `--pidfile=${path.join(folder, 'pid')}`,
      `--userdb=${path.join(folder, 'db')}`,
    ],
    { stdio: 'ignore', cwd: folder },
  )
  const exit = once(child, 'exit')
  for (let i = 0; i < 100 && !(await accepts(port)); i++)
    await new Promise(resolve => setTimeout(resolve, 50))
  return {
    port,
    async close() {
      child.kill('SIGKILL')
      await exit
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
