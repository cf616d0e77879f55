// A parsed table becomes a data set: label and columns chosen, types inferred, rows split, numbers standardised from the
// training rows alone. With a room's schema nothing is inferred: the rows are encoded as the founder's were.
import { rowKey } from './content-key.ts'
import { isMissing, parseNumber, parseTable, type Table, usesDecimalComma } from './csv.ts'
import type { Dataset } from './dataset.ts'
import { DataError } from './error.ts'
import { sortLabels } from './labels.ts'
import { DATA_LIMITS, TEST_SHARE } from './limits.ts'
import { splitStratified } from './order.ts'
import { type DataReport, EMPTY_REPORT, type IgnoredColumn } from './report.ts'
import {
  columnWidth,
  decimalString,
  decodeSchema,
  encodeSchema,
  type SchemaColumn,
  schemaWidth,
  type TableSchema,
} from './table-schema.ts'

export interface TableOptions {
  /** Column that holds the class; null takes the room's, or a column named like one, or the last. */
  readonly labelColumn: string | null
  /** What the room's charter demands; null for the founder. */
  readonly room: { readonly schema: string; readonly classes: readonly string[] } | null
  /** Seeds the split. */
  readonly seed: string
}

export interface LoadedTable {
  readonly train: Dataset
  readonly test: Dataset
  /** Canonical JSON for the charter. */
  readonly schema: string
  readonly columns: readonly string[]
  readonly labelColumn: string
  readonly report: DataReport
}

/** Standardised values further out are pulled in: one absurd cell must not blow up a member's gradients. */
const MAX_DEVIATIONS = 20

/** A column is one of numbers, with slips, when at most one value in ten is none and there are that many numbers. */
const SLIP_SHARE = 10
const SLIP_DISTINCT = 12

const LABEL_NAMES = /^(?:label|class|target|species|y|diagnosis|category|ラベル|クラス|正解|分類)$/i

/** Throws DataError naming file, line and column. */
export function loadTable(text: string, file: string, options: TableOptions): LoadedTable {
  const table = parseTable(text, file)
  const given = options.room ? decodeSchema(options.room.schema) : null
  const labelColumn = chooseLabel(table, options.labelColumn ?? given?.label ?? null)
  const labelAt = table.columns.indexOf(labelColumn)
  const labelled = table.rows.filter(row => !isMissing(row.cells[labelAt]!))
  const usable: Table = { ...table, rows: labelled }
  const classes = options.room?.classes ?? collectClasses(usable, labelAt)
  const y = encodeLabels(usable, labelAt, classes)
  const keys = labelled.map(row => rowKey(row.cells, labelAt))
  checkAmount(usable, new Set(keys).size, given === null)
  const split = splitStratified(y, classes.length, keys, TEST_SHARE, options.seed)
  const ignored: IgnoredColumn[] = []
  const schema = given ?? inferSchema(usable, labelAt, split.train, ignored)
  const encoded = encodeColumns(usable, schema)
  if (given) {
    const known = new Set([labelColumn, ...given.columns.map(column => column.name)])
    for (const name of table.columns) if (!known.has(name)) ignored.push({ name, reason: 'not-in-room' })
  }
  const width = schemaWidth(schema)
  const take = (indices: Uint32Array): Dataset => {
    const x = new Float32Array(indices.length * width)
    indices.forEach((from, to) => x.set(encoded.x.subarray(from * width, (from + 1) * width), to * width))
    return { shape: [width], classes, x, y: Uint16Array.from(indices, i => y[i]!) }
  }
  return {
    train: take(split.train),
    test: take(split.test),
    schema: encodeSchema(schema),
    columns: table.columns,
    labelColumn,
    report: {
      ...EMPTY_REPORT,
      samples: labelled.length,
      withoutLabel: table.rows.length - labelled.length,
      columns: schema.columns.map(column => ({
        name: column.name,
        type: column.type,
        inputs: columnWidth(column),
      })),
      ignored,
      filled: encoded.filled,
      headerMissing: !table.hasHeader,
    },
  }
}

