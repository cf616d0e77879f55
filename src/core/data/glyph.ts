// GLYPH: digits of a 5 x 7 font on 8 x 8 pixels under heavy noise, made up from a seed. For checks that need samples of any
// number and known labels; where MNIST allows a check, prefer MNIST. Two kinds: A is centred and easy, B moves about and
// is hard enough that accuracy grows like the logarithm of the number of samples over a wide range (mechanisms 4.3).
import { createRng, type Rng } from '../num/rng.ts'
import type { Dataset } from './dataset.ts'

/** Rows of five pixels, top to bottom. */
const FONT: readonly (readonly string[])[] = [
  ['.###.', '#...#', '#..##', '#.#.#', '##..#', '#...#', '.###.'],
  ['..#..', '.##..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  ['.###.', '#...#', '....#', '...#.', '..#..', '.#...', '#####'],
  ['#####', '...#.', '..#..', '...#.', '....#', '#...#', '.###.'],
  ['...#.', '..##.', '.#.#.', '#..#.', '#####', '...#.', '...#.'],
  ['#####', '#....', '####.', '....#', '....#', '#...#', '.###.'],
  ['..##.', '.#...', '#....', '####.', '#...#', '#...#', '.###.'],
  ['#####', '....#', '...#.', '..#..', '.#...', '.#...', '.#...'],
  ['.###.', '#...#', '#...#', '.###.', '#...#', '#...#', '.###.'],
  ['.###.', '#...#', '#...#', '.####', '....#', '...#.', '.##..'],
]
const SIDE = 8
const DIGITS: readonly string[] = FONT.map((_, digit) => String(digit))
/** Standard deviation of the noise on every pixel. */
const SIGMA = 0.35

interface Kind {
  /** Places from the left and from the top, drawn evenly. */
  readonly left: readonly number[]
  readonly top: readonly number[]
  /** Probability that a pixel changes between ink and paper. */
  readonly flip: number
}

const KINDS: Readonly<Record<'A' | 'B', Kind>> = {
  A: { left: [1], top: [0], flip: 0.05 },
  B: { left: [0, 1, 2, 3], top: [0, 1], flip: 0.03 },
}

/**
 * `count` samples of [8, 8, 1] in float32 (ink around 0.8, paper around 0), classes drawn evenly. Every prefix is a fair
 * sample; other seeds give other samples of the same distribution.
 */
export function glyphs(kind: 'A' | 'B', count: number, seed: string): Dataset {
  const rng = createRng(`${seed}/glyph-${kind}`)
  const x = new Float32Array(count * SIDE * SIDE)
  const y = new Uint16Array(count)
  for (let i = 0; i < count; i++) {
    y[i] = rng.below(FONT.length)
    draw(x.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE), FONT[y[i]!]!, KINDS[kind], rng)
  }
  return { shape: [SIDE, SIDE, 1], classes: DIGITS, x, y }
}

function draw(into: Float32Array, rows: readonly string[], { left, top, flip }: Kind, rng: Rng): void {
  const x = left[rng.below(left.length)]!
  const y = top[rng.below(top.length)]!
  for (let row = 0; row < SIDE; row++)
    for (let column = 0; column < SIDE; column++) {
      const inked = rows[row - y]?.[column - x] === '#'
      const ink = inked !== rng.next() < flip ? 0.6 + 0.4 * rng.next() : 0
      into[row * SIDE + column] = ink + SIGMA * rng.normal()
    }
}

/** A share of the labels becomes another class, whichever. */
export function spoilLabels(data: Dataset, share: number, seed: string): Dataset {
  const rng = createRng(`${seed}/labels`)
  const classes = data.classes.length
  const y = data.y.map(label => (rng.next() < share ? (label + 1 + rng.below(classes - 1)) % classes : label))
  return { ...data, y }
}
