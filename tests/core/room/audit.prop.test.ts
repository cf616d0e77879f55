// Any single byte changed in an exported ledger is found and located: every byte position of a sample, several values each.
import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/num/rng.ts'
import { auditOf, fileOf, linesOf, rememberingVerify, sampleLedger } from './audit-sample.ts'

const file = sampleLedger().export()
const lines = linesOf(file)
const verify = rememberingVerify()
const NEWLINE = 10

/** Line (from 1) that each byte stands in; a newline belongs to the line that it ends. */
function lineNumbers(bytes: Uint8Array): Uint32Array {
  const numbers = new Uint32Array(bytes.length)
  let line = 1
  for (const [at, byte] of bytes.entries()) {
    numbers[at] = line
    if (byte === NEWLINE) line++
  }
  return numbers
}

describe('any single byte', () => {
  it('the sample is sound, of about 8 kB, with two seals', async () => {
    const report = await auditOf(file, verify)
    expect(report).toMatchObject({ status: 'sound', firstBroken: null, seals: 2 })
    expect(file.length).toBeGreaterThan(6_000)
    expect(file.length).toBeLessThan(12_000)
  })

  const rng = createRng('any single byte')
  const values = (old: number): number[] => {
    const random = rng.below(256)
    return [...new Set([old ^ 1, old ^ 0x20, NEWLINE, 0x20, random])].filter(value => value !== old)
  }

  it('changed is found, in its own line', async () => {
    const numbers = lineNumbers(file)
    const changed = new Uint8Array(file)
    let cases = 0
    for (const [at, old] of file.entries()) {
      for (const value of values(old)) {
        changed[at] = value
        const report = await auditOf(changed, verify)
        const where = `byte ${at}, ${old} to ${value}`
        expect(report.status, where).toBe('broken')
        // The first line alone has no signature. Where its change leaves a well-formed line (another room, another epoch
        // to begin after), the line that does not go with it is the one after.
        const isHeadStillWellFormed = numbers[at] === 1 && report.firstBroken?.fault !== 'unreadable-line'
        if (isHeadStillWellFormed) {
          expect(['wrong-room', 'out-of-order'], where).toContain(report.firstBroken?.fault)
          expect(report.firstBroken?.line, where).toBe(2)
        } else expect(report.firstBroken?.line, where).toBe(numbers[at])
        cases++
      }
      changed[at] = old
    }
    expect(cases).toBeGreaterThan(4.5 * file.length)
  }, 600_000)

  it('left out or doubled is found, in its own line', async () => {
    const numbers = lineNumbers(file)
    for (let at = 0; at < file.length; at += 3) {
      const without = new Uint8Array([...file.subarray(0, at), ...file.subarray(at + 1)])
      const doubled = new Uint8Array([...file.subarray(0, at + 1), ...file.subarray(at)])
      const [lacking, more] = [await auditOf(without, verify), await auditOf(doubled, verify)]
      expect(lacking.firstBroken?.line, `without byte ${at}`).toBe(numbers[at])
      // A doubled newline leaves its line whole and makes an empty one after it.
      const expected = numbers[at]! + (file[at] === NEWLINE ? 1 : 0)
      expect(more.firstBroken?.line, `byte ${at} doubled`).toBe(expected)
    }
  }, 600_000)
})

describe('whole lines', () => {
  const certificates = lines.flatMap((line, i) => (line.startsWith('{"certificate"') ? [i] : []))
  const expectBroken = async (changed: readonly string[], where: string): Promise<number> => {
    const { status, firstBroken } = await auditOf(fileOf(changed), verify)
    expect(status, where).toBe('broken')
    return firstBroken!.line
  }

  it('left out are missed by the entry, seal or count that needs them', async () => {
    for (const i of lines.keys()) {
      const where = `without line ${i + 1}`
      const line = await expectBroken(lines.toSpliced(i, 1), where)
      // At the earliest where it stood; at the latest at the end of its epoch, or of the file.
      expect(line, where).toBeGreaterThanOrEqual(i + 1)
      const end = certificates.find(certificate => certificate > i) ?? lines.length - 1
      expect(line, where).toBeLessThanOrEqual(Math.max(i + 1, end))
    }
  })

  it('doubled are found at the second', async () => {
    for (const [i, text] of lines.entries()) {
      const where = `line ${i + 1} twice`
      expect(await expectBroken(lines.toSpliced(i, 0, text), where), where).toBe(i + 2)
    }
  })

  it('swapped are found at the first of the two', async () => {
    for (let i = 0; i < lines.length; i++)
      for (let j = i + 1; j < lines.length; j++) {
        const where = `lines ${i + 1} and ${j + 1} swapped`
        const line = await expectBroken(lines.with(i, lines[j]!).with(j, lines[i]!), where)
        expect(line, where).toBeGreaterThanOrEqual(i + 1)
        expect(line, where).toBeLessThanOrEqual(j + 1)
      }
  })

  it('cut off anywhere, the file is broken where it ends', async () => {
    const numbers = lineNumbers(file)
    for (let length = 0; length < file.length; length++) {
      const { firstBroken } = await auditOf(file.subarray(0, length), verify)
      const where = `${length} bytes`
      expect(firstBroken?.fault, where).toBe('truncated')
      expect(firstBroken?.line, where).toBe(numbers[length])
    }
  })
})
