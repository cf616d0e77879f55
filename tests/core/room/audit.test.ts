// What somebody with keys of its own can put into an exported ledger, and how the audit names it. Every forgery here is
// signed well; single bytes are audit.prop.test.ts.
import { describe, expect, it } from 'vitest'
import { entryHash, headOf } from '../../../src/core/ledger/chain.ts'
import { canonicalise } from '../../../src/core/ledger/canonical.ts'
import type { EntryBody } from '../../../src/core/ledger/entry.ts'
import { proofOfContradiction, proofOfFork } from '../../../src/core/ledger/evidence.ts'
import type { Seal } from '../../../src/core/ledger/seal.ts'
import type { AuditFault, BrokenLine } from '../../../src/core/room/audit-report.ts'
import { createAudit } from '../../../src/core/room/audit.ts'
import { MAX_LINE_BYTES } from '../../../src/core/room/export-file.ts'
import { verifySignature } from '../../../src/adapters/signer-webcrypto.ts'
import { consortiumLedger, hostLedger, join } from '../../tools/golden-ledgers.ts'
import { testIdentity } from '../../tools/test-identity.ts'
import { ann, auditOf, bob, fileOf, linesOf, sampleLedger, START } from './audit-sample.ts'

const made = sampleLedger()
const lines = linesOf(made.export())
const text = (record: object): string => canonicalise(record)
const firstSeal = lines.findIndex(line => line.startsWith('{"certificate"'))
const secondSeal = lines.findLastIndex(line => line.startsWith('{"certificate"'))
const eve = testIdentity(66)
const hash = (byte: string): string => byte.repeat(32)

async function brokenOf(changed: readonly string[]): Promise<BrokenLine | null> {
  return (await auditOf(fileOf(changed))).firstBroken
}

/** `at` counts from 0. */
function at(line: number, fault: AuditFault): Partial<BrokenLine> {
  return { line: line + 1, fault }
}

describe('sound ledgers', () => {
  it('reports what a small room came to', async () => {
    const report = await auditOf(made.export())
    expect(report).toMatchObject({
      status: 'sound',
      room: made.room,
      title: 'sample',
      founder: ann.id,
      fromEpoch: 0,
      entries: 7,
      sealedEntries: 6,
      seals: 2,
      authors: 2,
      // Seven entries; the founder alone votes and commits at first, then two vote and one commits.
      signatures: 7 + 3 + 3,
      issuedMicro: 1_000_000_000n,
    })
    const balances = Object.fromEntries(report.balances.map(({ nickname, micro }) => [nickname, micro]))
    expect(balances).toEqual({ ann: 1_000_000_000n - 500n + 20n - 3n, bob: 500n - 20n + 3n })
    expect(report.proved).toEqual([
      'authorship',
      'chains',
      'seals',
      'history',
      'balances',
      'compute-sums',
      'orders',
    ])
    expect(report.notProved).toEqual([
      'open-entries',
      'work-was-done',
      'who-people-are',
      'entries-never-shown',
    ])
  })

  it('an export that begins later comes to the same', async () => {
    for (const ledger of [made, hostLedger(), consortiumLedger()]) {
      const whole = await auditOf(ledger.export())
      for (const from of [1, 2]) {
        const part = await auditOf(ledger.export(from))
        expect(part.firstBroken).toBeNull()
        expect(part.fromEpoch).toBe(from)
        expect(part.seals).toBe(2 - from)
        expect(part.notProved).toContain('earlier-epochs')
        expect(part.proved).not.toContain('history')
        const { lastSeal, balances, compute, violations, convicted, founder, title } = whole
        expect(part).toMatchObject({ lastSeal, balances, compute, violations, convicted, founder, title })
      }
    }
  })

  it('comes to the same in pieces of any size', async () => {
    const file = made.export()
    const whole = await auditOf(file)
    for (const size of [1, 7, 1000]) {
      const audit = createAudit(verifySignature)
      for (let from = 0; from < file.length; from += size) await audit.push(file.subarray(from, from + size))
      expect(await audit.finish()).toEqual(whole)
    }
  })

  it('names broken rules and convicts of a room that is sound', async () => {
    const report = await auditOf(hostLedger().export())
    expect(report.status).toBe('sound')
    expect(report.violations).toMatchObject([{ kind: 'formula', member: testIdentity(3).id }])
    expect(new Set(report.convicted)).toEqual(new Set([testIdentity(6).id, testIdentity(7).id]))
    expect(report.proved).toContain('convictions')
    const sum = report.balances.reduce((total, { micro }) => total + micro, 0n)
    expect(sum).toBe(report.issuedMicro)
  })
})

