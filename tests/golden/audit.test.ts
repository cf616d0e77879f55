// The recorded ledgers: that they are what the program makes today, that npm run audit judges them, and that a second
// implementation, in Python with nothing but its standard library, comes to the same about them and about broken copies.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifySignature } from '../../src/adapters/signer-webcrypto.ts'
import { entryHash, hashBytes } from '../../src/core/ledger/chain.ts'
import { bodies } from '../../src/core/ledger/schema-entry.ts'
import type { AuditReport } from '../../src/core/room/audit-report.ts'
import { createAudit } from '../../src/core/room/audit.ts'
import { GOLDEN, GOLDEN_FILES, hostLedger } from '../tools/golden-ledgers.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
const NEWLINE = 10

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'yoriai-audit-'))
})
afterAll(() => rm(folder, { recursive: true }))

const golden = (name: string): Promise<Buffer> => readFile(path.join(GOLDEN, name))

async function auditOf(file: Uint8Array): Promise<AuditReport> {
  const audit = createAudit(verifySignature)
  await audit.push(file)
  return audit.finish()
}

interface Run {
  readonly code: number
  readonly output: string
}

function run(program: string, args: readonly string[], cwd = ROOT): Promise<Run> {
  return new Promise(resolve => {
    execFile(program, args, { cwd }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: `${stdout}${stderr}` }),
    )
  })
}

const runAudit = (args: readonly string[], cwd = ROOT): Promise<Run> =>
  run(process.execPath, ['--import', TSX, path.join(ROOT, 'scripts/audit.ts'), ...args], cwd)

describe('recorded ledgers', () => {
  for (const [name, make] of Object.entries(GOLDEN_FILES))
    it(`${name} is current (npx tsx tests/tools/golden-ledgers.ts writes it)`, async () => {
      expect((await golden(name)).equals(make().export())).toBe(true)
    })

  it('host.ndjson has every kind of entry', async () => {
    const kinds = new Set(
      (await golden('host.ndjson'))
        .toString()
        .split('\n')
        .flatMap(line => /"kind":"([a-z-]+)"/.exec(line)?.[1] ?? []),
    )
    expect([...kinds].sort()).toEqual(Object.keys(bodies).sort())
  })
})

describe('npm run audit', () => {
  it('0: sound, with what is proved and what is not', async () => {
    const { code, output } = await runAudit([path.join(GOLDEN, 'host.ndjson')])
    expect(code).toBe(0)
    expect(output).toContain('SOUND')
    expect(output).toContain('not proved')
    // A nickname with a newline in it cannot write lines of its own.
    expect(output).toContain('mika "the third"\\u{a}')
  })

  it('1: broken, with the line; 2: no file, no format of ours, no such option', async () => {
    const file = await golden('host.ndjson')
    file[file.indexOf(NEWLINE) + 30]! ^= 1
    const broken = path.join(folder, 'broken.ndjson')
    await writeFile(broken, file)
    const { code, output } = await runAudit([broken])
    expect(code).toBe(1)
    expect(output).toMatch(/BROKEN: line 2/)
    const foreign = path.join(folder, 'foreign.ndjson')
    await writeFile(foreign, 'a,b\n1,2\n')
    for (const args of [[path.join(folder, 'none')], [foreign], [], [foreign, '--nonsense']])
      expect((await runAudit(args)).code).toBe(2)
  })

  it('--json: the report, amounts as strings', async () => {
    const { output } = await runAudit([path.join(GOLDEN, 'consortium.ndjson'), '--json'])
    const report = JSON.parse(output) as Record<string, unknown>
    const whole = await auditOf(await golden('consortium.ndjson'))
    expect(report).toMatchObject({ status: 'sound', issuedMicro: '1000000000', lastSeal: whole.lastSeal })
  })

  it('--seal: another newest seal than the one known is not enough', async () => {
    const file = path.join(GOLDEN, 'host.ndjson')
    const { lastSeal } = await auditOf(await golden('host.ndjson'))
    expect((await runAudit([file, '--seal', lastSeal!.hash])).code).toBe(0)
    expect((await runAudit([file, '--seal', hashBytes(new Uint8Array(0))])).code).toBe(1)
  })

  it('--prove and --consistency write proofs that it then accepts', async () => {
    const file = path.join(GOLDEN, 'host.ndjson')
    const name = entryHash(hostLedger().epochs[0]!.entries[5]!)
    expect(await runAudit([file, '--prove', name], folder)).toMatchObject({ code: 0 })
    const proof = path.join(folder, `yoriai-proof-${name.slice(0, 12)}.json`)
    const { code, output } = await runAudit([proof])
    expect(code).toBe(0)
    expect(output).toContain('SOUND: the entry is number 5 of the')
    expect(await runAudit([file, '--consistency', '1,2'], folder)).toMatchObject({ code: 0 })
    expect(await runAudit([path.join(folder, 'yoriai-consistency-1-2.json')])).toMatchObject({ code: 0 })
    const bytes = await readFile(proof)
    bytes[bytes.length - 10]! ^= 1
    await writeFile(proof, bytes)
    expect((await runAudit([proof])).code).toBe(1)
    expect((await runAudit([file, '--prove', hashBytes(new Uint8Array(0))], folder)).code).toBe(2)
  })
})

