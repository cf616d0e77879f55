// What an owner's tab finds in data without a fault: for runs whose subject is not the appraisal.
import type { AssetAppraisal } from '../core/ledger/entry.ts'

export const SPOTLESS: AssetAppraisal = {
  completeMillionths: 1_000_000,
  duplicateMillionths: 0,
  nearDuplicateMillionths: 0,
  balanceMillionths: 1_000_000,
  noiseMillionths: 0,
  outlierMillionths: 0,
  driftMillionths: 0,
}
