// Two loops over rows of a matrix, as a WebAssembly module of 128-bit vectors that is put together here byte by byte (no
// compiler of another language in the build). They are what the laboratory's training spends its time in. Results are the
// same on every engine: plain SIMD rounds every operation as scalar float32 does.
//
//   gather:  out[0..row) += sum over q of values[q] * matrix[offsets[q] .. + row)
//   scatter: matrix[offsets[q] .. + row) += values[q] * row vector, for every q
//
// Rows are multiples of LANES numbers; offsets are bytes from the matrix's first.

/** Numbers that one turn of the inner loop holds in registers. */
export const LANES = 32
const VECTORS = LANES / 4
const VECTOR_BYTES = 16

export interface RowLoops {
  readonly memory: WebAssembly.Memory
  /** All arguments but count are byte addresses or byte lengths. */
  gather(offsets: number, values: number, count: number, matrix: number, out: number, rowBytes: number): void
  scatter(offsets: number, values: number, count: number, matrix: number, row: number, rowBytes: number): void
}

/** Null where the engine has no WebAssembly SIMD. */
export function createRowLoops(): RowLoops | null {
  const binary = assemble()
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(binary)) return null
  const instance = new WebAssembly.Instance(new WebAssembly.Module(binary))
  // reason: the exports of the module written below.
  return instance.exports as unknown as RowLoops
}

const I32 = 0x7f
const V128 = 0x7b
const [OFFSETS, VALUES, COUNT, MATRIX, ROW, ROW_BYTES, BLOCK, AT, END, FROM, FACTOR, HELD] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
]

const get = (local: number): number[] => [0x20, local]
const set = (local: number): number[] => [0x21, local]
const number = (value: number): number[] => [0x41, ...signed(value)]
const ADD = [0x6a]
const LESS = [0x49]
const loadI32 = [0x28, 2, 0]
const loadVector = (offset: number): number[] => [0xfd, 0x00, 2, ...unsigned(offset)]
const storeVector = (offset: number): number[] => [0xfd, 0x0b, 2, ...unsigned(offset)]
const LOAD_SPLAT = [0xfd, 0x09, 2, 0]
const ADD_VECTOR = [0xfd, 0xe4, 0x01]
const MULTIPLY_VECTOR = [0xfd, 0xe6, 0x01]
const LOOP = [0x03, 0x40]
const IF = [0x04, 0x40]
const AGAIN_IF = [0x0d, 0]
const FINISH = [0x0b]

function each(code: (k: number) => readonly number[]): number[] {
  return Array.from({ length: VECTORS }, (_, k) => code(k)).flat()
}

const vectorOfRow = (k: number): number[] => [
  ...get(ROW!),
  ...get(BLOCK!),
  ...ADD,
  ...loadVector(k * VECTOR_BYTES),
]

/** for (block of the row) { hold; for (q of the list) inner; release } */
function listLoop(inner: readonly number[], release: readonly number[]): number[] {
  const step = (local: number, by: number): number[] => [...get(local), ...number(by), ...ADD, ...set(local)]
  return [
    ...LOOP,
    ...each(k => [...vectorOfRow(k), ...set(HELD! + k)]),
    ...get(OFFSETS!),
    ...set(AT!),
    ...get(OFFSETS!),
    ...get(COUNT!),
    ...number(2),
    0x74,
    ...ADD,
    ...set(END!),
    ...get(AT!),
    ...get(END!),
    ...LESS,
    ...IF,
    ...LOOP,
    // from = matrix + block + offsets[q]
    ...get(MATRIX!),
    ...get(BLOCK!),
    ...ADD,
    ...get(AT!),
    ...loadI32,
    ...ADD,
    ...set(FROM!),
    // factor = values[q], four times; values and offsets advance together.
    ...get(VALUES!),
    ...get(AT!),
    ...get(OFFSETS!),
    0x6b,
    ...ADD,
    ...LOAD_SPLAT,
    ...set(FACTOR!),
    ...inner,
    ...step(AT!, 4),
    ...get(AT!),
    ...get(END!),
    ...LESS,
    ...AGAIN_IF,
    ...FINISH,
    ...FINISH,
    ...release,
    ...step(BLOCK!, LANES * 4),
    ...get(BLOCK!),
    ...get(ROW_BYTES!),
    ...LESS,
    ...AGAIN_IF,
    ...FINISH,
  ]
}

const gather = listLoop(
  each(k => [
    ...get(HELD! + k),
    ...get(FACTOR!),
    ...get(FROM!),
    ...loadVector(k * VECTOR_BYTES),
    ...MULTIPLY_VECTOR,
    ...ADD_VECTOR,
    ...set(HELD! + k),
  ]),
  each(k => [...get(ROW!), ...get(BLOCK!), ...ADD, ...get(HELD! + k), ...storeVector(k * VECTOR_BYTES)]),
)

const scatter = listLoop(
  each(k => [
    ...get(FROM!),
    ...get(FROM!),
    ...loadVector(k * VECTOR_BYTES),
    ...get(FACTOR!),
    ...get(HELD! + k),
    ...MULTIPLY_VECTOR,
    ...ADD_VECTOR,
    ...storeVector(k * VECTOR_BYTES),
  ]),
  [],
)

function assemble(): Uint8Array<ArrayBuffer> {
  const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)]
  const section = (id: number, content: readonly number[]): number[] => [
    id,
    ...unsigned(content.length),
    ...content,
  ]
  const body = (code: readonly number[]): number[] => {
    const whole = [2, 4, I32, 1 + VECTORS, V128, ...code, ...FINISH]
    return [...unsigned(whole.length), ...whole]
  }
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 6, I32, I32, I32, I32, I32, I32, 0]),
    ...section(3, [2, 0, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [3, ...text('memory'), 2, 0, ...text('gather'), 0, 0, ...text('scatter'), 0, 1]),
    ...section(10, [2, ...body(gather), ...body(scatter)]),
  ])
}

/** LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest & 0x7f
    rest >>>= 7
    bytes.push(rest === 0 ? low : low | 0x80)
  } while (rest !== 0)
  return bytes
}

function signed(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low]
    bytes.push(low | 0x80)
  }
}
