// R7: several identities that commit to the same training data. Roots are salted by the room, so they compare inside one
// room only. Two members who took the same part of a built-in task commit to the same root and are honest; the finding
// says so. One changed sample gives another root: this catches copies, not near-copies.
import type { MemberId } from '../../num/ids.ts'
import type { StatedJoin } from './facts.ts'
import type { Severity, SharedDataFinding } from './findings.ts'

const SEVERITY: Readonly<Record<SharedDataFinding['cause'], Severity>> = {
  'same-part': 'note',
  'different-parts': 'alert',
  'own-data': 'warning',
}

/** `ownerOf` gives the commitment that was vouched for, or "". */
export function findSharedData(
  joins: readonly StatedJoin[],
  ownerOf: (member: MemberId) => string,
): readonly SharedDataFinding[] {
  const byRoot = new Map<string, StatedJoin[]>()
  for (const join of joins) {
    if (join.body.dataRoot === '') continue
    const key = `${join.room} ${join.body.dataRoot}`
    const held = byRoot.get(key)
    if (held === undefined) byRoot.set(key, [join])
    else held.push(join)
  }
  const findings: SharedDataFinding[] = []
  for (const held of byRoot.values()) {
    const members = [...new Set(held.map(({ member }) => member))].sort()
    if (members.length < 2) continue
    const parts = new Set(held.map(({ body }) => body.part))
    const cause = parts.has(-1) ? 'own-data' : parts.size === 1 ? 'same-part' : 'different-parts'
    const { room, body } = held[0]!
    findings.push({
      rule: 'R7',
      severity: SEVERITY[cause],
      room,
      dataRoot: body.dataRoot,
      members,
      owners: [...new Set(members.map(ownerOf))].filter(owner => owner !== '').sort(),
      cause,
    })
  }
  return findings
}
