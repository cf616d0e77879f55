// The swarm as this member sees it, for the Swarm page.
import { SIGNED_HEADER_BYTES } from '../core/gossip/update.ts'
import { drawsAll } from '../core/gossip/sortition.ts'
import { maskedVectorBytes } from '../core/privacy/sum-bytes.ts'
import { trimCount } from '../core/robust/screen.ts'
import type { SwarmView } from '../ports/swarm-view.ts'
import type { Peer } from './peer.ts'

const CODECS = { 1: 'one-bit', 2: 'masked', 3: 'sparse' } as const

export function swarmView(peer: Peer): SwarmView {
  const { machine, charter, deps, wire } = peer
  const { terms } = charter
  const { window, progress } = machine
  const published = [...window.updatesOf(machine.round).keys()]
  const publishers = Math.max(progress.expected, published.length)
  const screens = terms.rule !== 'mean' && terms.rule !== 'clip-mean'
  const { sums } = peer
  const encoded = terms.profile === 'sparse' ? 'sparse' : CODECS[machine.codec === 2 ? 2 : 1]
  const parameters = window.current.params.length
  const votes = machine.presences.votes(window.base.round)
  const same = votes.get(window.baseHash)?.length ?? 0
  const all = [...votes.values()].reduce((sum, members) => sum + members.length, 0)
  return {
    links: [...deps.transport.links()],
    passed: [...wire.updates.passed],
    // Where changes are summed one member publishes for all.
    round: {
      published,
      expected: sums ? Math.min(1, progress.expected) : progress.expected,
      ageMs: deps.clock.now() - progress.startedAt,
    },
    lot: drawsAll(window.current.draw) ? null : { share: window.share, drawn: progress.drawn },
    tolerance: {
      rule: terms.rule,
      publishers,
      liars: screens ? trimCount(publishers, terms.trusted === 'yes') : 0,
    },
    bytes: {
      // In a room that sums a member sends its own vector once; the update is the sum of all.
      update: sums ? maskedVectorBytes(parameters) : SIGNED_HEADER_BYTES + machine.updateBytes(),
      codec: sums ? 'sum' : encoded,
      float32: 4 * parameters,
      parameters,
    },
    privacy: peer.rounds.noise.spent,
    sums: sums?.view ?? null,
    agreement: { round: window.base.round, same: same + 1, other: all - same },
  }
}
