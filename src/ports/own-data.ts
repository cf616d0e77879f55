// Port: files that a person picks become a data set that fits the room. The adapter reads the files and calls the pure
// parsers; the screens word every kind in both languages. A failure never touches what was loaded before.
import type { Dataset } from '../core/data/dataset.ts'
import type { DataErrorDetail, DataErrorKind } from '../core/data/error.ts'
import type { DataReport } from '../core/data/report.ts'
import type { SampleShape } from '../core/model/spec.ts'

/** What the room's charter asks for; null while its founder is still choosing the data that defines the room. */
export interface OwnDataTarget {
  readonly shape: SampleShape
  readonly classes: readonly string[]
  /** CharterBody.schema. */
  readonly schema: string
}

export interface OwnDataRequest {
  readonly files: readonly File[]
  readonly target: OwnDataTarget | null
  /** Column of a table that holds the class; null takes the room's, or the last column. */
  readonly labelColumn: string | null
}

export interface OwnData {
  readonly source: 'table' | 'images' | 'idx'
  readonly train: Dataset
  /** Held out before anything is standardised; never enters training. */
  readonly test: Dataset
  /** For CharterBody.schema: JSON for tables, else "". */
  readonly schema: string
  /** Columns of a table, so that another label can be picked; empty otherwise. */
  readonly columns: readonly string[]
  readonly labelColumn: string | null
  /** Rows or files left out, with the reason; shown, never silent. */
  readonly skipped: readonly OwnDataProblem[]
  /** What was done to the rest, in numbers. */
  readonly report: DataReport
}

/** As a DataError, without the exception: file names, lines and columns as a person counts them. */
export interface OwnDataProblem {
  readonly kind: DataErrorKind
  readonly detail: DataErrorDetail
}

export type OwnDataResult =
  | { readonly status: 'ok'; readonly data: OwnData }
  | { readonly status: 'failed'; readonly problem: OwnDataProblem }
