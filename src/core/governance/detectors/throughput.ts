// R6: work faster than the device can do. The benchmark is what the member registered for the device; a receipt may
// exceed it by a fifth (a benchmark catches a device in any mood). Who registers an inflated benchmark escapes this rule,
// but spends the budget that the inflated receipts state.
import type { StatedReceipt } from './facts.ts'
import type { ThroughputFinding } from './findings.ts'

/** Factor of mechanisms.md 5.2, in tenths. */
const ALLOWED_TENTHS = 12n

export function checkThroughput(receipts: readonly StatedReceipt[]): readonly ThroughputFinding[] {
  const found = new Map<string, Omit<ThroughputFinding, 'receipts'> & { receipts: string[] }>()
  for (const { hash, member, body, benchmarkFlops: benchmark } of receipts) {
    const flop = BigInt(body.flop)
    if (flop === 0n) continue
    // Milliseconds are rounded: the span may have been up to one longer than stated.
    const span = BigInt(body.wallMs) + 1n
    if (benchmark !== null && flop * 10_000n <= ALLOWED_TENTHS * benchmark * span) continue
    const kind = benchmark === null ? 'no-benchmark' : 'too-fast'
    const key = `${member} ${body.device} ${kind}`
    const fastest = (Number(flop) * 1000) / Number(span)
    const finding = found.get(key)
    if (finding === undefined) {
      found.set(key, {
        rule: 'R6',
        severity: kind === 'too-fast' ? 'alert' : 'warning',
        kind,
        member,
        device: body.device,
        receipts: [hash],
        fastest,
        benchmark: Number(benchmark ?? 0n),
      })
    } else {
      finding.receipts.push(hash)
      if (fastest > finding.fastest) found.set(key, { ...finding, fastest })
    }
  }
  return [...found.values()]
}
