// `npm start`: builds what is not built, serves page, data and signaling on one port, and prints the links and a QR code.
//   npm start -- [--port 8080] [--host ADDRESS] [--https | --cert FILE --key FILE]
// STUN, TURN and the rest come from the environment (signaling/config.ts, signaling/ice.ts).
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { register } from 'tsx/esm/api'
import { renderUnicodeCompact } from 'uqr'
import { ensureBuild } from './build.mjs'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DEFAULT_PORT = 8080
const PORTS_TO_TRY = 20

const USAGE = `npm start -- [options]
  --port N         port to serve on (default ${DEFAULT_PORT}, or PORT)
  --host ADDRESS   interface to serve on (default: all of them)
  --https          https with a certificate of its own, made once and kept in .cert/
  --cert FILE      https with this certificate (PEM) ...
  --key FILE       ... and its key (PEM)`

class StartError extends Error {
  name = 'StartError'
}

register()
const { createAppServer } = await import('../signaling/app-server.ts')
const { lanAddresses, loadCertificate } = await import('../signaling/certificate.ts')
const { readSignalingOptions } = await import('../signaling/config.ts')

try {
  await main()
} catch (error) {
  const expected = error instanceof StartError || (error instanceof Error && 'kind' in error)
  console.error(expected ? `\n${error.message}\n` : error)
  process.exitCode = 1
}

async function main() {
  const options = readArguments()
  if (options.help) return console.log(USAGE)
  const distDir = await ensureBuild()
  const lan = lanAddresses()
  const tls = await chooseCertificate(options, lan)
  const server = await serve(options, {
    distDir,
    extraDirs: [path.join(ROOT, 'public')],
    signaling: readSignalingOptions(process.env),
    ...(tls ? { tls } : {}),
  })
  announce(server, options, tls, lan)

  let stopping = false
  const stop = () => {
    // The second Ctrl-C does not wait for anybody.
    if (stopping) process.exit(1)
    stopping = true
    server.close().then(() => process.exit(0))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        https: { type: 'boolean', default: false },
        cert: { type: 'string' },
        key: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if ((values.cert === undefined) !== (values.key === undefined)) {
      throw new StartError('--cert and --key go together: the certificate and its key.')
    }
    const text = values.port ?? process.env.PORT
    const port = text === undefined ? DEFAULT_PORT : Number(text)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new StartError(`"${text}" is not a port: it must be a number from 0 to 65535.`)
    }
    return { ...values, port }
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`${error instanceof Error ? error.message : error}\n\n${USAGE}`)
  }
}

async function chooseCertificate(options, lan) {
  if (options.cert !== undefined) {
    try {
      const [cert, key] = await Promise.all([readFile(options.cert, 'utf8'), readFile(options.key, 'utf8')])
      return { cert, key, own: false }
    } catch (error) {
      throw new StartError(`The certificate or its key cannot be read: ${error.message}`)
    }
  }
  if (!options.https) return undefined
  const { cert, key, fresh } = await loadCertificate(path.join(ROOT, '.cert'), lan, Date.now())
  if (fresh) console.log('Made a certificate for this machine (in .cert/).')
  return { cert, key, own: true }
}

/** Takes the next free port when the wanted one is in use, and says so. */
async function serve(options, serverOptions) {
  const host = options.host ?? '::'
  for (let tried = 0; tried < PORTS_TO_TRY; tried++) {
    const port = options.port === 0 ? 0 : options.port + tried
    try {
      const server = await createAppServer({ ...serverOptions, host, port })
      if (tried > 0) console.log(`Port ${options.port} is in use; using ${port} instead.`)
      return server
    } catch (error) {
      // A machine without IPv6 has no "::".
      if (error.code === 'EAFNOSUPPORT' && options.host === undefined) options.host = '0.0.0.0'
      else if (error.code === 'EACCES')
        throw new StartError(`Port ${port} needs more rights; try --port 8080.`)
      else if (error.code === 'EADDRNOTAVAIL') throw new StartError(`This machine has no address ${host}.`)
      else if (error.code !== 'EADDRINUSE') throw error
    }
  }
  throw new StartError(
    `The ports ${options.port} to ${options.port + PORTS_TO_TRY - 1} are all in use; try --port.`,
  )
}

function announce(server, options, tls, lan) {
  const scheme = tls ? 'https' : 'http'
  const link = host => `${scheme}://${host.includes(':') ? `[${host}]` : host}:${server.port}/`
  const isOpen = options.host === undefined || options.host === '::' || options.host === '0.0.0.0'
  const others = isOpen ? lan.filter(address => !address.includes(':')).map(link) : []
  const here = isOpen ? link('localhost') : server.url

  console.log(`\nYoriai is ready.\n\n  on this machine    ${here}`)
  for (const url of others) console.log(`  on this network    ${url}`)
  console.log(`\n${renderUnicodeCompact(others[0] ?? here, { border: 2 })}\n`)
  if (!tls && others.length > 0) {
    console.log(
      'Other devices can open the page, but not train: browsers give WebGPU, WebCrypto and the camera to secure pages\n' +
        'only, and plain http counts as secure just on the machine itself. To train together on this network:\n' +
        '  npm start -- --https                         with a certificate made here (browsers warn once per device)\n' +
        '  npm start -- --cert FILE --key FILE          with a certificate of yours\n',
    )
  }
  if (tls?.own) {
    console.log(
      'The certificate was made on this machine, so each device warns once: choose "Advanced", then "Proceed".\n',
    )
  }
  console.log('Ctrl-C stops it.')
}