describe('entries', () => {
  it('of another room', async () => {
    const foreign = hostLedger().signed(bob, 2, entryHash(made.entryOf(bob, 1)), { kind: 'leave' })
    expect(await brokenOf(lines.with(-2, text(foreign)))).toMatchObject(at(lines.length - 2, 'wrong-room'))
  })

  it('that nobody signed', async () => {
    const forged = { ...made.entryOf(bob, 2), body: { kind: 'join', nickname: 'x', role: 'watcher' } }
    const unreadable = lines.with(-2, text(forged))
    expect(await brokenOf(unreadable)).toMatchObject(at(lines.length - 2, 'unreadable-line'))
    const stolen = { ...made.entryOf(bob, 2), author: ann.id }
    expect(await brokenOf(lines.with(-2, text(stolen)))).toMatchObject({
      ...at(lines.length - 2, 'bad-signature'),
      author: ann.id,
      seq: 2,
      epoch: 3,
    })
  })

  it('that do not continue their chain', async () => {
    const skipped = made.signed(bob, 3, entryHash(made.entryOf(bob, 1)), { kind: 'leave' })
    expect(await brokenOf(lines.with(-2, text(skipped)))).toMatchObject(at(lines.length - 2, 'broken-chain'))
    const unlinked = made.signed(bob, 2, hash('ab'), { kind: 'leave' })
    expect(await brokenOf(lines.with(-2, text(unlinked)))).toMatchObject(at(lines.length - 2, 'broken-chain'))
    // A first entry with a predecessor is not even one.
    const headless = made.signed(eve, 0, hash('ab'), { kind: 'leave' })
    expect(await brokenOf(lines.with(-2, text(headless)))).toMatchObject(
      at(lines.length - 2, 'unreadable-line'),
    )
  })

  it('that rewrite what was sealed', async () => {
    const again = made.signed(bob, 0, '', { kind: 'leave' })
    expect(await brokenOf(lines.with(-2, text(again)))).toMatchObject(at(lines.length - 2, 'fork'))
  })

  it('by somebody who claims to have founded the room', async () => {
    const { body } = made.charter
    const claim = made.signed(eve, 0, '', body)
    const open = [text(claim), lines.at(-2)!].sort()
    const changed = [...lines.slice(0, -2), ...open, text({ end: lines.length })]
    const line = changed.indexOf(text(claim))
    expect(await brokenOf(changed)).toMatchObject(at(line, 'not-the-founder'))
  })

  it('without a charter are nobody’s room', async () => {
    const alone = made.signed(eve, 0, '', join('eve', -1))
    expect(await brokenOf([lines[0]!, text(alone), text({ end: 2 })])).toMatchObject(at(2, 'not-the-founder'))
  })

  it('with evidence whose signatures are not the accused’s', async () => {
    const honest = headOf(made.entryOf(bob, 2))
    const invented = { ...honest, unixMs: honest.unixMs + 1 }
    const accusation = made.signed(eve, 0, '', proofOfFork(honest, invented))
    expect(await brokenOf(lines.with(-2, text(accusation)))).toMatchObject(at(lines.length - 2, 'bad-proof'))
    const about = { epoch: 9, path: 'quorum', phase: 'vote', view: 0 } as const
    const said = made.statement(bob, { ...about, seal: hash('01') })
    const unsaid = { ...said, seal: hash('02') }
    const slander = made.signed(eve, 0, '', proofOfContradiction(said, unsaid))
    expect(await brokenOf(lines.with(-2, text(slander)))).toMatchObject(at(lines.length - 2, 'bad-proof'))
  })

  it('of an author beyond the place that a proof of the same epoch shows forked', async () => {
    const stray = made.strayHead(bob, 2, entryHash(made.entryOf(bob, 1)))
    const kept = made.entryOf(bob, 2)
    const proofs = [eve, testIdentity(67), testIdentity(68), testIdentity(69)].map(author =>
      made.signed(author, 0, '', proofOfFork(headOf(kept), stray)),
    )
    // Authors before and after bob: the entry that should not be there is named either way.
    expect(new Set(proofs.map(({ author }) => author < bob.id)).size).toBe(2)
    for (const proof of proofs) {
      const open = [text(kept), text(proof)].sort()
      const changed = [...lines.slice(0, -2), ...open, text({ end: lines.length })]
      const line = changed.indexOf(text(kept))
      expect(await brokenOf(changed)).toMatchObject({ ...at(line, 'fork'), author: bob.id, seq: 2 })
    }
  })
})

