// A table whose rows are pictures: a label and one whole number from 0 to 255 per pixel, as MNIST is often passed around
// in CSV. Only for rooms that work with pictures; everything else about tables is in table.ts.
import { parseNumber, parseTable } from './csv.ts'
import type { Dataset } from './dataset.ts'
import { DataError } from './error.ts'
import { DATA_LIMITS } from './limits.ts'
import { sampleValues } from './manifest.ts'

export interface PixelTable {
  readonly data: Dataset
  readonly columns: readonly string[]
  readonly labelColumn: string
  readonly headerMissing: boolean
}

/** The label stands in `labelColumn`, in a column named "label" or "class", or in the first one. */
export function loadPixelTable(
  text: string,
  file: string,
  labelColumn: string | null,
  shape: readonly number[],
  classes: readonly string[],
): PixelTable {
  const { columns, rows, hasHeader } = parseTable(text, file)
  const size = sampleValues(shape)
  if (columns.length !== size + 1)
    throw new DataError('shape-mismatch', { file, line: 1, expected: size, found: columns.length - 1 })
  const wanted = labelColumn ?? columns.find(name => /^(?:label|class)$/i.test(name)) ?? columns[0]!
  const labelAt = columns.indexOf(wanted)
  if (labelAt < 0) throw new DataError('missing-column', { file, line: 1, column: wanted })
  if (size * rows.length > DATA_LIMITS.values)
    throw new DataError('too-many-rows', { file, limit: Math.floor(DATA_LIMITS.values / size) })
  const x = new Uint8Array(rows.length * size)
  let to = 0
  const y = Uint16Array.from(rows, ({ line, cells }) => {
    for (const [at, cell] of cells.entries()) {
      if (at === labelAt) continue
      const value = parseNumber(cell, false)
      if (!Number.isInteger(value) || value < 0 || value > 255)
        throw new DataError('bad-number', { file, line, column: columns[at]!, value: cell })
      x[to++] = value
    }
    const label = classes.indexOf(cells[labelAt]!)
    const index = label >= 0 ? label : parseNumber(cells[labelAt]!, false)
    if (!Number.isInteger(index) || index < 0 || index >= classes.length)
      throw new DataError('unknown-label', { file, line, column: wanted, value: cells[labelAt]! })
    return index
  })
  return { data: { shape, classes, x, y }, columns, labelColumn: wanted, headerMissing: !hasHeader }
}