function chooseLabel({ file, columns }: Table, wanted: string | null): string {
  if (wanted !== null) {
    if (!columns.includes(wanted)) throw new DataError('missing-column', { file, line: 1, column: wanted })
    return wanted
  }
  return columns.find(name => LABEL_NAMES.test(name)) ?? columns.findLast(name => name !== '') ?? ''
}

function collectClasses(table: Table, labelAt: number): string[] {
  const labels = new Set<string>()
  for (const { line, cells } of table.rows) {
    const label = cells[labelAt]!
    if (label.length > DATA_LIMITS.labelChars)
      throw new DataError('cell-too-long', {
        file: table.file,
        line,
        column: table.columns[labelAt]!,
        limit: DATA_LIMITS.labelChars,
      })
    labels.add(label)
    if (labels.size > DATA_LIMITS.classes)
      throw new DataError('too-many-classes', {
        file: table.file,
        line,
        column: table.columns[labelAt]!,
        limit: DATA_LIMITS.classes,
      })
  }
  if (labels.size === 1) throw new DataError('one-class', { file: table.file, value: [...labels][0]! })
  return sortLabels([...labels])
}

function encodeLabels(table: Table, labelAt: number, classes: readonly string[]): Uint16Array {
  const index = new Map(classes.map((name, i) => [name, i]))
  return Uint16Array.from(table.rows, ({ line, cells }) => {
    const found = index.get(cells[labelAt]!)
    if (found === undefined)
      throw new DataError('unknown-label', {
        file: table.file,
        line,
        column: table.columns[labelAt]!,
        value: cells[labelAt]!,
      })
    return found
  })
}

function checkAmount({ file, rows }: Table, distinct: number, isFounder: boolean): void {
  const expected = isFounder ? DATA_LIMITS.founderSamples : 2
  // Two different rows are the least that can be split.
  if (rows.length < expected || distinct < 2)
    throw new DataError('too-few-samples', { file, expected, found: Math.min(rows.length, distinct) })
}

function inferSchema(
  table: Table,
  labelAt: number,
  train: Uint32Array,
  ignored: IgnoredColumn[],
): TableSchema {
  const columns: SchemaColumn[] = []
  for (const [at, name] of table.columns.entries()) {
    if (at === labelAt) continue
    const type = columnType(table, at)
    if (type === 'number') columns.push(numberColumn(table, at, train))
    else if (type === 'category') {
      const values = new Set(
        Array.from(train, i => table.rows[i]!.cells[at]!).filter(cell => !isMissing(cell)),
      )
      columns.push({ type, name, values: [...values].sort() })
    } else ignored.push({ name: name || String(at + 1), reason: type })
  }
  if (columns.length === 0) throw new DataError('no-features', { file: table.file })
  const schema: TableSchema = { format: 'yoriai-table-1', label: table.columns[labelAt]!, columns }
  const width = schemaWidth(schema)
  if (width > DATA_LIMITS.features || width * table.rows.length > DATA_LIMITS.values)
    throw new DataError('too-many-features', { file: table.file, found: width, limit: DATA_LIMITS.features })
  return schema
}