describe('seals', () => {
  const { certificate } = made.epochs[1]!
  const forged = (change: Partial<Seal>, signers = [ann, bob]): string =>
    text({ certificate: made.certify({ ...certificate.seal, ...change }, 'host', signers, ann) })

  const lies: readonly (readonly [AuditFault, Partial<Seal>])[] = [
    ['out-of-order', { epoch: 3 }],
    ['wrong-previous-seal', { previous: hash('01') }],
    ['wrong-previous-seal', { unixMs: START }],
    ['wrong-size', { size: 5 }],
    ['wrong-root', { root: hash('02') }],
    ['wrong-heads', { heads: hash('03') }],
    ['wrong-state', { state: hash('04') }],
    ['wrong-members', { members: [ann.id, eve.id].sort() }],
    ['wrong-members', { members: [bob.id] }],
    ['wrong-members', { anchor: eve.id, members: [ann.id, eve.id].sort() }],
  ]
  for (const [fault, change] of lies)
    it(`that lie about ${Object.keys(change).join()}: ${fault}`, async () => {
      const changed = lines.with(secondSeal, forged(change))
      expect(await brokenOf(changed)).toMatchObject(at(secondSeal, fault))
    })

  it('with too few signatures, or those of others', async () => {
    for (const signers of [[], [eve], [ann, eve]]) {
      const changed = lines.with(secondSeal, forged({}, signers))
      expect(await brokenOf(changed)).toMatchObject(at(secondSeal, 'no-quorum'))
    }
    const byEve = text({ certificate: made.certify(certificate.seal, 'host', [ann, bob], eve) })
    expect(await brokenOf(lines.with(secondSeal, byEve))).toMatchObject(at(secondSeal, 'no-quorum'))
  })

  it('signed well, but for another seal', async () => {
    const moved = { seal: certificate.seal, statements: made.epochs[0]!.certificate.statements }
    const changed = lines.with(secondSeal, text({ certificate: moved }))
    expect(await brokenOf(changed)).toMatchObject(at(secondSeal, 'no-quorum'))
  })

  it('of a consortium need more than two thirds', async () => {
    const four = consortiumLedger()
    const text4 = linesOf(four.export())
    const seal = four.epochs[1]!.certificate.seal
    const at4 = text4.findLastIndex(line => line.startsWith('{"certificate"'))
    const [, second, third, fourth] = [11, 12, 13, 14].map(testIdentity)
    const enough = four.certify(seal, 'quorum', [second!, third!, fourth!], second!)
    expect(await brokenOf(text4.with(at4, text({ certificate: enough })))).toBeNull()
    const few = four.certify(seal, 'quorum', [second!, third!], second!)
    expect(await brokenOf(text4.with(at4, text({ certificate: few })))).toMatchObject(at(at4, 'no-quorum'))
    const host = four.certify(seal, 'host', [second!, third!, fourth!], testIdentity(11))
    expect(await brokenOf(text4.with(at4, text({ certificate: host })))).toMatchObject(at(at4, 'no-quorum'))
  })

  it('without the founder’s charter', async () => {
    const charter = lines.findIndex(line => line.includes('"kind":"charter"'))
    const others = lines.slice(0, firstSeal + 1).filter((line, i) => i !== charter && !line.includes(ann.id))
    const changed = [...others, lines[firstSeal]!]
    expect(await brokenOf(changed)).toMatchObject({ fault: 'not-the-founder', line: changed.length })
  })

  it('of a broken file: balances are those before it', async () => {
    const report = await auditOf(fileOf(lines.with(secondSeal, forged({ state: hash('04') }))))
    expect(report.balances.find(({ member }) => member === bob.id)?.micro).toBe(500n)
    expect(report).toMatchObject({ seals: 1, entries: 6, lastSeal: { epoch: 1 } })
  })
})

