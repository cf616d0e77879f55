import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Dataset } from '../../../src/core/data/dataset.ts'
import { DataError } from '../../../src/core/data/error.ts'
import { decodeSchema, encodeSchema, schemaWidth } from '../../../src/core/data/table-schema.ts'
import { type LoadedTable, loadTable } from '../../../src/core/data/table.ts'
import { createRng } from '../../../src/core/num/rng.ts'

const FOUNDER = { labelColumn: null, room: null, seed: 's' }

/** Rows with a number of known meaning, a category, a gap here and there, and two classes. */
function makeCsv(rows: number, seed: string): string {
  const rng = createRng(seed)
  const lines = ['size,colour,note,label']
  for (let i = 0; i < rows; i++) {
    const size = rng.below(10) === 0 ? 'NA' : (rng.normal() * 3 + 50).toFixed(4)
    const colour = rng.below(10) === 0 ? '?' : ['red', 'green', 'blue'][rng.below(3)]!
    lines.push(`${size},${colour},"note ${i}, ${rng.next()}",${i % 3 === 0 ? 'no' : 'yes'}`)
  }
  return lines.join('\n')
}

function problem(text: string, options: Parameters<typeof loadTable>[2] = FOUNDER): object {
  try {
    loadTable(text, 'a.csv', options)
  } catch (error) {
    if (error instanceof DataError) return { kind: error.kind, ...error.detail }
    throw error
  }
  throw new Error('it was accepted')
}

const rowsOf = ({ x, y, shape }: Dataset): number[][] =>
  Array.from(y, (label, i) => [...x.subarray(i * shape[0]!, (i + 1) * shape[0]!), label])

const roomOf = (table: LoadedTable) => ({ schema: table.schema, classes: table.train.classes })

