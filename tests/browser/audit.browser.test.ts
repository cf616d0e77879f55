// The audit as the page runs it: in a worker, with the browser's own Ed25519.
import { expect, it } from 'vitest'
import { verifyLedgerInWorker } from '../../src/adapters/audit-browser.ts'
import consortium from '../golden/consortium.ndjson?raw'
import host from '../golden/host.ndjson?raw'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

it('recorded ledgers are sound, progress ends at one, the bytes stay the caller’s', async () => {
  for (const [text, seals] of [
    [host, 2],
    [consortium, 2],
  ] as const) {
    const file = bytes(text)
    const fractions: number[] = []
    const report = await verifyLedgerInWorker(file, fraction => fractions.push(fraction))
    expect(report).toMatchObject({ status: 'sound', firstBroken: null, seals, issuedMicro: 1_000_000_000n })
    expect(fractions.at(-1)).toBe(1)
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
    expect(file.length).toBe(bytes(text).length)
  }
})

it('a changed byte is found in its line, and what is no ledger is a broken one', async () => {
  const file = bytes(host)
  const line = 10
  let at = 0
  for (let passed = 1; passed < line; passed++) at = file.indexOf(10, at) + 1
  file[at + 100]! ^= 1
  const broken = await verifyLedgerInWorker(file, () => undefined)
  expect(broken).toMatchObject({ status: 'broken', firstBroken: { line } })
  const noise = await verifyLedgerInWorker(bytes('no ledger'), () => undefined)
  expect(noise).toMatchObject({ status: 'broken', firstBroken: { line: 1 } })
})
