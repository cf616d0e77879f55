// R2 and R3 on a model that an auditor brings as a file: does it compute like the room's model, and does it know more than
// an untrained one can? The file is decoded with limits and evaluated here; nothing is believed of it.
import { createReferenceModel } from '../core/model/reference/model.ts'
import { evaluateSamples } from '../core/model/reference/train.ts'
import { decodeModelFile } from '../core/export/model-file.ts'
import {
  checkComparison,
  correlate,
  fingerprint,
  publicNoise,
} from '../core/governance/detectors/fingerprint.ts'
import type { Finding } from '../core/governance/detectors/findings.ts'
import { checkFreshStart } from '../core/governance/detectors/fresh-start.ts'
import { MEASURED } from '../core/governance/detectors/measured.ts'
import { measuredFor, thresholdFor } from '../core/governance/detectors/measured-records.ts'
import { product } from '../core/model/shapes.ts'
import type { ModelComparison } from '../ports/governance-view.ts'
import type { Peer } from './peer.ts'

const PROBE_SAMPLES = 500

export function compareModel(peer: Peer, bytes: Uint8Array, name: string): ModelComparison {
  const { charter, seat, machine } = peer
  const decoded = decodeModelFile(bytes)
  if (decoded.status !== 'ok') return { status: 'unreadable' }
  const { model, params, classes } = decoded.file
  const size = product(charter.model.input)
  if (product(model.input) !== size || classes.length !== charter.classes.length)
    return { status: 'other-shape' }
  const theirs = createReferenceModel(model)
  const ours = createReferenceModel(charter.model)
  const noise = publicNoise(size)
  const correlation = correlate(
    fingerprint(theirs, params, noise),
    fingerprint(ours, peer.modelParams(), noise),
  )
  // Steps of the room's model so far; beyond what was measured no threshold is known.
  const steps = machine.round * charter.terms.localSteps
  const sameSpec = JSON.stringify(model) === JSON.stringify(charter.model)
  const threshold = sameSpec ? thresholdFor(MEASURED, charter.task, model, steps) : null
  const findings: Finding[] = []
  const alike = checkComparison({ first: name, second: charter.title, correlation, threshold })
  if (alike) findings.push(alike)
  const data = seat.testData
  let probe: { hits: number; samples: number } | null = null
  if (data && data.y.length > 0) {
    const { accuracy, samples } = evaluateSamples(theirs, data, params, PROBE_SAMPLES)
    probe = { hits: Math.round(accuracy * samples), samples }
  }
  const chance = measuredFor(MEASURED, charter.task, model)?.freshStart.chance ?? null
  if (probe && chance !== null) {
    const fresh = checkFreshStart({ model: name, ...probe, chance })
    if (fresh) findings.push(fresh)
  }
  return { status: 'compared', name, correlation, threshold, probe, chance, findings }
}
