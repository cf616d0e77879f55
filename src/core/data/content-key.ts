// A short key of a sample's content, so that equal samples are recognised without keeping them. Not cryptographic: two
// different samples with one key merely land on the same side of a split.

/** 53 bits from two multiply-xorshift streams over the values. */
export function contentKey(values: ArrayLike<number>, from = 0, to = values.length): number {
  let a = 0x9e3779b9
  let b = 0x85ebca6b
  for (let i = from; i < to; i++) {
    const value = values[i]!
    a = Math.imul(a ^ value, 0x9e3779b1)
    b = Math.imul(b ^ value, 0x5bd1e995)
    a ^= a >>> 15
    b ^= b >>> 13
  }
  a = Math.imul(a ^ (b >>> 16), 0x85ebca6b)
  b = Math.imul(b ^ (a >>> 13), 0xc2b2ae35)
  return (a >>> 0) + (b & 0x1fffff) * 4294967296
}

/** Key of a row's cells; one cell may be left out. */
export function rowKey(cells: readonly string[], except: number): number {
  const codes: number[] = []
  for (const [i, cell] of cells.entries()) {
    if (i === except) continue
    for (let at = 0; at < cell.length; at++) codes.push(cell.charCodeAt(at))
    codes.push(0x10000)
  }
  return contentKey(codes)
}
