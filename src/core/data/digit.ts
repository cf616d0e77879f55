// A drawing becomes what MNIST's makers made of a scan (LeCun, Bottou, Bengio & Haffner 1998): the ink scaled into a box
// of 20x20 with its proportions kept, then set into 28x28 so that its centre of mass is in the middle. A digit of MNIST
// that is enlarged and goes through here comes back as itself.
import { type Bitmap, resample } from './image.ts'

const SIDE = 28
const BOX = 20
/** Measured on MNIST's own files: the mass of a digit is centred on the middle of pixel 14, within half a pixel. */
const MIDDLE = 14.5
/** Fainter than this is paper (antialiased rims keep their grey, they only do not widen the box). */
const INK = 16

/** Light ink on black, one channel. 784 bytes; null where there is no ink. */
export function centreDigit(bitmap: Bitmap): Uint8Array | null {
  const box = inkBox(bitmap)
  if (!box) return null
  const scale = BOX / Math.max(box.width, box.height)
  const width = Math.max(1, Math.round(box.width * scale))
  const height = Math.max(1, Math.round(box.height * scale))
  const small = resample(box, width, height)
  const centre = centreOfMass(small)
  // Ink may not leave the picture, wherever its mass is.
  const left = Math.min(SIDE - width, Math.max(0, Math.round(MIDDLE - centre.x)))
  const top = Math.min(SIDE - height, Math.max(0, Math.round(MIDDLE - centre.y)))
  const out = new Uint8Array(SIDE * SIDE)
  for (let y = 0; y < height; y++)
    out.set(small.values.subarray(y * width, (y + 1) * width), (top + y) * SIDE + left)
  return out
}

function inkBox({ width, height, values }: Bitmap): Bitmap | null {
  let [left, right, top, bottom] = [width, -1, height, -1]
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      if (values[y * width + x]! >= INK) {
        left = Math.min(left, x)
        right = Math.max(right, x)
        top = Math.min(top, y)
        bottom = y
      }
  if (right < 0) return null
  const box = { width: right - left + 1, height: bottom - top + 1 }
  const out = new Uint8Array(box.width * box.height)
  for (let y = 0; y < box.height; y++) {
    const from = (top + y) * width + left
    out.set(values.subarray(from, from + box.width), y * box.width)
  }
  return { ...box, channels: 1, values: out }
}

/** In pixel edges: a single pixel at (0, 0) has its centre at (0.5, 0.5). */
function centreOfMass({ width, height, values }: Bitmap): { x: number; y: number } {
  let mass = 0
  let x = 0
  let y = 0
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const value = values[row * width + column]!
      mass += value
      x += value * (column + 0.5)
      y += value * (row + 0.5)
    }
  return mass > 0 ? { x: x / mass, y: y / mass } : { x: width / 2, y: height / 2 }
}
