// Port: files that a person picks become a data set that fits the room. The adapter reads the files and calls the pure
// parsers; the screens word every kind in both languages. A failure never touches what was loaded before.
import type { Dataset } from '../core/data/dataset.ts'
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
}

export type OwnDataProblemKind =
  | 'no-files'
  | 'unknown-format'
  | 'mixed-formats'
  | 'too-large'
  | 'too-many-samples'
  | 'unreadable'
  | 'empty'
  | 'csv-header'
  | 'csv-row-length'
  | 'csv-quote'
  | 'csv-not-a-number'
  | 'csv-no-label'
  | 'csv-missing-label'
  | 'csv-columns-differ'
  | 'csv-no-features'
  | 'unknown-class'
  | 'too-few-classes'
  | 'too-many-classes'
  | 'too-few-samples'
  | 'image-decode'
  | 'image-no-class'
  | 'idx-magic'
  | 'idx-length'
  | 'idx-counts-differ'
  | 'idx-pair-missing'
  | 'wrong-shape'

export interface OwnDataProblem {
  readonly kind: OwnDataProblemKind
  /** Name of the file it is about; "" when it is about all of them. */
  readonly file: string
  /** 1-based line of a text file. */
  readonly line: number | null
  /** Column, class, size or shape that the sentence names; "" when there is none. */
  readonly detail: string
}

export type OwnDataResult =
  | { readonly status: 'ok'; readonly data: OwnData }
  | { readonly status: 'failed'; readonly problem: OwnDataProblem }