describe('a founder’s table', () => {
  const table = loadTable(makeCsv(300, 'founder'), 'a.csv', FOUNDER)

  it('types its columns and says what it did', () => {
    expect(table.columns).toEqual(['size', 'colour', 'note', 'label'])
    expect(table.labelColumn).toBe('label')
    expect(table.train.classes).toEqual(['no', 'yes'])
    expect(table.report).toMatchObject({
      samples: 300,
      withoutLabel: 0,
      columns: [
        { name: 'size', type: 'number', inputs: 1 },
        { name: 'colour', type: 'category', inputs: 4 },
      ],
      ignored: [{ name: 'note', reason: 'text' }],
      headerMissing: false,
    })
    const filled = Object.fromEntries(table.report.filled.map(({ name, count }) => [name, count]))
    const text = makeCsv(300, 'founder')
    expect(filled).toEqual({ size: text.match(/^NA/gm)!.length, colour: text.match(/\?/g)!.length })
    expect(table.train.shape).toEqual([5])
    expect(table.train.y.length + table.test.y.length).toBe(300)
    expect(table.test.y.length).toBeGreaterThan(50)
    expect(table.test.y.length).toBeLessThan(70)
  })

  it('is standardised by the training rows alone', () => {
    // Missing cells are exactly 0; the others of the training side have mean 0 and deviation 1.
    const sizes = rowsOf(table.train)
      .map(row => row[0]!)
      .filter(value => value !== 0)
    const mean = sizes.reduce((sum, value) => sum + value, 0) / sizes.length
    const variance = sizes.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sizes.length
    expect(Math.abs(mean)).toBeLessThan(1e-5)
    expect(Math.abs(variance - 1)).toBeLessThan(1e-5)
    const heldOut = rowsOf(table.test).map(row => row[0]!)
    expect(Math.abs(heldOut.reduce((sum, value) => sum + value, 0) / heldOut.length)).toBeGreaterThan(1e-3)
  })

  it('gives every row exactly one place of each category', () => {
    for (const row of [...rowsOf(table.train), ...rowsOf(table.test)])
      expect(row.slice(1, 5).reduce((sum, value) => sum + value, 0)).toBe(1)
  })

  it('changes nothing in training when held-out rows change', () => {
    const rng = createRng('leak')
    const row = (_: unknown, i: number): string => `${rng.normal().toFixed(6)},${'abc'[i % 3]},${i % 2}`
    const lines = ['size,colour,label', ...Array.from({ length: 60 }, row)]
    const before = loadTable(lines.join('\n'), 'a.csv', FOUNDER)
    // Every row is distinct before and after, so the split stays; a training row that moves shows in the schema.
    let heldOut = 0
    for (let i = 1; i < lines.length; i++) {
      const changed = lines.with(i, lines[i]!.replace(/^[^,]*/, '1000'))
      const after = loadTable(changed.join('\n'), 'a.csv', FOUNDER)
      if (after.schema !== before.schema) continue
      expect(after.train).toEqual(before.train)
      heldOut++
    }
    expect(heldOut).toBe(before.test.y.length)
  })

  it('takes another label column on request, and guesses by name before position', () => {
    expect(loadTable(makeCsv(60, 'x'), 'a.csv', { ...FOUNDER, labelColumn: 'colour' }).train.classes).toEqual(
      ['blue', 'green', 'red'],
    )
    const text = ['class,a', ...Array.from({ length: 20 }, (_, i) => `${i % 2},${i * i}`)].join('\n')
    expect(loadTable(text, 'a.csv', FOUNDER).labelColumn).toBe('class')
  })

  it('leaves out rows without a class, columns without a name or content, and row numbers', () => {
    const rows = Array.from({ length: 30 }, (_, i) => `${i},${i + 1},${(i * 7) % 11},,${i % 5 ? i % 2 : ''}`)
    const { report, train } = loadTable([',id,a,b,label', ...rows].join('\n'), 'a.csv', FOUNDER)
    expect(report.withoutLabel).toBe(6)
    expect(report.samples).toBe(24)
    // Without every fifth row the ids have gaps, so only the unnamed and the empty column go.
    expect(report.ignored).toEqual([
      { name: '1', reason: 'unnamed' },
      { name: 'b', reason: 'empty' },
    ])
    expect(train.shape).toEqual([2])
    const numbered = rows.map(row => row.replace(/,$/, ',0'))
    expect(
      loadTable([',id,a,b,label', ...numbered].join('\n'), 'a.csv', FOUNDER).report.ignored,
    ).toContainEqual({
      name: 'id',
      reason: 'row-number',
    })
  })

  it('sorts numeric classes as numbers', () => {
    const rows = Array.from({ length: 44 }, (_, i) => `${i * i},${i % 11}`)
    expect(loadTable(['a,label', ...rows].join('\n'), 'a.csv', FOUNDER).train.classes).toEqual(
      Array.from({ length: 11 }, (_, i) => String(i)),
    )
  })

  it('pulls absurd values in and keeps constant columns harmless', () => {
    const rows = Array.from({ length: 500 }, (_, i) => `${i === 7 ? 1e29 : i % 13},5,${i % 2}`)
    const { train, test } = loadTable(['a,b,label', ...rows].join('\n'), 'a.csv', FOUNDER)
    const values = [...train.x, ...test.x]
    expect(values.every(value => Math.abs(value) <= 23)).toBe(true)
    expect(values.filter((_, i) => i % 2 === 1).every(value => value === 0)).toBe(true)
  })

  const labels = (n: number) => Array.from({ length: n }, (_, i) => `${i * i},${i % 2}`)
  it.each([
    ['one class', ['a,label', ...labels(20).map(row => row.replace(/.$/, '1'))], { kind: 'one-class' }],
    ['few rows', ['a,label', ...labels(5)], { kind: 'too-few-samples', expected: 10, found: 5 }],
    [
      'copies of one row',
      ['a,label', ...Array(20).fill('1,x'), '1,y'],
      { kind: 'too-few-samples', found: 1 },
    ],
    [
      'a regression target',
      ['a,label', ...Array.from({ length: 300 }, (_, i) => `${i},${i}.5`)],
      { kind: 'too-many-classes' },
    ],
    ['no features', ['label', ...Array.from({ length: 20 }, (_, i) => i % 2)], { kind: 'too-few-samples' }],
    [
      'only words',
      ['t,label', ...Array.from({ length: 50 }, (_, i) => `w${i},${i % 2}`)],
      { kind: 'no-features' },
    ],
    [
      'a slip among numbers',
      ['a,label', ...labels(40), '12a,0'],
      { kind: 'bad-number', line: 42, column: 'a', value: '12a' },
    ],
    [
      'a long label',
      ['a,label', ...labels(20), `1,${'x'.repeat(81)}`],
      { kind: 'cell-too-long', line: 22, column: 'label' },
    ],
  ])('is refused clearly: %s', (_name, lines, expected) => {
    expect(problem(lines.join('\n'))).toMatchObject(expected)
  })

  it('is refused when its schema does not fit a charter', () => {
    const names = Array.from({ length: 900 }, (_, i) => `${'long name '.repeat(3)}${i}`)
    const rows = Array.from({ length: 20 }, (_, r) =>
      [...names.map((_, i) => (r * 31 + i * 17) % 23), r % 2].join(),
    )
    expect(problem([[...names, 'label'].join(), ...rows].join('\n'))).toMatchObject({
      kind: 'schema-too-big',
    })
  })

  it('is refused when its columns make too many inputs', () => {
    const names = Array.from({ length: 200 }, (_, i) => `c${i}`)
    const rows = Array.from({ length: 60 }, (_, r) =>
      [...names.map((_, i) => `w${(r + i) % 30}`), r % 2].join(),
    )
    expect(problem([[...names, 'label'].join(), ...rows].join('\n'))).toMatchObject({
      kind: 'too-many-features',
    })
  })
})

