// How many labels are wrong, from predictions by learners that did not see the sample (three folds). Disagreement alone also
// counts what is merely hard. Where held-out samples of the room with labels of another hand exist, the same learners' error
// e on them says how much that is: with wrong labels spread evenly over K classes, disagreement is
// D = noise (1 - e / (K - 1)) + (1 - noise) e, hence noise = (D - e) / (1 - e K / (K - 1)). Without them noise is the share of
// sure disagreement (another class wins and the label gets less than 0.2: the rule of mechanisms 4.3), an upper bound for
// hard tasks.
import { createRng, shuffle } from '../../num/rng.ts'
import type { Dataset } from '../dataset.ts'
import { compact, planCompaction, standardise, type Rows } from './compact.ts'
import { trainLearner } from './learner.ts'
import { drawRows } from './survey.ts'

const FOLDS = 3
/** Below this probability of the label, a disagreement is sure. */
const SURE = 0.2
/** Fewer samples say nothing. */
const LEAST_SAMPLES = 20
const REFERENCE_SAMPLES = 1_000

export interface LabelNoise {
  readonly examined: number
  readonly disagreement: number
  readonly noise: number
}

/**
 * `rows`: distinct usable samples. `reference`: samples with labels of another hand than the data's and the rows of it to
 * use, or null. Null with one class or too few samples.
 */
export function* estimateNoise(
  data: Dataset,
  rows: Uint32Array,
  reference: { readonly data: Dataset; readonly rows: Uint32Array } | null,
  most: number,
  seed: string,
): Generator<number, LabelNoise | null> {
  const drawn = drawRows(rows, most, `${seed}/noise`)
  const classes = data.classes.length
  const present = new Set(Array.from(drawn, row => data.y[row]!)).size
  if (drawn.length < LEAST_SAMPLES || present < 2) return null
  const plan = planCompaction(data.shape, seed)
  const inside = compact(data, drawn, plan)
  const known = reference && drawRows(reference.rows, REFERENCE_SAMPLES, `${seed}/reference`)
  const outside = reference && known ? compact(reference.data, known, plan) : null
  standardise(inside, outside)
  const y = Uint16Array.from(drawn, row => data.y[row]!)
  const order = shuffle([...drawn.keys()], createRng(`${seed}/folds`))
  let [wrong, sure, error] = [0, 0, 0]
  const weights = reference && known ? mixWeights(y, reference.data.y, known, classes) : null
  for (let fold = 0; fold < FOLDS; fold++) {
    const seen = order.filter((_, i) => i % FOLDS !== fold)
    const unseen = order.filter((_, i) => i % FOLDS === fold)
    const predict = trainLearner(inside, y, seen, classes, `${seed}/learner/${fold}`)
    const said = predict(inside, unseen)
    unseen.forEach((row, i) => {
      const probabilities = said.subarray(i * classes, (i + 1) * classes)
      if (winnerOf(probabilities) === y[row]) return
      wrong++
      if (probabilities[y[row]!]! < SURE) sure++
    })
    if (reference && known && outside && weights)
      error += errorOn(predict, outside, reference.data.y, known, weights, classes) / FOLDS
    yield (fold + 1) / FOLDS
  }
  const disagreement = wrong / drawn.length
  if (weights === null) return { examined: drawn.length, disagreement, noise: sure / drawn.length }
  const room = 1 - (error * classes) / (classes - 1)
  // Learners no better than guessing cannot tell: then only sure disagreement speaks.
  const noise = room > 0.05 ? (disagreement - error) / room : sure / drawn.length
  return { examined: drawn.length, disagreement, noise: Math.max(0, Math.min(1, noise)) }
}

function errorOn(
  predict: (rows: Rows, which: ArrayLike<number>) => Float64Array,
  rows: Rows,
  labels: Uint16Array,
  known: Uint32Array,
  weights: Float64Array,
  classes: number,
): number {
  const said = predict(rows, [...known.keys()])
  let error = 0
  known.forEach((row, i) => {
    if (winnerOf(said.subarray(i * classes, (i + 1) * classes)) !== labels[row]) error += weights[i]!
  })
  return error
}

/** One weight a reference sample, summing to 1, so that its classes have the mix of the data; null if they share none. */
function mixWeights(
  y: Uint16Array,
  labels: Uint16Array,
  known: Uint32Array,
  classes: number,
): Float64Array | null {
  const wanted = new Float64Array(classes)
  const there = new Float64Array(classes)
  for (const label of y) wanted[label]!++
  for (const row of known) there[labels[row]!]!++
  const shared = wanted.reduce((sum, count, label) => (there[label]! > 0 ? sum + count : sum), 0)
  if (shared === 0) return null
  return Float64Array.from(known, row => wanted[labels[row]!]! / there[labels[row]!]! / shared)
}

function winnerOf(probabilities: Float64Array): number {
  let winner = 0
  for (let c = 1; c < probabilities.length; c++) if (probabilities[c]! > probabilities[winner]!) winner = c
  return winner
}
