// Does measuring quality again during training help? The paper's ablation, with real training: ten owners, five of them with wrong labels
// that no report shows; from round L on amounts follow measured quality. Compared: never, as published (training-loss drop
// per sample, nobody may bring less than before), and by validation-loss drop on two scales of quality.
import { openMarket, solveMarket } from '../../core/incentives/equilibrium.ts'
import { PAPER_TERMS, rescaleQuality } from '../../core/incentives/offers.ts'
import { createRng } from '../../core/num/rng.ts'
import { granted, idOf, noisyOwners } from './markets.ts'
import { openMnistLab } from './training-mnist.ts'
import { accuracyOf, trainingDrops, trainRound, validationDrops, type Lab } from './training.ts'

const WRONG_LABELS: readonly number[] = [0, 0, 0, 0, 0, 0.3, 0.5, 0.7, 0.7, 0.9]
/** A share of 70 % and more counts as bad. */
const BAD = 0.7
const SAMPLES = 2_000
const ROUNDS = 20

export interface AdjustmentPlan {
  readonly name: string
  /** Round after which quality is measured; null for never. */
  readonly at: number | null
  readonly metric: 'validation' | 'training'
  /** Quality of the worst owner after rescaling. */
  readonly least: number
  /** As published, nobody brings less than before. */
  readonly onlyMore: boolean
}

const ADJUSTMENTS: readonly AdjustmentPlan[] = [
  { name: 'never', at: null, metric: 'validation', least: 0.9, onlyMore: false },
  { name: 'as published', at: 2, metric: 'training', least: 0.9, onlyMore: true },
  { name: 'validation, 0.9 to 1', at: 2, metric: 'validation', least: 0.9, onlyMore: false },
  { name: 'validation, 0.5 to 1', at: 2, metric: 'validation', least: 0.5, onlyMore: false },
  { name: 'the same, late', at: 10, metric: 'validation', least: 0.5, onlyMore: false },
]

export interface AdjustmentResult {
  readonly name: string
  /** Mean accuracy on test samples before training and after each round. */
  readonly accuracy: readonly number[]
  /** Samples trained on in a round after the adjustment, all owners. */
  readonly samples: number
  /** Equilibrium share of the bad owners after the adjustment, in relation to before. */
  readonly badShare: number
}

export async function adjustmentStudy(
  seeds: readonly string[],
  log: (line: string) => void,
): Promise<AdjustmentResult[]> {
  const runs = new Map<string, AdjustmentResult[]>(ADJUSTMENTS.map(({ name }) => [name, []]))
  for (const seed of seeds) {
    const lab = await openMnistLab(WRONG_LABELS, SAMPLES, seed)
    for (const plan of ADJUSTMENTS) {
      const result = runPlan(lab, plan, seed)
      runs.get(plan.name)!.push(result)
      log(`  seed ${seed}, adjusted ${plan.name}: ${percent(result.accuracy.at(-1)!)}`)
    }
  }
  return [...runs].map(([name, results]) => ({
    name,
    accuracy: Array.from({ length: ROUNDS + 1 }, (_, round) =>
      mean(results.map(({ accuracy }) => accuracy[round]!)),
    ),
    samples: mean(results.map(({ samples }) => samples)),
    badShare: mean(results.map(({ badShare }) => badShare)),
  }))
}

function runPlan(
  lab: Lab,
  { name, at, metric, least, onlyMore }: AdjustmentPlan,
  seed: string,
): AdjustmentResult {
  const reported = noisyOwners(createRng(`${seed}/reports`), WRONG_LABELS.length, 'equal').map(
    ({ quality }) => quality,
  )
  let { amounts, badShare } = equilibriumOf(reported)
  const before = badShare
  let params = lab.start
  const accuracy = [accuracyOf(lab, params)]
  let drops = WRONG_LABELS.map(() => 0)
  for (let round = 1; round <= ROUNDS; round++) {
    const counts = amounts.map(amount => Math.round(amount * SAMPLES))
    const { params: next, deltas } = trainRound(lab, params, counts, `${seed}/${round}`)
    if (at !== null && round <= at && metric === 'validation') {
      const now = validationDrops(lab, params, deltas)
      drops = drops.map((sum, n) => sum + now[n]!)
    }
    params = next
    accuracy.push(accuracyOf(lab, params))
    if (round !== at) continue
    const evidence = metric === 'validation' ? drops : trainingDrops(lab, params, counts, seed)
    const fresh = equilibriumOf(rescaleQuality(evidence, least))
    amounts = amounts.map((amount, n) => (onlyMore ? Math.max(amount, fresh.amounts[n]!) : fresh.amounts[n]!))
    badShare = fresh.badShare
  }
  const samples = amounts.reduce((sum, amount) => sum + Math.round(amount * SAMPLES), 0)
  return { name, accuracy, samples, badShare: badShare / before }
}

function equilibriumOf(qualities: readonly number[]): { amounts: number[]; badShare: number } {
  const offers = qualities.map((quality, n) => ({ id: idOf(n), quality }))
  const { owners } = granted(solveMarket(granted(openMarket(PAPER_TERMS, offers))))
  return {
    amounts: owners.map(({ amount }) => amount),
    badShare: owners.reduce((sum, { share }, n) => (WRONG_LABELS[n]! >= BAD ? sum + share : sum), 0),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`
}
