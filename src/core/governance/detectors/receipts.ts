// R5: what a member's receipts leave out or say twice, and times that cannot be. Works on receipts that are known, so a
// gap may also mean that an entry has not arrived: the chain of entries tells which. Clocks are the members' own; only
// differences of one clock are compared, but for two members on one device.
import type { MemberId } from '../../num/ids.ts'
import type { StatedReceipt } from './facts.ts'
import type { ReceiptFault, ReceiptFinding, Severity } from './findings.ts'

/** Timer resolution, a corrected clock, and the work that a receipt's own making overlaps with. */
const TIME_TOLERANCE_MS = 2_000
/** Two members on one device: their clocks may differ by as much without meaning anything. */
const OVERLAP_TOLERANCE_MS = 5_000

/** `receipts` per author in the order of its chain. */
export function checkReceipts(receipts: readonly StatedReceipt[]): readonly ReceiptFinding[] {
  const findings: ReceiptFinding[] = []
  const last = new Map<string, StatedReceipt>()
  for (const receipt of receipts) {
    const chain = `${receipt.room} ${receipt.member}`
    const before = last.get(chain)
    last.set(chain, receipt)
    const report = (fault: ReceiptFault, severity: Severity, amount = 0): void => {
      const other = before?.hash ?? ''
      findings.push({
        rule: 'R5',
        severity,
        fault,
        member: receipt.member,
        receipt: receipt.hash,
        other,
        amount,
      })
    }
    const { body, unixMs } = receipt
    // What was before the first receipt at hand stands in epochs that are not.
    if (before === undefined && body.previous !== '') continue
    if (body.previous !== (before?.hash ?? '')) report('broken-chain', 'alert')
    const steps = body.fromStep - (before?.body.toStep ?? 0)
    if (steps > 0) report('gap', 'warning', steps)
    if (steps < 0) report('overlap', 'alert', -steps)
    if (before === undefined) continue
    if (body.modelBefore !== before.body.modelAfter) report('model-chain', 'warning')
    const elapsed = unixMs - before.unixMs
    if (elapsed < -TIME_TOLERANCE_MS) report('clock-back', 'warning', -elapsed)
    else if (body.wallMs > Math.max(0, elapsed) + TIME_TOLERANCE_MS) {
      report('more-work-than-time', 'alert', body.wallMs - elapsed)
    }
  }
  findings.push(...checkDevices(receipts))
  return findings
}

/** A receipt's computing ended when it was signed and took at least wallMs: two such spans of one device must not overlap. */
function checkDevices(receipts: readonly StatedReceipt[]): readonly ReceiptFinding[] {
  const byDevice = new Map<string, StatedReceipt[]>()
  for (const receipt of receipts) {
    const held = byDevice.get(receipt.body.device)
    if (held === undefined) byDevice.set(receipt.body.device, [receipt])
    else held.push(receipt)
  }
  const findings: ReceiptFinding[] = []
  for (const held of byDevice.values()) {
    const newest = new Map<MemberId, StatedReceipt>()
    for (const receipt of [...held].sort((a, b) => a.unixMs - b.unixMs)) {
      for (const [member, other] of newest) {
        if (member === receipt.member) continue
        const amount = other.unixMs - (receipt.unixMs - receipt.body.wallMs)
        if (amount <= OVERLAP_TOLERANCE_MS) continue
        findings.push({
          rule: 'R5',
          severity: 'warning',
          fault: 'device-twice',
          member: receipt.member,
          receipt: receipt.hash,
          other: other.hash,
          amount: Math.min(amount, receipt.body.wallMs),
        })
      }
      newest.set(receipt.member, receipt)
    }
  }
  return findings
}
