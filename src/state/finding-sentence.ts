// A detector's finding as one sentence.
import type { Finding, ReceiptFault } from '../core/governance/detectors/findings.ts'
import type { Format } from '../i18n/format.ts'
import type { Oversight } from './oversight.ts'
import type { People } from './people.ts'

/** Their amount is in milliseconds, the others' in steps. */
const TIME_FAULTS: ReadonlySet<ReceiptFault> = new Set(['more-work-than-time', 'clock-back'])

export function findingSentence(finding: Finding, words: Oversight, people: People, f: Format): string {
  const { says } = words.detectors
  switch (finding.rule) {
    case 'R1': {
      const used = f.flop(finding.flop)
      const cap = f.flop(finding.capFlop)
      if (finding.by === 'lineage') return says.budgetLineage(used, cap)
      const sentence = says.budgetOwner(people.list(finding.members), used, cap)
      return finding.split ? `${sentence} ${says.split}` : sentence
    }
    case 'R2':
      return says.fresh(finding.model)
    case 'R3':
      return says.compared(finding.first, finding.second)
    case 'R4':
      return `${people.list(finding.members)}: ${says.nearCap(finding.runs.length, f.int(finding.runs.length))}`
    case 'R5': {
      const amount = TIME_FAULTS.has(finding.fault) ? f.seconds(finding.amount / 1000) : f.int(finding.amount)
      return words.detectors.says.receipt[finding.fault](people.who(finding.member), amount)
    }
    case 'R6': {
      const name = people.who(finding.member)
      return finding.kind === 'no-benchmark'
        ? says.noBenchmark(name)
        : says.tooFast(name, f.flops(finding.fastest), f.flops(finding.benchmark))
    }
    case 'R7':
      return says.shared[finding.cause](people.list(finding.members))
  }
  finding satisfies never
  return ''
}
