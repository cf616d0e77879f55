// The one error of everything that loads data. `kind` chooses the sentence that a person reads (i18n: error.<kind>),
// `detail` fills it in: file names, lines and columns as a person counts them (from 1).

export type DataErrorKind =
  // Built-in tasks
  | 'network'
  | 'manifest'
  | 'checksum'
  | 'part'
  // Files of any sort
  | 'no-files'
  | 'unknown-kind'
  | 'mixed-kinds'
  | 'too-many-files'
  | 'file-too-big'
  | 'total-too-big'
  | 'empty-file'
  | 'unreadable'
  | 'encoding'
  | 'wrong-kind'
  | 'shape-mismatch'
  | 'unknown-label'
  | 'one-class'
  | 'too-many-classes'
  | 'too-few-samples'
  // Tables
  | 'unclosed-quote'
  | 'stray-quote'
  | 'ragged-row'
  | 'duplicate-column'
  | 'unnamed-column'
  | 'cell-too-long'
  | 'too-many-rows'
  | 'too-many-columns'
  | 'too-many-features'
  | 'no-features'
  | 'missing-column'
  | 'bad-number'
  | 'bad-schema'
  | 'schema-too-big'
  // IDX files
  | 'idx-format'
  | 'idx-length'
  | 'idx-pair'
  | 'idx-count'
  // Images in folders
  | 'no-class-folder'
  | 'bad-image'

export interface DataErrorDetail {
  readonly file?: string
  /** Line of the file, from 1. */
  readonly line?: number
  /** Name of a table column. */
  readonly column?: string
  /** What stood there. */
  readonly value?: string
  readonly expected?: string | number
  readonly found?: string | number
  readonly limit?: number
  readonly status?: number
}

export class DataError extends Error {
  override readonly name = 'DataError'
  constructor(
    readonly kind: DataErrorKind,
    readonly detail: DataErrorDetail = {},
    options?: ErrorOptions,
  ) {
    super(`${kind} ${JSON.stringify(detail)}`, options)
  }
}
