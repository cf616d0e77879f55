// P8: from a model's hash to everything that the ledger knows of its making. A model is the common state after some round,
// so every receipt of its lineage that begins before that round ended had a part in it; those name licences and devices,
// and their authors' joins name data commitments. What was trained without a receipt is not in the ledger, so not here.
import type { Entry, ReceiptBody } from '../ledger/entry.ts'

/** Rows of the ledger's view fit; they are handed back as they came. */
export interface TraceRow {
  readonly hash: string
  readonly entry: Entry
  /** Epoch of the seal that made it final; null while open. */
  readonly epoch: number | null
}

/** What a seal says of the model. */
export interface SealedModel {
  readonly epoch: number
  readonly modelRound: number
  readonly modelHash: string
}

export interface ModelTrace<Row extends TraceRow> {
  readonly modelHash: string
  /** The last round that the model can contain; -1 where nothing names the hash. */
  readonly round: number
  readonly receipts: readonly Row[]
  readonly licences: readonly Row[]
  /** Registrations and transfers of the devices used. */
  readonly devices: readonly Row[]
  readonly joins: readonly Row[]
  /** Seals that name the model or made one of these entries final. */
  readonly epochs: readonly number[]
}

/** `rows` are those of one room, in any order; each list of the trace keeps that order. */
export function traceModel<Row extends TraceRow>(
  rows: readonly Row[],
  modelHash: string,
  seals: readonly SealedModel[] = [],
): ModelTrace<Row> {
  const naming = seals.filter(seal => seal.modelHash === modelHash && modelHash !== '')
  const rounds = naming.map(seal => seal.modelRound)
  const lineages = new Set<string>()
  for (const { entry } of rows) {
    if (entry.body.kind !== 'receipt') continue
    const named = roundNamed(entry.body, modelHash)
    if (named === null) continue
    rounds.push(named)
    lineages.add(entry.body.lineage)
  }
  const round = Math.max(-1, ...rounds)
  const receipts = rows.filter(({ entry: { body } }) => {
    if (body.kind !== 'receipt' || round < 0) return false
    const related = lineages.size === 0 || lineages.has(body.lineage)
    return related && (body.fromRound <= round || roundNamed(body, modelHash) !== null)
  })
  const bodies = receipts.map(({ entry }) => entry.body as ReceiptBody)
  const licenceHashes = new Set(bodies.map(body => body.licence))
  const deviceIds = new Set(bodies.map(body => body.device))
  const authors = new Set(receipts.map(({ entry }) => entry.author))
  const licences = rows.filter(({ hash, entry }) => entry.body.kind === 'licence' && licenceHashes.has(hash))
  const devices = rows.filter(
    ({ entry: { body } }) =>
      (body.kind === 'device' || body.kind === 'device-transfer') && deviceIds.has(body.device),
  )
  const joins = rows.filter(({ entry }) => entry.body.kind === 'join' && authors.has(entry.author))
  const epochs = new Set(naming.map(seal => seal.epoch))
  for (const { epoch } of [...receipts, ...licences, ...devices, ...joins]) {
    if (epoch !== null) epochs.add(epoch)
  }
  return {
    modelHash,
    round,
    receipts,
    licences,
    devices,
    joins,
    epochs: [...epochs].sort((a, b) => a - b),
  }
}

/** The round whose state a receipt calls by this hash; null if it does not. */
function roundNamed(body: ReceiptBody, modelHash: string): number | null {
  if (modelHash === '') return null
  if (body.modelAfter === modelHash) return body.toRound
  return body.modelBefore === modelHash ? body.fromRound : null
}
