import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMissing, parseNumber, parseTable } from '../../../src/core/data/csv.ts'
import { DataError } from '../../../src/core/data/error.ts'
import { DATA_LIMITS } from '../../../src/core/data/limits.ts'

const cells = (text: string): string[][] => {
  const { columns, rows } = parseTable(text, 'a.csv')
  return [[...columns], ...rows.map(row => [...row.cells])]
}

function problem(text: string): { kind: string; line?: number } {
  try {
    parseTable(text, 'a.csv')
  } catch (error) {
    if (error instanceof DataError) {
      expect(error.detail.file).toBe('a.csv')
      return { kind: error.kind, ...(error.detail.line === undefined ? {} : { line: error.detail.line }) }
    }
    throw error
  }
  throw new Error('it was accepted')
}

describe('parseTable', () => {
  it('reads quotes, separators and line breaks inside quotes, and knows the lines', () => {
    const table = parseTable('name,"the ""x""",c\r\n"a, b","1\r\n2",x\r\n\r\n e , "f" ,\n', 'a.csv')
    expect(table.columns).toEqual(['name', 'the "x"', 'c'])
    expect(table.rows).toEqual([
      { line: 2, cells: ['a, b', '1\r\n2', 'x'] },
      { line: 5, cells: ['e', 'f', ''] },
    ])
  })

  it.each([
    ['comma', 'a,b\n1;2,3\n', ','],
    ['semicolon', 'a;b;c\n1,5;2,5;x\n2,5;3,5;y\n', ';'],
    ['semicolon without a header', '3,14;2,71\n1,41;1,73\n', ';'],
    ['tab', 'a\tb, or c\nx\ty, z\n', '\t'],
    ['comma when quotes hold the others', '"a;b;c","d\te"\n"1;2;3","4\t5"\n', ','],
  ])('detects the separator: %s', (_name, text, delimiter) => {
    expect(parseTable(text, 'a.csv').delimiter).toBe(delimiter)
  })

  it('drops a byte order mark and reads old line ends', () => {
    expect(cells('\ufeffa,b\r1,2\r3,4')).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['3', '4'],
    ])
  })

  it('names the columns itself when the first line holds a number', () => {
    const table = parseTable('5.1,3.5,Iris-setosa\n4.9,3.0,Iris-setosa\n', 'iris.data')
    expect(table.hasHeader).toBe(false)
    expect(table.columns).toEqual(['column 1', 'column 2', 'column 3'])
    expect(table.rows).toHaveLength(2)
  })

  it.each([
    ['nothing', '', { kind: 'empty-file' }],
    ['only blank lines', '\n\n \n', { kind: 'empty-file' }],
    ['a quote that never closes', 'a,b\n1,2\n"3,4\n5,6\n', { kind: 'unclosed-quote', line: 3 }],
    ['text behind a quote', 'a,b\n"1"x,2\n', { kind: 'stray-quote', line: 2 }],
    ['a short row', 'a,b,c\n1,2,3\n\n4,5\n', { kind: 'ragged-row', line: 4 }],
    ['a long row behind a broken line', 'a,b\n"1\n2",3\n4,5,6\n', { kind: 'ragged-row', line: 4 }],
    ['a name twice', 'a,b,a\n1,2,3\n', { kind: 'duplicate-column', line: 1 }],
    ['an endless cell', `a,b\n${'x'.repeat(10_001)},2\n`, { kind: 'cell-too-long', line: 2 }],
    ['endless columns', 'a,b\n' + ','.repeat(2_500), { kind: 'too-many-columns', line: 2 }],
    [
      'endless rows',
      'a,b\n' + '1,2\n'.repeat(DATA_LIMITS.rows + 1),
      { kind: 'too-many-rows', line: 200_002 },
    ],
  ])('says what is wrong and where: %s', (_name, text, expected) => {
    expect(problem(text)).toEqual(expected)
  })

  it('takes exactly as many rows as the limit allows', () => {
    expect(parseTable('a,b\n' + '1,2\n'.repeat(DATA_LIMITS.rows), 'a.csv').rows).toHaveLength(
      DATA_LIMITS.rows,
    )
  })

  it('reads back whatever a careful writer wrote', () => {
    const cell = fc.string().map(text => `x${text}x`)
    const table = fc
      .integer({ min: 2, max: 5 })
      .chain(width => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }))
    const line = (row: string[], delimiter: string): string =>
      row.map(value => `"${value.replaceAll('"', '""')}"`).join(delimiter)
    fc.assert(
      fc.property(table, fc.constantFrom(',', ';', '\t'), (rows, delimiter) => {
        const header = rows[0]!.map((_, i) => `c${i}`)
        const text = [header, ...rows].map(row => line(row, delimiter)).join('\n')
        expect(cells(text)).toEqual([header, ...rows])
      }),
    )
  })

  it('ends with a table or a DataError for any text', () => {
    const nasty = fc.string({
      unit: fc.constantFrom('"', ',', ';', '\t', '\n', '\r', 'a', '1', ' ', '\ufeff'),
      maxLength: 60,
    })
    fc.assert(
      fc.property(nasty, text => {
        try {
          const { columns, rows } = parseTable(text, 'a.csv')
          expect(rows.every(row => row.cells.length === columns.length)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(DataError)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('cells', () => {
  it.each([
    ['1', 1],
    ['-.5', -0.5],
    ['+2.', 2],
    ['1e3', 1000],
    ['1E-2', 0.01],
  ])('%s is a number', (cell, value) => {
    expect(parseNumber(cell, false)).toBe(value)
  })

  it.each(['', 'x', '0x10', '1 000', 'Infinity', '1e999', '1e31', '--1', '1,5', '.', 'e5'])(
    '"%s" is none',
    cell => {
      expect(parseNumber(cell, false)).toBeNaN()
    },
  )

  it('reads a decimal comma where the comma separates nothing', () => {
    expect(parseNumber('1,5', true)).toBe(1.5)
    expect(parseNumber('1,000.5', true)).toBeNaN()
    expect(parseNumber('1,000,000', true)).toBeNaN()
  })

  it('knows what missing looks like', () => {
    expect(['', 'NA', 'n/a', 'NaN', 'null', '?'].every(isMissing)).toBe(true)
    expect(['0', 'none', '-', 'no', 'nasty'].some(isMissing)).toBe(false)
  })
})
