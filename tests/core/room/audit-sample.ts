// A small room for the audit's tests: two seals by the host, an open entry, about 8 kB; and a verifier that remembers, since
// the property tests audit it tens of thousands of times.
import { verifySignature } from '../../../src/adapters/signer-webcrypto.ts'
import type { AuditReport } from '../../../src/core/room/audit-report.ts'
import { createAudit } from '../../../src/core/room/audit.ts'
import type { Verify } from '../../../src/core/room/audit-signatures.ts'
import { charterTerms, join } from '../../tools/golden-ledgers.ts'
import { LedgerMaker } from '../../tools/ledger-maker.ts'
import { testIdentity } from '../../tools/test-identity.ts'

export const ann = testIdentity(21)
export const bob = testIdentity(22)
export const START = 1_893_499_200_000

export function sampleLedger(): LedgerMaker {
  const governance = {
    guardians: [ann.id],
    quorum: 1,
    resumeQuorum: 1,
    issuers: [],
    licensing: 'open',
    budget: { memberFlop: '0', roundFlop: '0', lineageFlop: '0' },
    sealing: 'host',
    heartbeatMs: 0,
    expiresUnixMs: 0,
  } as const
  const made = new LedgerMaker(ann, charterTerms(governance, 'sample'), START)
  made.add(ann, join('ann', -1))
  made.add(bob, join('bob', 0))
  made.add(ann, { kind: 'transfer', to: bob.id, amountMicro: '500', memo: 'one' })
  const present = [ann, bob]
  made.seal({ path: 'host', signers: [ann, bob], present, unixMs: START + 60_000 })
  made.add(bob, { kind: 'transfer', to: ann.id, amountMicro: '20', memo: 'two' })
  made.add(ann, { kind: 'transfer', to: bob.id, amountMicro: '3', memo: 'three' })
  made.seal({ path: 'host', signers: [ann, bob], present, unixMs: START + 120_000 })
  made.add(bob, { kind: 'leave' })
  return made
}

export async function auditOf(file: Uint8Array, verify: Verify = verifySignature): Promise<AuditReport> {
  const audit = createAudit(verify)
  await audit.push(file)
  return audit.finish()
}

/** Answers at once for what it was asked before. */
export function rememberingVerify(): Verify {
  const known = new Map<string, boolean>()
  return (author, message, signature) => {
    const key = `${author} ${Buffer.from(signature).toString('latin1')} ${Buffer.from(message).toString('latin1')}`
    const answer = known.get(key)
    if (answer !== undefined) return answer
    return Promise.resolve(verifySignature(author, message, signature)).then(fresh => {
      known.set(key, fresh)
      return fresh
    })
  }
}

export function linesOf(file: Uint8Array): string[] {
  return new TextDecoder().decode(file).split('\n').slice(0, -1)
}

export function fileOf(lines: readonly string[]): Uint8Array {
  return new TextEncoder().encode(lines.map(line => `${line}\n`).join(''))
}