function columnType(table: Table, at: number): 'number' | 'category' | IgnoredColumn['reason'] {
  if (table.columns[at] === '') return 'unnamed'
  const decimalComma = usesDecimalComma(table)
  const distinct = new Set<string>()
  const distinctNumbers = new Set<number>()
  let numbers = 0
  let slips = 0
  let firstSlip: { line: number; value: string } | undefined
  let counts = true
  let previous = NaN
  for (const { line, cells } of table.rows) {
    const cell = cells[at]!
    if (isMissing(cell)) {
      counts = false
      continue
    }
    if (distinct.size <= DATA_LIMITS.categories) distinct.add(cell)
    const value = parseNumber(cell, decimalComma)
    if (Number.isNaN(value)) {
      slips++
      firstSlip ??= { line, value: cell }
      continue
    }
    numbers++
    if (distinctNumbers.size <= SLIP_DISTINCT) distinctNumbers.add(value)
    if (!Number.isInteger(value) || !(Number.isNaN(previous) || value === previous + 1)) counts = false
    previous = value
  }
  if (numbers + slips === 0) return 'empty'
  if (slips === 0) return counts && numbers >= DATA_LIMITS.founderSamples ? 'row-number' : 'number'
  if (firstSlip && slips * SLIP_SHARE <= numbers && distinctNumbers.size > SLIP_DISTINCT)
    throw new DataError('bad-number', { file: table.file, column: table.columns[at]!, ...firstSlip })
  return distinct.size > DATA_LIMITS.categories ? 'text' : 'category'
}

/** Mean and population deviation of the training rows, by Welford's recurrence. */
function numberColumn(table: Table, at: number, train: Uint32Array): SchemaColumn {
  const decimalComma = usesDecimalComma(table)
  let n = 0
  let mean = 0
  let squares = 0
  for (const i of train) {
    const cell = table.rows[i]!.cells[at]!
    if (isMissing(cell)) continue
    const value = parseNumber(cell, decimalComma)
    n++
    const delta = value - mean
    mean += delta / n
    squares += delta * (value - mean)
  }
  const std = n > 0 ? Math.sqrt(squares / n) : 0
  // A constant column: its deviations are zero whatever they are divided by.
  const divisor = std > 1e-12 * Math.abs(mean) && std > 1e-30 ? std : 1
  return { type: 'number', name: table.columns[at]!, mean: decimalString(mean), std: decimalString(divisor) }
}

interface Encoded {
  readonly x: Float32Array
  readonly filled: { name: string; count: number }[]
}

/** Columns are found by name. Throws missing-column, bad-number. */
function encodeColumns(table: Table, schema: TableSchema): Encoded {
  const width = schemaWidth(schema)
  if (width * table.rows.length > DATA_LIMITS.values)
    throw new DataError('too-many-rows', { file: table.file, limit: Math.floor(DATA_LIMITS.values / width) })
  const x = new Float32Array(table.rows.length * width)
  const filled: Encoded['filled'] = []
  let offset = 0
  for (const column of schema.columns) {
    const at = table.columns.indexOf(column.name)
    if (at < 0) throw new DataError('missing-column', { file: table.file, line: 1, column: column.name })
    const encode = column.type === 'number' ? numberEncoder(table, column) : categoryEncoder(column)
    let count = 0
    for (const [i, { cells, line }] of table.rows.entries())
      if (!encode(cells[at]!, line, x, i * width + offset)) count++
    if (count > 0) filled.push({ name: column.name, count })
    offset += columnWidth(column)
  }
  return { x, filled }
}

/** Writes a cell's inputs at an offset; false if the cell was missing or unknown. */
type CellEncoder = (cell: string, line: number, into: Float32Array, at: number) => boolean

function numberEncoder(table: Table, column: Extract<SchemaColumn, { type: 'number' }>): CellEncoder {
  const mean = Number(column.mean)
  const std = Number(column.std)
  const decimalComma = usesDecimalComma(table)
  return (cell, line, into, at) => {
    if (isMissing(cell)) return false
    const value = parseNumber(cell, decimalComma)
    if (Number.isNaN(value))
      throw new DataError('bad-number', { file: table.file, line, column: column.name, value: cell })
    into[at] = Math.max(-MAX_DEVIATIONS, Math.min(MAX_DEVIATIONS, (value - mean) / std))
    return true
  }
}

function categoryEncoder(column: Extract<SchemaColumn, { type: 'category' }>): CellEncoder {
  const index = new Map(column.values.map((value, i) => [value, i]))
  return (cell, _line, into, at) => {
    const found = isMissing(cell) ? undefined : index.get(cell)
    into[at + (found ?? column.values.length)] = 1
    return found !== undefined
  }
}
