// A file is other people's input, also where every signature in it holds: whoever writes it may own all the keys. Snapshots
// with mutated states, sealed and signed anew, must give a report and never an error.
import { expect, it } from 'vitest'
import { canonicalise } from '../../../src/core/ledger/canonical.ts'
import { hashOf } from '../../../src/core/ledger/chain.ts'
import { createRng, type Rng } from '../../../src/core/num/rng.ts'
import { hostLedger } from '../../tools/golden-ledgers.ts'
import { testIdentity } from '../../tools/test-identity.ts'
import { auditOf, fileOf, linesOf, rememberingVerify } from './audit-sample.ts'

const RUNS = 1_500
const SEED = 'states of strangers'

type Json = string | number | Json[] | { [key: string]: Json }

it(`mutated states are judged, not tripped over (${RUNS} runs)`, async () => {
  const made = hostLedger()
  const host = testIdentity(1)
  const voters = [host, testIdentity(3), testIdentity(4), testIdentity(5)]
  const lines = linesOf(made.export(1))
  const { certificate, snapshot } = made.epochs[0]!
  const nextSeal = lines.findLastIndex(line => line.startsWith('{"certificate"'))
  const verify = rememberingVerify()
  const faults = new Map<string, number>()
  for (let run = 0; run < RUNS; run++) {
    const rng = createRng(`${SEED} ${run}`)
    const state = structuredClone(snapshot.state) as Json
    for (let changes = 1 + rng.below(3); changes > 0; changes--) mutate(state, rng)
    const seal = { ...certificate.seal, state: hashOf(state) }
    const next = { ...made.epochs[1]!.certificate.seal, previous: hashOf(seal) }
    const changed = lines
      .with(1, canonicalise({ certificate: made.certify(seal, 'host', voters, host) }))
      .with(2, canonicalise({ snapshot: { ...snapshot, state } }))
      .with(nextSeal, canonicalise({ certificate: made.certify(next, 'host', voters, host) }))
    const report = await auditOf(fileOf(changed), verify).catch((cause: unknown) => {
      throw new Error(`seed "${SEED} ${run}"`, { cause })
    })
    const fault = report.firstBroken?.fault ?? 'sound'
    // Of another state too the file may be sound: what the epoch ends anyway leaves no trace in the next seal.
    if (seal.state === certificate.seal.state) expect(fault, `seed "${SEED} ${run}"`).toBe('sound')
    faults.set(fault, (faults.get(fault) ?? 0) + 1)
  }
  // Some are no state at all; others are read, folded on from and closed, and the next seal names another outcome.
  const seen = JSON.stringify([...faults])
  expect(faults.get('wrong-snapshot'), seen).toBeGreaterThan(RUNS / 10)
  expect(faults.get('wrong-state'), seen).toBeGreaterThan(RUNS / 50)
})

/** One value somewhere in the tree becomes another, disappears or is doubled. */
function mutate(root: Json, rng: Rng): void {
  let at = root
  for (;;) {
    if (typeof at !== 'object') return
    const keys = Object.keys(at)
    if (keys.length === 0) return
    const key = keys[rng.below(keys.length)]!
    const holder = at as Record<string, Json>
    const value = holder[key]!
    if (typeof value === 'object' && rng.next() < 0.9) {
      at = value
      continue
    }
    const choice = rng.below(8)
    if (choice === 0) {
      if (Array.isArray(at)) at.splice(Number(key), 1)
      else Reflect.deleteProperty(holder, key)
    } else if (choice === 1 && Array.isArray(at)) at.splice(Number(key), 0, structuredClone(value))
    else if (typeof value === 'number') holder[key] = [0, 1, -1, value + 1, 2 ** 53 - 1, 'x'][rng.below(6)]!
    else if (typeof value === 'string')
      holder[key] = ['', '0', '-1', `${value}0`, '9'.repeat(30), 7][rng.below(6)]!
    else holder[key] = [[], {}, '', 0][rng.below(4)]!
    return
  }
}
