import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lanAddresses, loadCertificate } from '../../signaling/certificate.ts'

const NOW = Date.UTC(2026, 5, 1)
const DAY_MS = 24 * 3600 * 1000

describe('the self-signed certificate', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'cert-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('covers localhost and every address, and its key is private', async () => {
    const made = await loadCertificate(folder, ['192.0.2.7', '2001:db8::7'], NOW)
    expect(made.fresh).toBe(true)
    const certificate = new X509Certificate(made.cert)
    expect(certificate.checkHost('localhost')).toBe('localhost')
    for (const address of ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7']) {
      expect(certificate.checkIP(address), address).toBeDefined()
    }
    expect(certificate.checkIP('192.0.2.8')).toBeUndefined()
    const life = Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)
    expect(life / DAY_MS).toBeLessThanOrEqual(398)
    if (process.platform !== 'win32') {
      expect((await stat(path.join(folder, 'key.pem'))).mode & 0o777).toBe(0o600)
    }
  })

  it('is kept while it fits, also when an address is no longer there', async () => {
    const first = await readFile(path.join(folder, 'cert.pem'), 'utf8')
    for (const addresses of [['192.0.2.7', '2001:db8::7'], ['192.0.2.7'], []]) {
      const kept = await loadCertificate(folder, addresses, NOW + 300 * DAY_MS)
      expect([kept.fresh, kept.cert]).toEqual([false, first])
    }
  })

  it.each([
    ['an address is new', ['192.0.2.9'], NOW],
    ['it is about to end', [], NOW + 390 * DAY_MS],
    ['the clock was wrong when it was made', [], NOW - 400 * DAY_MS],
  ])('is made again when %s', async (_why, addresses, nowMs) => {
    await loadCertificate(folder, ['192.0.2.7'], NOW)
    const again = await loadCertificate(folder, addresses, nowMs)
    expect(again.fresh).toBe(true)
    await rm(path.join(folder, 'cert.pem'))
  })

  it('is made again when the file is damaged', async () => {
    await loadCertificate(folder, [], NOW)
    await writeFile(path.join(folder, 'cert.pem'), 'not a certificate')
    expect((await loadCertificate(folder, [], NOW)).fresh).toBe(true)
  })
})

describe('addresses of this machine', () => {
  const entry = (address: string, family: 'IPv4' | 'IPv6', internal = false) =>
    ({ address, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 }) as never

  it('are those that others can reach, IPv4 first', () => {
    expect(
      lanAddresses({
        lo: [entry('127.0.0.1', 'IPv4', true), entry('::1', 'IPv6', true)],
        wlan0: [entry('2001:db8::5', 'IPv6'), entry('fe80::5', 'IPv6'), entry('192.168.1.5', 'IPv4')],
        eth0: [entry('169.254.3.4', 'IPv4'), entry('10.0.0.5', 'IPv4')],
        docker0: [entry('172.17.0.1', 'IPv4')],
        'br-4711': [entry('172.18.0.1', 'IPv4')],
        gone: undefined,
      }),
    ).toEqual(['192.168.1.5', '10.0.0.5', '2001:db8::5'])
  })
})
