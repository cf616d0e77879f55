// How much own data may be. Far above a workshop's needs, far below what a tab cannot bear.

export const DATA_LIMITS = {
  files: 20_000,
  /** All files together, as they lie on the disk. */
  totalBytes: 512 * 1024 * 1024,
  /** One table, after decompression. */
  tableBytes: 64 * 1024 * 1024,
  /** One IDX file, after decompression. */
  idxBytes: 256 * 1024 * 1024,
  imageBytes: 32 * 1024 * 1024,
  /** Pixels of one picture as decoded. */
  imagePixels: 40_000_000,
  /** Values (bytes or floats) of a whole data set. */
  values: 256 * 1024 * 1024,
  rows: 200_000,
  columns: 2_000,
  cellChars: 10_000,
  /** As charters have it. */
  labelChars: 80,
  classes: 256,
  /** Different values of a column that is encoded one-hot. */
  categories: 32,
  /** Inputs that a table's columns make. */
  features: 2_048,
  /** Values of one picture that a founder brings. */
  imageValues: 16_384,
  /** As charters have it. */
  schemaBytes: 32 * 1024,
  /** A founder's data set must have that many samples, anyone's at least two. */
  founderSamples: 10,
} as const

/** Share of own data that is held out. */
export const TEST_SHARE = 0.2
