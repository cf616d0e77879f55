// Runs a Shapley measurement in one place: asks the utility for each coalition, tells progress, and stops when told to.
// `cancelled` is asked before every evaluation, so an AbortSignal or a message flag stops it within one. For utilities that need to wait,
// step the generator of shapley.ts instead.
import { granted, refused, type Outcome } from './refusal.ts'
import { shapleyRun, type Coalition, type ShapleyEstimate, type ShapleyOptions } from './shapley.ts'

export interface ShapleyWatch {
  cancelled?(): boolean
  onProgress?(progress: { readonly evaluations: number; readonly done: number }): void
}

/** `utility` of a coalition: higher is better, e.g. minus the validation loss of the model that it makes. */
export function measureShapley(
  players: number,
  utility: (coalition: Coalition) => number,
  options: ShapleyOptions,
  watch: ShapleyWatch = {},
): Outcome<ShapleyEstimate> {
  const run = shapleyRun(players, options)
  let step = run.next()
  while (!step.done) {
    if (watch.cancelled?.()) return refused({ kind: 'cancelled' })
    const { coalition, evaluations, done } = step.value
    watch.onProgress?.({ evaluations, done })
    step = run.next(utility(coalition))
  }
  return step.value
}

/** Several rounds of the same players: values add up, and independent errors add in quadrature. */
export function sumRounds(rounds: readonly ShapleyEstimate[]): Outcome<ShapleyEstimate> {
  const [first, ...rest] = rounds
  if (first === undefined) return refused({ kind: 'too-few', field: 'rounds', count: 0, least: 1 })
  const uneven = rest.find(({ values }) => values.length !== first.values.length)
  if (uneven !== undefined) {
    const least = first.values.length
    return refused({
      kind: 'out-of-range',
      field: 'players',
      id: '',
      value: uneven.values.length,
      least,
      most: least,
    })
  }
  return granted({
    values: first.values.map((_, i) => rounds.reduce((sum, { values }) => sum + values[i]!, 0)),
    halfWidths: first.values.map((_, i) => Math.hypot(...rounds.map(({ halfWidths }) => halfWidths[i]!))),
    exact: rounds.every(({ exact }) => exact),
    evaluations: rounds.reduce((sum, { evaluations }) => sum + evaluations, 0),
    permutations: rounds.reduce((sum, { permutations }) => sum + permutations, 0),
  })
}
