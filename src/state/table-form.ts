// One row of a table, as typed into a form, to and from the inputs of the model. The schema in the charter says how;
// loaders encode files alike (core/data/table.ts).
import { columnWidth, schemaWidth, type SchemaColumn, type TableSchema } from '../core/data/table-schema.ts'

/** Per column: a number or null (missing), or a category ("" for missing). */
export type FormValue = number | string | null

/** As loaders do: one absurd value must not drown the others. */
const MAX_DEVIATIONS = 20

export function emptyForm(schema: TableSchema): FormValue[] {
  return schema.columns.map(column => (column.type === 'number' ? null : ''))
}

export function encodeForm(schema: TableSchema, values: readonly FormValue[]): Float32Array {
  const x = new Float32Array(schemaWidth(schema))
  let offset = 0
  schema.columns.forEach((column, i) => {
    const value = values[i] ?? null
    if (column.type === 'number') x[offset] = typeof value === 'number' ? standardise(column, value) : 0
    else {
      const at = column.values.indexOf(String(value))
      x[offset + (at < 0 ? column.values.length : at)] = 1
    }
    offset += columnWidth(column)
  })
  return x
}

export function decodeForm(schema: TableSchema, sample: ArrayLike<number>): FormValue[] {
  let offset = 0
  return schema.columns.map(column => {
    const from = offset
    offset += columnWidth(column)
    if (column.type === 'number') {
      const raw = sample[from]! * Number(column.std) + Number(column.mean)
      return Number(raw.toPrecision(5))
    }
    return column.values.find((_, i) => sample[from + i] === 1) ?? ''
  })
}

function standardise(column: Extract<SchemaColumn, { type: 'number' }>, value: number): number {
  const deviations = (value - Number(column.mean)) / Number(column.std)
  if (!Number.isFinite(deviations)) return 0
  return Math.max(-MAX_DEVIATIONS, Math.min(MAX_DEVIATIONS, deviations))
}
