// Text of a table (RFC 4180 and what spreadsheets make of it) to named columns and rows that know their line. Separated
// by comma, semicolon or tab; quoted values may hold separators, line breaks and doubled quotes. No types here.
import { DataError } from './error.ts'
import { DATA_LIMITS } from './limits.ts'

export interface TableRow {
  /** Line on which the row begins, from 1. */
  readonly line: number
  readonly cells: readonly string[]
}

export interface Table {
  readonly file: string
  readonly delimiter: string
  /** False: the first line was data already and the columns are named "column 1", "column 2", ... */
  readonly hasHeader: boolean
  /** Unique; "" where the header leaves a column without a name. */
  readonly columns: readonly string[]
  /** Each as long as columns. */
  readonly rows: readonly TableRow[]
}

const DELIMITERS = ['\t', ';', ','] as const
const SNIFF_CHARS = 64 * 1024
const SNIFF_LINES = 20

/** A plain decimal number; a decimal comma where the comma separates nothing. NaN if it is none or beyond float32. */
export function parseNumber(cell: string, decimalComma: boolean): number {
  const text = decimalComma && cell.includes(',') && !cell.includes('.') ? cell.replace(',', '.') : cell
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) return NaN
  const value = Number(text)
  return Math.abs(value) <= 1e30 ? value : NaN
}

export function usesDecimalComma(table: Table): boolean {
  return table.delimiter !== ','
}

/** Empty, NA, N/A, NaN, null, ? in any case. */
export function isMissing(cell: string): boolean {
  return cell.length <= 4 && /^(?:|na|n\/a|nan|null|\?)$/i.test(cell)
}

/** Throws DataError with file and line; see DataErrorKind "Tables". */
export function parseTable(source: string, file: string): Table {
  const text = source.charCodeAt(0) === 0xfeff ? source.slice(1) : source
  if (text.length > DATA_LIMITS.tableBytes)
    throw new DataError('file-too-big', { file, limit: DATA_LIMITS.tableBytes })
  const delimiter = detectDelimiter(text.slice(0, SNIFF_CHARS))
  const rows = parseRows(text, delimiter, file)
  const first = rows[0]
  if (!first) throw new DataError('empty-file', { file })
  // A number among the names means that there are no names.
  const hasHeader = !first.cells.some(cell => !Number.isNaN(parseNumber(cell, delimiter !== ',')))
  const columns = hasHeader ? first.cells : first.cells.map((_, i) => `column ${i + 1}`)
  const seen = new Set<string>()
  for (const column of columns) {
    if (column !== '' && seen.has(column))
      throw new DataError('duplicate-column', { file, line: first.line, column })
    seen.add(column)
  }
  for (const { line, cells } of rows)
    if (cells.length !== columns.length)
      throw new DataError('ragged-row', { file, line, expected: columns.length, found: cells.length })
  return { file, delimiter, hasHeader, columns, rows: hasHeader ? rows.slice(1) : rows }
}

/** The separator that stands equally often (and at all) on most of the first lines; tab and semicolon win ties. */
function detectDelimiter(head: string): string {
  const counts = DELIMITERS.map((): number[] => [0])
  let quoted = false
  for (const char of head) {
    if (char === '"') quoted = !quoted
    if (quoted) continue
    if (char === '\n' || char === '\r') {
      if (counts[0]!.length === SNIFF_LINES) break
      for (const line of counts) line.push(0)
    }
    const at = DELIMITERS.findIndex(delimiter => delimiter === char)
    if (at >= 0) counts[at]![counts[at]!.length - 1]!++
  }
  const filled = counts[0]!.map((_, i) => counts.some(line => line[i]! > 0))
  const scores = counts.map(line => {
    const used = line.filter((_, i) => filled[i])
    return used[0] ? used.filter(n => n === used[0]).length : 0
  })
  return DELIMITERS[scores.indexOf(Math.max(...scores))]!
}

function parseRows(text: string, delimiter: string, file: string): TableRow[] {
  const rows: TableRow[] = []
  const cursor = { at: 0, line: 1 }
  while (cursor.at < text.length) {
    const line = cursor.line
    const cells = parseRow(text, delimiter, file, cursor)
    if (cells.length === 1 && cells[0] === '') continue
    // One more than the limit, for the header.
    if (rows.length > DATA_LIMITS.rows)
      throw new DataError('too-many-rows', { file, line, limit: DATA_LIMITS.rows })
    rows.push({ line, cells })
  }
  return rows
}

interface Cursor {
  at: number
  line: number
}

function parseRow(text: string, delimiter: string, file: string, cursor: Cursor): string[] {
  const cells: string[] = []
  const begin = cursor.line
  for (;;) {
    if (cells.length === DATA_LIMITS.columns)
      throw new DataError('too-many-columns', { file, line: begin, limit: DATA_LIMITS.columns })
    while (text[cursor.at] === ' ') cursor.at++
    const opened = cursor.line
    const cell =
      text[cursor.at] === '"' ? parseQuoted(text, file, cursor) : parsePlain(text, delimiter, cursor)
    if (cell.length > DATA_LIMITS.cellChars)
      throw new DataError('cell-too-long', {
        file,
        line: begin,
        column: String(cells.length + 1),
        limit: DATA_LIMITS.cellChars,
      })
    cells.push(cell.trim())
    const next = text[cursor.at]
    if (next === delimiter) {
      cursor.at++
      continue
    }
    if (next !== undefined && next !== '\n' && next !== '\r')
      throw new DataError('stray-quote', { file, line: opened, value: cell.slice(0, 40) })
    cursor.at += next === '\r' && text[cursor.at + 1] === '\n' ? 2 : 1
    cursor.line++
    return cells
  }
}

function parsePlain(text: string, delimiter: string, cursor: Cursor): string {
  const start = cursor.at
  let at = start
  for (; at < text.length; at++) {
    const char = text[at]
    if (char === delimiter || char === '\n' || char === '\r') break
  }
  cursor.at = at
  return text.slice(start, at)
}

/** Ends behind the closing quote and any spaces after it. */
function parseQuoted(text: string, file: string, cursor: Cursor): string {
  const opened = cursor.line
  const pieces: string[] = []
  let start = cursor.at + 1
  for (;;) {
    const quote = text.indexOf('"', start)
    if (quote < 0) throw new DataError('unclosed-quote', { file, line: opened })
    pieces.push(text.slice(start, quote))
    start = quote + 1
    if (text[start] !== '"') break
    pieces.push('"')
    start++
  }
  while (text[start] === ' ') start++
  cursor.at = start
  const value = pieces.join('')
  for (const _ of value.matchAll(/\r\n|\r|\n/g)) cursor.line++
  return value
}
