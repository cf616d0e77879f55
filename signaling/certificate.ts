// A self-signed certificate for a workshop on one network: made once, kept in a folder that git ignores, made again when
// it does not cover an address of this machine or is about to end. The key is readable by its owner only. Browsers warn
// about it once per device; where that is not acceptable a real certificate is given with --cert and --key.
import { X509Certificate } from 'node:crypto'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import path from 'node:path'
import { generate } from 'selfsigned'

export interface Certificate {
  readonly cert: string
  readonly key: string
  /** True when it was made now. */
  readonly fresh: boolean
}

const DAY_MS = 24 * 3600 * 1000
/** Apple's systems refuse longer ones. */
const LIFE_MS = 397 * DAY_MS
const RENEW_BEFORE_MS = 14 * DAY_MS

/** Addresses of this machine that others on the network can reach, IPv4 first; no virtual bridges. */
export function lanAddresses(interfaces = networkInterfaces()): readonly string[] {
  const found = Object.entries(interfaces)
    .filter(([name]) => !/^(docker|br-|veth|virbr|vmnet|vEthernet)/.test(name))
    .flatMap(([, addresses]) => addresses ?? [])
    .filter(entry => !entry.internal && !/^(fe80|169\.254\.)/i.test(entry.address))
  return [
    ...found.filter(entry => entry.family === 'IPv4'),
    ...found.filter(entry => entry.family === 'IPv6'),
  ].map(entry => entry.address)
}

export async function loadCertificate(
  folder: string,
  addresses: readonly string[],
  nowMs: number,
): Promise<Certificate> {
  const certFile = path.join(folder, 'cert.pem')
  const keyFile = path.join(folder, 'key.pem')
  const cert = await readIfThere(certFile)
  const key = await readIfThere(keyFile)
  if (cert && key && isGood(cert, addresses, nowMs)) return { cert, key, fresh: false }

  const made = await generate([{ name: 'commonName', value: 'Yoriai on this network' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - DAY_MS),
    notAfterDate: new Date(nowMs - DAY_MS + LIFE_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          ...['127.0.0.1', '::1', ...addresses].map(ip => ({ type: 7 as const, ip })),
        ],
      },
    ],
  })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(keyFile, made.private, { mode: 0o600 })
  // The mode above counts only for a new file.
  await chmod(keyFile, 0o600)
  await writeFile(certFile, made.cert)
  return { cert: made.cert, key: made.private, fresh: true }
}

function isGood(pem: string, addresses: readonly string[], nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(pem)
    return (
      Date.parse(certificate.validFrom) <= nowMs &&
      Date.parse(certificate.validTo) - RENEW_BEFORE_MS > nowMs &&
      addresses.every(address => certificate.checkIP(address) !== undefined)
    )
  } catch {
    // Unreadable or damaged: a new one replaces it.
    return false
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
