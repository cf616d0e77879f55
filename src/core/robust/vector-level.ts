// Rules that weigh whole vectors: each is a list of coefficients, found from inner products alone. All work on the Gram
// matrix of n vectors (row-major), with ties going to the smaller place, so every member finds the same coefficients.
// They cost n^2 products of vectors: for rooms that draw committees, or small ones.
import { lowerMedianOf } from './screen.ts'

/** Iterations of the geometric median; RFA (Pillutla et al. 2022) finds three enough, these are cheap. */
const WEISZFELD_PASSES = 16
/** Distances count as at least this part of the median norm (the smoothing of RFA): no division by zero. */
const SMOOTHING = 1e-6
const CENTERED_CLIP_PASSES = 5

/**
 * Multi-Krum (Blanchard et al. 2017): the mean of the n - f vectors whose squared distances to their n - f - 2 nearest
 * add up to least.
 */
export function multiKrum(gram: Float64Array, count: number, trim: number): Float64Array {
  const nearest = Math.max(1, count - trim - 2)
  const scores = Array.from({ length: count }, (_, a) => {
    const others = distancesFrom(gram, count, a)
    others.splice(a, 1)
    others.sort((x, y) => x - y)
    let score = 0
    for (let j = 0; j < nearest && j < others.length; j++) score += others[j]!
    return score
  })
  const chosen = trim === 0 ? places(count) : smallest(scores, count - trim)
  const coefficients = new Float64Array(count)
  for (const place of chosen) coefficients[place] = 1 / chosen.length
  return coefficients
}

/**
 * Nearest-neighbour mixing (Allouah et al. 2023): every vector becomes the mean of the n - f nearest to it, itself among
 * them; then the geometric median of those, by Weiszfeld's iteration from their mean.
 */
export function nearestMedian(gram: Float64Array, count: number, trim: number): Float64Array {
  const near = count - trim
  const neighbours = places(count).map(a => smallest(distancesFrom(gram, count, a), near, a))
  const mixed = mixedGram(gram, count, neighbours)
  const norms = places(count).map(a => Math.sqrt(Math.max(0, mixed[a * count + a]!)))
  const floor = SMOOTHING * lowerMedianOf(norms)
  let shares = new Float64Array(count).fill(1 / count)
  for (let pass = 0; pass < WEISZFELD_PASSES; pass++) {
    const distances = distancesToMix(mixed, count, shares)
    const pulls = distances.map(distance => 1 / Math.max(floor, distance))
    let total = 0
    for (const pull of pulls) total += pull
    // All vectors are zero, or nearly: no direction to find.
    if (!(total < Infinity)) break
    shares = pulls.map(pull => pull / total)
  }
  const coefficients = new Float64Array(count)
  neighbours.forEach((list, a) => {
    for (const b of list) coefficients[b]! += shares[a]! / near
  })
  return coefficients
}

/**
 * Centered clipping (Karimireddy et al. 2021): v moves by the mean of what the vectors differ from it, each difference cut
 * to a radius; here from zero, the radius being the median norm.
 */
export function centeredClip(gram: Float64Array, count: number): Float64Array {
  const radius = lowerMedianOf(places(count).map(a => Math.sqrt(Math.max(0, gram[a * count + a]!))))
  let coefficients = new Float64Array(count)
  for (let pass = 0; pass < CENTERED_CLIP_PASSES; pass++) {
    const steps = distancesToMix(gram, count, coefficients).map(distance =>
      distance > radius ? radius / distance / count : 1 / count,
    )
    let moved = 0
    for (const step of steps) moved += step
    coefficients = coefficients.map((value, a) => value * (1 - moved) + steps[a]!)
  }
  return coefficients
}

const places = (count: number): number[] => Array.from({ length: count }, (_, place) => place)

/** Places of the smallest values, ascending by place; `first` goes before all others. */
function smallest(values: readonly number[], count: number, first = -1): number[] {
  return places(values.length)
    .sort((a, b) => Number(b === first) - Number(a === first) || values[a]! - values[b]! || a - b)
    .slice(0, count)
    .sort((a, b) => a - b)
}

/** Squared distances of one vector to all. What rounding leaves below zero is zero. */
function distancesFrom(gram: Float64Array, count: number, a: number): number[] {
  return places(count).map(b =>
    Math.max(0, gram[a * count + a]! + gram[b * count + b]! - 2 * gram[a * count + b]!),
  )
}

/** Distances of all vectors to the sum of coefficient times vector. */
function distancesToMix(gram: Float64Array, count: number, coefficients: Float64Array): Float64Array {
  const products = new Float64Array(count)
  let square = 0
  for (let a = 0; a < count; a++) {
    let product = 0
    for (let b = 0; b < count; b++) product += coefficients[b]! * gram[a * count + b]!
    products[a] = product
    square += coefficients[a]! * product
  }
  return products.map((product, a) => Math.sqrt(Math.max(0, gram[a * count + a]! - 2 * product + square)))
}

/** Gram matrix of the means over each vector's neighbours. */
function mixedGram(gram: Float64Array, count: number, neighbours: readonly number[][]): Float64Array {
  const half = new Float64Array(count * count)
  const mixed = new Float64Array(count * count)
  const average = (from: Float64Array, to: Float64Array, a: number): void => {
    const list = neighbours[a]!
    for (let b = 0; b < count; b++) {
      let sum = 0
      for (const c of list) sum += from[c * count + b]!
      to[b * count + a] = sum / list.length
    }
  }
  // Mixes rows and turns the matrix over, twice: A G A' for the symmetric G.
  for (let a = 0; a < count; a++) average(gram, half, a)
  for (let a = 0; a < count; a++) average(half, mixed, a)
  return mixed
}