const python = ['python3', 'python'].find(name => {
  const { status, stdout } = spawnSync(name, ['--version'], { encoding: 'utf8' })
  return status === 0 && stdout.startsWith('Python 3')
})

describe.runIf(!python)('without Python 3', () => {
  it('NOT COMPARED: the second implementation needs python3, which is not here', ({ annotate }) =>
    annotate('install python3 to compare the audit with tests/golden/audit.py'))
})

describe.runIf(python)('the second implementation (tests/golden/audit.py)', () => {
  interface Other {
    readonly status: string
    readonly line: number | null
    readonly fault: string | null
    readonly balances: Record<string, string>
    readonly compute: Record<string, string>
  }

  async function compare(name: string, bytes: Uint8Array): Promise<AuditReport> {
    const file = path.join(folder, name)
    await writeFile(file, bytes)
    const { code, output } = await run(python!, [path.join(GOLDEN, 'audit.py'), file])
    const other = JSON.parse(output) as Other
    const own = await auditOf(bytes)
    expect(code).toBe(own.status === 'sound' ? 0 : 1)
    const { status, room, founder, entries, sealedEntries, seals, authors, signatures, convicted } = own
    const lastSeal = own.lastSeal && {
      epoch: own.lastSeal.epoch,
      hash: own.lastSeal.hash,
      root: own.lastSeal.root,
    }
    expect(other).toMatchObject({ status, room, founder, entries, sealedEntries, seals, signatures, lastSeal })
    expect(other).toMatchObject({ authors, convicted, issuedMicro: String(own.issuedMicro) })
    expect([other.line, other.fault]).toEqual([own.firstBroken?.line ?? null, own.firstBroken?.fault ?? null])
    const amounts = <T extends { readonly member: string }>(
      rows: readonly T[],
      amount: (row: T) => bigint,
    ): Record<string, string> => Object.fromEntries(rows.map(row => [row.member, String(amount(row))]))
    expect(other.balances).toEqual(amounts(own.balances, row => row.micro))
    expect(other.compute).toEqual(amounts(own.compute, row => row.flop))
    return own
  }

  for (const name of Object.keys(GOLDEN_FILES))
    it(`agrees about ${name}: verdict, root, balances, sums`, async () => {
      expect((await compare(name, await golden(name))).status).toBe('sound')
    })

  it('agrees about broken copies: verdict, line, fault, and what stands before it', async () => {
    const file = await golden('host.ndjson')
    const lines = file.toString().split('\n').slice(0, -1)
    const joined = (changed: readonly string[]): Buffer => Buffer.from(changed.map(line => `${line}\n`).join(''))
    const seals = lines.flatMap((line, i) => (line.startsWith('{"certificate"') ? [i] : []))
    const byte = (line: number, part: string, change: (text: string) => string): Buffer => {
      const text = lines[line]!
      const at = text.indexOf(part) + part.length
      return joined(lines.with(line, text.slice(0, at) + change(text[at]!) + text.slice(at + 1)))
    }
    const next = (digit: string): string => (digit === '9' ? '8' : String.fromCharCode(digit.charCodeAt(0) + 1))
    const copies: Record<string, Buffer> = {
      'entry time': byte(5, '"unixMs":', next),
      'entry space': joined(lines.with(8, lines[8]!.replace(':', ': '))),
      'seal root': byte(seals[1]!, '"root":"', digit => (digit === '0' ? '1' : '0')),
      'statement view': byte(seals[0]!, '"view":', next),
      'line lost': joined(lines.toSpliced(7, 1)),
      'line doubled': joined(lines.toSpliced(12, 0, lines[12]!)),
      'lines swapped': joined(lines.with(3, lines[4]!).with(4, lines[3]!)),
      'last entry lost': joined(lines.toSpliced(-2, 1)),
      'seal lost': joined(lines.toSpliced(seals[1]!, 1)),
      truncated: file.subarray(0, file.length / 2),
      'no end': joined(lines.slice(0, -1)),
      'other room': byte(0, '"room":"', letter => (letter === 'A' ? 'B' : 'A')),
    }
    for (const [name, bytes] of Object.entries(copies))
      expect((await compare(`${name}.ndjson`, bytes)).status, name).toBe('broken')
  })
})
