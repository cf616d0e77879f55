// The one hot loop: C = A * B (or C += A * B) over flat Float32Arrays with any strides, so that no operand is ever
// transposed in memory. Sums run in float64. Two ways through: 2 x 4 tiles held in registers for dense operands, and
// a gather over the non-zeros of A for images with much background and for rectified activations.
// Zeros of A are skipped there, so an infinity or NaN in B opposite a zero does not show.

/** Element (i, j) of an operand lies at i * row + j * column. */
export interface Operand {
  readonly data: Float32Array
  readonly row: number
  readonly column: number
}

/** C is m x n, row-major and contiguous; the inner extent is k. */
export function multiply(
  m: number,
  n: number,
  k: number,
  a: Operand,
  b: Operand,
  c: Float32Array,
  accumulate: boolean,
): void {
  if (!accumulate) c.fill(0, 0, m * n)
  addTiles(m, n, k, a.data, a.row, a.column, b.data, b.row, b.column, c)
}

/** As multiply, but skips zeros of A; worth it when most are zero and n is at least a few dozen. */
export function multiplySparse(
  m: number,
  n: number,
  k: number,
  a: Operand,
  b: Operand,
  c: Float32Array,
  accumulate: boolean,
): void {
  if (!accumulate) c.fill(0, 0, m * n)
  if (columns.length < k) columns = new Int32Array(k)
  if (sums.length < n) sums = new Float64Array(n)
  addGathered(m, n, k, a.data, a.row, a.column, b.data, b.row, b.column, c)
}

/** Share of non-zero values among the first `count`. */
export function density(values: Float32Array, count: number): number {
  let filled = 0
  for (let i = 0; i < count; i++) if (values[i] !== 0) filled++
  return count === 0 ? 0 : filled / count
}

function addTiles(
  m: number,
  n: number,
  k: number,
  a: Float32Array,
  aRow: number,
  aColumn: number,
  b: Float32Array,
  bRow: number,
  bColumn: number,
  c: Float32Array,
): void {
  const evenRows = m - (m % 2)
  const tiledColumns = n - (n % 4)
  for (let i = 0; i < evenRows; i += 2) {
    for (let j = 0; j < tiledColumns; j += 4) {
      let c00 = 0
      let c01 = 0
      let c02 = 0
      let c03 = 0
      let c10 = 0
      let c11 = 0
      let c12 = 0
      let c13 = 0
      let a0 = i * aRow
      let a1 = a0 + aRow
      let b0 = j * bColumn
      let b1 = b0 + bColumn
      let b2 = b1 + bColumn
      let b3 = b2 + bColumn
      for (let p = 0; p < k; p++) {
        const x0 = a[a0]!
        const x1 = a[a1]!
        const y0 = b[b0]!
        const y1 = b[b1]!
        const y2 = b[b2]!
        const y3 = b[b3]!
        c00 += x0 * y0
        c01 += x0 * y1
        c02 += x0 * y2
        c03 += x0 * y3
        c10 += x1 * y0
        c11 += x1 * y1
        c12 += x1 * y2
        c13 += x1 * y3
        a0 += aColumn
        a1 += aColumn
        b0 += bRow
        b1 += bRow
        b2 += bRow
        b3 += bRow
      }
      const top = i * n + j
      c[top] = c[top]! + c00
      c[top + 1] = c[top + 1]! + c01
      c[top + 2] = c[top + 2]! + c02
      c[top + 3] = c[top + 3]! + c03
      const low = top + n
      c[low] = c[low]! + c10
      c[low + 1] = c[low + 1]! + c11
      c[low + 2] = c[low + 2]! + c12
      c[low + 3] = c[low + 3]! + c13
    }
    for (let j = tiledColumns; j < n; j++) {
      let c0 = 0
      let c1 = 0
      let a0 = i * aRow
      let a1 = a0 + aRow
      let b0 = j * bColumn
      for (let p = 0; p < k; p++) {
        const y = b[b0]!
        c0 += a[a0]! * y
        c1 += a[a1]! * y
        a0 += aColumn
        a1 += aColumn
        b0 += bRow
      }
      c[i * n + j] = c[i * n + j]! + c0
      c[i * n + n + j] = c[i * n + n + j]! + c1
    }
  }
  if (evenRows === m) return
  for (let j = 0; j < n; j++) {
    let sum = 0
    for (let p = 0; p < k; p++) sum += a[evenRows * aRow + p * aColumn]! * b[p * bRow + j * bColumn]!
    c[evenRows * n + j] = c[evenRows * n + j]! + sum
  }
}

// Scratch of addGathered: which columns of A's row are filled, and the running sums of one row of C.
let columns = new Int32Array(0)
let sums = new Float64Array(0)

function addGathered(
  m: number,
  n: number,
  k: number,
  a: Float32Array,
  aRow: number,
  aColumn: number,
  b: Float32Array,
  bRow: number,
  bColumn: number,
  c: Float32Array,
): void {
  const filled = columns
  const sum = sums
  for (let i = 0; i < m; i++) {
    const start = i * aRow
    let count = 0
    for (let p = 0; p < k; p++) if (a[start + p * aColumn] !== 0) filled[count++] = p
    const out = i * n
    for (let j = 0; j < n; j++) sum[j] = c[out + j]!
    const eights = count - (count % 8)
    for (let q = 0; q < eights; q += 8) {
      const p0 = filled[q]!
      const p1 = filled[q + 1]!
      const p2 = filled[q + 2]!
      const p3 = filled[q + 3]!
      const p4 = filled[q + 4]!
      const p5 = filled[q + 5]!
      const p6 = filled[q + 6]!
      const p7 = filled[q + 7]!
      const x0 = a[start + p0 * aColumn]!
      const x1 = a[start + p1 * aColumn]!
      const x2 = a[start + p2 * aColumn]!
      const x3 = a[start + p3 * aColumn]!
      const x4 = a[start + p4 * aColumn]!
      const x5 = a[start + p5 * aColumn]!
      const x6 = a[start + p6 * aColumn]!
      const x7 = a[start + p7 * aColumn]!
      const b0 = p0 * bRow
      const b1 = p1 * bRow
      const b2 = p2 * bRow
      const b3 = p3 * bRow
      const b4 = p4 * bRow
      const b5 = p5 * bRow
      const b6 = p6 * bRow
      const b7 = p7 * bRow
      for (let j = 0, s = 0; j < n; j++, s += bColumn) {
        sum[j] =
          sum[j]! +
          (x0 * b[b0 + s]! + x1 * b[b1 + s]! + (x2 * b[b2 + s]! + x3 * b[b3 + s]!)) +
          (x4 * b[b4 + s]! + x5 * b[b5 + s]! + (x6 * b[b6 + s]! + x7 * b[b7 + s]!))
      }
    }
    for (let q = eights; q < count; q++) {
      const p = filled[q]!
      const x = a[start + p * aColumn]!
      for (let j = 0, s = p * bRow; j < n; j++, s += bColumn) sum[j] = sum[j]! + x * b[s]!
    }
    for (let j = 0; j < n; j++) c[out + j] = sum[j]!
  }
}