describe('a member’s table in the founder’s schema', () => {
  const founder = loadTable(makeCsv(300, 'founder'), 'a.csv', FOUNDER)
  const options = { labelColumn: null, room: roomOf(founder), seed: 's' }

  it('is encoded exactly as the founder’s', () => {
    const again = loadTable(makeCsv(300, 'founder'), 'a.csv', options)
    expect(again.train).toEqual(founder.train)
    expect(again.test).toEqual(founder.test)
    expect(again.schema).toBe(founder.schema)
  })

  it('may have its columns in another order, other separators, more columns and unknown categories', () => {
    const text = 'label;extra;colour;size\nyes;1;violet;50,5\nno;2;red;NA\nyes;3;red;49\n'
    const table = loadTable(text, 'b.csv', options)
    expect(table.report.ignored).toEqual([{ name: 'extra', reason: 'not-in-room' }])
    expect(table.report.filled).toEqual([
      { name: 'size', count: 1 },
      { name: 'colour', count: 1 },
    ])
    const { columns } = decodeSchema(founder.schema)
    const size = columns[0]!.type === 'number' ? columns[0]! : null
    const expected = Math.fround((50.5 - Number(size!.mean)) / Number(size!.std))
    const violet = [...rowsOf(table.train), ...rowsOf(table.test)].find(row => row[4] === 1)
    expect(violet).toEqual([expected, 0, 0, 0, 1, 1])
  })

  it('may hold one class only', () => {
    const table = loadTable('size,colour,label\n1,red,yes\n2,blue,yes\n3,red,yes\n', 'b.csv', options)
    expect([table.train.y.length, table.test.y.length]).toEqual([2, 1])
    expect(table.train.classes).toEqual(['no', 'yes'])
  })

  it.each([
    ['a missing column', 'size,label\n1,yes\n2,no\n', { kind: 'missing-column', column: 'colour', line: 1 }],
    ['no label column', 'size,colour\n1,red\n2,red\n', { kind: 'missing-column', column: 'label' }],
    [
      'an unknown label',
      'size,colour,label\n1,red,yes\n2,red,maybe\n',
      { kind: 'unknown-label', line: 3, value: 'maybe' },
    ],
    [
      'words among numbers',
      'size,colour,label\n1,red,yes\nbig,red,no\n',
      { kind: 'bad-number', line: 3, column: 'size', value: 'big' },
    ],
    ['one row', 'size,colour,label\n1,red,yes\n', { kind: 'too-few-samples', expected: 2 }],
  ])('is refused with column and line: %s', (_name, text, expected) => {
    expect(problem(text, options)).toMatchObject({ file: 'a.csv', ...expected })
  })
})