describe('exports that begin later', () => {
  const part = linesOf(made.export(1))
  const { certificate, snapshot } = made.epochs[0]!

  it('with another snapshot', async () => {
    const [head, ...others] = snapshot.heads
    const heads = [[head![0], head![1], hash('05')], ...others]
    const state = { ...(snapshot.state as object), charter: hash('06') }
    for (const change of [{ heads }, { frontier: [hash('07')] }, { frontier: [] }, { state }]) {
      const changed = part.with(2, text({ snapshot: { ...snapshot, ...change } }))
      expect(await brokenOf(changed)).toMatchObject({ ...at(2, 'wrong-snapshot'), epoch: 1 })
    }
  })

  it('with a charter of somebody else', async () => {
    const claim = made.signed(eve, 0, '', made.charter.body)
    expect(await brokenOf(part.with(3, text({ charter: claim })))).toMatchObject(at(3, 'not-the-founder'))
    const noCharter: EntryBody = { kind: 'leave' }
    const leave = made.signed(ann, 0, '', noCharter)
    expect(await brokenOf(part.with(3, text({ charter: leave })))).toMatchObject(at(3, 'unreadable-line'))
  })

  it('with statements about something else, or a seal of another epoch', async () => {
    const statements = made.epochs[1]!.certificate.statements
    const mixed = text({ certificate: { seal: certificate.seal, statements } })
    expect(await brokenOf(part.with(1, mixed))).toMatchObject(at(1, 'no-quorum'))
    const later = text({ certificate: made.epochs[1]!.certificate })
    expect(await brokenOf(part.with(1, later))).toMatchObject(at(1, 'out-of-order'))
  })

  it('with the opening lines in another order', async () => {
    expect(await brokenOf(part.with(1, part[2]!).with(2, part[1]!))).toMatchObject(at(1, 'out-of-order'))
    expect(await brokenOf(part.toSpliced(3, 1))).toMatchObject({ line: 4 })
  })
})

describe('files that are no ledgers', () => {
  it('are broken in the first line that shows it', async () => {
    expect((await auditOf(new Uint8Array(0))).firstBroken).toMatchObject(at(0, 'truncated'))
    expect(await brokenOf(['hello'])).toMatchObject(at(0, 'unreadable-line'))
    expect(await brokenOf(lines.with(0, lines[0]!.replace('-2"', '-1"')))).toMatchObject(
      at(0, 'unreadable-line'),
    )
    expect(await brokenOf(lines.slice(1))).toMatchObject(at(0, 'out-of-order'))
    const noise = new Uint8Array(5000).map((_, i) => (i * 7919) % 256)
    expect((await auditOf(noise)).status).toBe('broken')
  })

  it('nor are lines without an end', async () => {
    const endless = new Uint8Array(MAX_LINE_BYTES + 2).fill(65)
    expect((await auditOf(endless)).firstBroken).toMatchObject(at(0, 'unreadable-line'))
    const start = fileOf(lines.slice(0, 3))
    const both = new Uint8Array([...start, ...endless])
    expect((await auditOf(both)).firstBroken).toMatchObject(at(3, 'unreadable-line'))
  })

  it('with more after the end', async () => {
    const changed = [...lines, lines.at(-2)!]
    expect(await brokenOf(changed)).toMatchObject(at(lines.length, 'out-of-order'))
  })
})
