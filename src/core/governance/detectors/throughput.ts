// R6: work faster than the device can do. The benchmark is what the member had registered for the device; a receipt may
// exceed it by a fifth (a benchmark catches a device in any mood). One fast receipt is a warning, since timers and benchmarks
// are coarse; a device that is too fast over all its receipts is an alert. Who registers an inflated benchmark escapes this
// rule, but spends the budget that the inflated receipts state.
import type { MemberId } from '../../num/ids.ts'
import type { StatedReceipt } from './facts.ts'
import type { ThroughputFinding } from './findings.ts'

/** Factor of mechanisms.md 5.2, in tenths. */
const ALLOWED_TENTHS = 12n

interface Use {
  readonly member: MemberId
  readonly device: string
  flop: bigint
  /** What the benchmark allows in the time stated; null as soon as one receipt had no benchmark. */
  allowed: bigint | null
  benchmark: bigint
  fastest: number
  readonly tooFast: string[]
  readonly unmeasured: string[]
}

export function checkThroughput(receipts: readonly StatedReceipt[]): readonly ThroughputFinding[] {
  const uses = new Map<string, Use>()
  for (const { hash, member, body, benchmarkFlops } of receipts) {
    const flop = BigInt(body.flop)
    if (flop === 0n) continue
    const { device } = body
    const key = `${member} ${device}`
    let use = uses.get(key)
    if (use === undefined) {
      use = { member, device, flop: 0n, allowed: 0n, benchmark: 0n, fastest: 0, tooFast: [], unmeasured: [] }
      uses.set(key, use)
    }
    use.flop += flop
    if (benchmarkFlops === null) {
      use.allowed = null
      use.unmeasured.push(hash)
      continue
    }
    // Milliseconds are rounded: the span may have been up to one longer than stated.
    const spanMs = BigInt(body.wallMs) + 1n
    const allowed = (ALLOWED_TENTHS * benchmarkFlops * spanMs) / 10_000n
    if (use.allowed !== null) use.allowed += allowed
    if (flop <= allowed) continue
    use.tooFast.push(hash)
    use.benchmark = benchmarkFlops
    use.fastest = Math.max(use.fastest, (Number(flop) * 1000) / Number(spanMs))
  }
  return [...uses.values()].flatMap(use => findingsOf(use))
}

function findingsOf(use: Use): readonly ThroughputFinding[] {
  const { member, device } = use
  const findings: ThroughputFinding[] = []
  if (use.tooFast.length > 0) {
    findings.push({
      rule: 'R6',
      severity: use.allowed !== null && use.flop > use.allowed ? 'alert' : 'warning',
      kind: 'too-fast',
      member,
      device,
      receipts: use.tooFast,
      fastest: use.fastest,
      benchmark: Number(use.benchmark),
    })
  }
  if (use.unmeasured.length > 0) {
    findings.push({
      rule: 'R6',
      severity: 'warning',
      kind: 'no-benchmark',
      member,
      device,
      receipts: use.unmeasured,
      fastest: 0,
      benchmark: 0,
    })
  }
  return findings
}