describe('the schema', () => {
  const number = { type: 'number', name: 'a', mean: '1.5', std: '2' }
  const category = { type: 'category', name: 'b', values: ['x', 'y'] }
  const good = { format: 'yoriai-table-1', label: 'l', columns: [number, category] }

  it('survives the charter: one canonical text, strings only', () => {
    const json = encodeSchema(decodeSchema(JSON.stringify(good)))
    expect(json).toBe(
      '{"columns":[{"mean":"1.5","name":"a","std":"2","type":"number"},{"name":"b","type":"category","values":["x","y"]}],"format":"yoriai-table-1","label":"l"}',
    )
    expect(encodeSchema(decodeSchema(json))).toBe(json)
    expect(schemaWidth(decodeSchema(json))).toBe(4)
  })

  it.each([
    ['no JSON', '{'],
    ['too long', ' '.repeat(40_000)],
    ['a number where text must be', JSON.stringify({ ...good, columns: [{ ...number, mean: 1.5 }] })],
    ['not a decimal', JSON.stringify({ ...good, columns: [{ ...number, mean: 'NaN' }] })],
    ['a zero deviation', JSON.stringify({ ...good, columns: [{ ...number, std: '0' }] })],
    ['a negative deviation', JSON.stringify({ ...good, columns: [{ ...number, std: '-1' }] })],
    ['infinity', JSON.stringify({ ...good, columns: [{ ...number, std: '1e+400' }] })],
    ['a column twice', JSON.stringify({ ...good, columns: [number, number] })],
    ['the label among the columns', JSON.stringify({ ...good, label: 'a' })],
    ['a category twice', JSON.stringify({ ...good, columns: [{ ...category, values: ['x', 'x'] }] })],
    ['no columns', JSON.stringify({ ...good, columns: [] })],
    ['a foreign field', JSON.stringify({ ...good, more: 'x' })],
  ])('is refused: %s', (_name, json) => {
    expect(() => decodeSchema(json)).toThrow(expect.objectContaining({ kind: 'bad-schema' }))
  })
})

describe('any table', () => {
  it('keeps equal rows on one side of the split, and every labelled row on exactly one', () => {
    const row = fc.tuple(
      fc.integer({ min: 0, max: 6 }),
      fc.constantFrom('u', 'v', 'w'),
      fc.constantFrom('p', 'q'),
    )
    fc.assert(
      fc.property(fc.array(row, { minLength: 12, maxLength: 80 }), fc.string(), (rows, seed) => {
        const text = ['a,b,label', ...rows.map(cells => cells.join())].join('\n')
        let table: LoadedTable
        try {
          table = loadTable(text, 'a.csv', { ...FOUNDER, seed })
        } catch (error) {
          expect(error).toBeInstanceOf(DataError)
          return
        }
        const key = (cells: number[]): string => cells.slice(0, -1).join()
        const heldOut = new Set(rowsOf(table.test).map(key))
        expect(heldOut.size).toBeGreaterThan(0)
        for (const cells of rowsOf(table.train)) {
          // Equal inputs are equal rows: the number is injective, the category one-hot, unless unseen in training.
          if (cells.at(-2) === 0) expect(heldOut.has(key(cells))).toBe(false)
        }
        expect(table.train.y.length + table.test.y.length).toBe(rows.length)
        expect([...table.train.x, ...table.test.x].every(Number.isFinite)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
