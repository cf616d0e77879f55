// What a loader did to own data, in numbers: the screens word it. Nothing is left out, filled in or changed silently.

export interface ReportedColumn {
  readonly name: string
  readonly type: 'number' | 'category'
  /** Inputs of the model that the column makes. */
  readonly inputs: number
}

export interface IgnoredColumn {
  readonly name: string
  readonly reason:
    | 'unnamed'
    | 'empty'
    /** Words, nearly all different. */
    | 'text'
    /** Counts the rows; in a sorted file it would give the class away. */
    | 'row-number'
    /** The room's schema does not have it. */
    | 'not-in-room'
}

export interface DataReport {
  /** Rows or pictures used, training and held out. */
  readonly samples: number
  /** Rows left out because their class is missing. */
  readonly withoutLabel: number
  readonly columns: readonly ReportedColumn[]
  readonly ignored: readonly IgnoredColumn[]
  /** Missing numbers replaced by the mean, and categories missing or unknown to the room, by column. */
  readonly filled: readonly { readonly name: string; readonly count: number }[]
  /** The table had no line of names. */
  readonly headerMissing: boolean
  /** Of the text, e.g. "utf-8" or "shift_jis"; "" where there was no text. */
  readonly encoding: string
  /** Pictures were dark on light and became light on dark. */
  readonly inverted: boolean
  /** Pictures that had another size. */
  readonly resized: number
  /** Training samples left out because they equal a held-out one (where the files bring their own split). */
  readonly leaked: number
}

export const EMPTY_REPORT: DataReport = {
  samples: 0,
  withoutLabel: 0,
  columns: [],
  ignored: [],
  filled: [],
  headerMissing: false,
  encoding: '',
  inverted: false,
  resized: 0,
  leaked: 0,
}
