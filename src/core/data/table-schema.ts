// How a table becomes inputs: which columns, of which type, standardised by which numbers. The founder's schema travels
// in the charter as canonical JSON (strings only, keys sorted), so that every member encodes alike. The classes stand in
// the charter itself.
import * as v from 'valibot'
import { DataError } from './error.ts'
import { DATA_LIMITS } from './limits.ts'

/** Encoded as (value - mean) / std; missing values as the mean. Decimal strings. */
export interface NumberColumn {
  readonly type: 'number'
  readonly name: string
  readonly mean: string
  readonly std: string
}

/** One-hot over `values` and one more place for missing values and values that the founder did not have. */
export interface CategoryColumn {
  readonly type: 'category'
  readonly name: string
  readonly values: readonly string[]
}

export type SchemaColumn = NumberColumn | CategoryColumn

export interface TableSchema {
  readonly format: 'yoriai-table-1'
  /** Name of the column that holds the class. */
  readonly label: string
  readonly columns: readonly SchemaColumn[]
}

const text = v.pipe(v.string(), v.maxLength(DATA_LIMITS.cellChars))
const decimal = v.pipe(
  v.string(),
  v.maxLength(40),
  v.regex(/^-?\d+(?:\.\d+)?(?:e[+-]\d{1,3})?$/),
  v.check(value => Math.abs(Number(value)) <= 1e31),
)
const schema = v.strictObject({
  format: v.literal('yoriai-table-1'),
  label: text,
  columns: v.pipe(
    v.array(
      v.variant('type', [
        v.strictObject({
          type: v.literal('number'),
          name: text,
          mean: decimal,
          std: v.pipe(
            decimal,
            v.check(value => Number(value) > 0),
          ),
        }),
        v.strictObject({
          type: v.literal('category'),
          name: text,
          values: v.pipe(v.array(text), v.maxLength(DATA_LIMITS.categories)),
        }),
      ]),
    ),
    v.minLength(1),
    v.maxLength(DATA_LIMITS.columns),
  ),
})

export function columnWidth(column: SchemaColumn): number {
  return column.type === 'number' ? 1 : column.values.length + 1
}

export function schemaWidth({ columns }: TableSchema): number {
  return columns.reduce((sum, column) => sum + columnWidth(column), 0)
}

/** Throws DataError 'schema-too-big' if it does not fit into a charter. */
export function encodeSchema({ format, label, columns }: TableSchema): string {
  const json = JSON.stringify({
    columns: columns.map(column =>
      column.type === 'number'
        ? { mean: column.mean, name: column.name, std: column.std, type: column.type }
        : { name: column.name, type: column.type, values: column.values },
    ),
    format,
    label,
  })
  const bytes = new TextEncoder().encode(json).length
  if (bytes > DATA_LIMITS.schemaBytes)
    throw new DataError('schema-too-big', { limit: DATA_LIMITS.schemaBytes, found: bytes })
  return json
}

/** Throws DataError 'bad-schema'. `json` comes from a charter. */
export function decodeSchema(json: string): TableSchema {
  let value: unknown
  try {
    value = json.length <= DATA_LIMITS.schemaBytes ? JSON.parse(json) : undefined
  } catch (cause) {
    throw new DataError('bad-schema', {}, { cause })
  }
  const parsed = v.safeParse(schema, value)
  if (!parsed.success) throw new DataError('bad-schema', { value: v.getDotPath(parsed.issues[0]) ?? '' })
  const { columns, label } = parsed.output
  const names = new Set([label, ...columns.map(column => column.name)])
  const distinct = names.size === columns.length + 1
  const valuesDistinct = columns.every(
    column => column.type === 'number' || new Set(column.values).size === column.values.length,
  )
  if (!distinct || !valuesDistinct || schemaWidth(parsed.output) > DATA_LIMITS.features)
    throw new DataError('bad-schema', { value: 'columns' })
  return parsed.output
}

/** Nine significant digits: more than float32 holds. */
export function decimalString(value: number): string {
  return String(Number(value.toPrecision(9)))
}
