// Acted governance: every state of compute and of one's own standing on demand, with motions, licences, devices and a past.
import type { GovernanceTerms } from '../../src/core/ledger/entry.ts'
import type { ComputeState, GovernanceView, OwnStanding } from '../../src/ports/governance-view.ts'
import { memberId, type Scenario } from './fake-data.ts'
import { DEVICE, hashOf, NOW } from './fake-ledger.ts'

export function termsOf({ members, rule }: Scenario): GovernanceTerms {
  const few = rule === 'plain' || members < 4
  return {
    guardians: few ? [memberId(0)] : [memberId(0), memberId(1), memberId(2)],
    quorum: few ? 1 : 2,
    resumeQuorum: few ? 1 : 3,
    issuers: few ? [] : [memberId(0)],
    licensing: few ? 'open' : 'licensed',
    budget: few
      ? { memberFlop: '0', roundFlop: '0', lineageFlop: '0' }
      : { memberFlop: '12000000000', roundFlop: '1000000000', lineageFlop: '40000000000' },
    sealing: 'host',
    heartbeatMs: few ? 0 : 30_000,
    expiresUnixMs: few ? 0 : NOW + 30 * 86_400_000,
  }
}

export function computeOf(status: ComputeState['status']): ComputeState {
  switch (status) {
    case 'held':
      return { status, by: memberId(1), secondsLeft: 42, reason: 'The curves jump: let us look first' }
    case 'paused':
      return {
        status,
        order: hashOf(2002),
        sinceUnixMs: NOW - 300_000,
        reason: 'Somebody’s laptop is too hot to touch',
      }
    case 'resuming':
      return { status, secondsLeft: 2 }
    case 'unattended':
      return { status, secondsSilent: 47 }
    case 'running':
    case 'lineage-spent':
    case 'expired':
      return { status }
  }
  return status satisfies never
}

export function governanceOf(scenario: Scenario): GovernanceView {
  const terms = termsOf(scenario)
  const busy = terms.guardians.length > 1
  const id = memberId
  const count = Math.min(scenario.members, 6)
  const guardian = scenario.guardian
  return {
    terms,
    lineage: hashOf(1),
    compute: computeOf(scenario.compute as ComputeState['status']),
    standing: scenario.standing as OwnStanding,
    isGuardian: guardian,
    isIssuer: guardian && busy,
    isAnchor: guardian,
    canHold: guardian && scenario.compute === 'running',
    lineageFlop: 34_100_000_000n,
    meters: Array.from({ length: count }, (_, i) => ({
      member: id(i),
      flop: [9_360_000_000n, 12_000_000_000n, 7_900_000_000n, 3_100_000_000n, 1_700_000_000n, 40_000_000n][
        i
      ]!,
      capFlop: busy ? 12_000_000_000n : 0n,
      level: ([1, 2, 1, 0, 0, 0] as const)[i]!,
    })),
    motions: busy
      ? [
          {
            hash: hashOf(2003),
            kind: 'amend',
            action: '',
            author: id(2),
            unixMs: NOW - 60_000,
            reason: 'We train longer than we thought, and want to be safe when nobody watches',
            target: hashOf(0),
            signed: [id(2)],
            needed: 2,
            status: 'open',
            canSign: guardian,
          },
          {
            hash: hashOf(2001),
            kind: 'licence',
            action: '',
            author: id(0),
            unixMs: NOW - 90_000,
            reason: '',
            target: id(1),
            signed: [id(0)],
            needed: 2,
            status: 'open',
            canSign: false,
          },
          {
            hash: hashOf(2005),
            kind: 'evict',
            action: '',
            author: id(1),
            unixMs: NOW - 95_000,
            reason: 'Gone since yesterday',
            target: id(5),
            signed: [id(1), id(2), id(3)],
            needed: 5,
            status: 'open',
            canSign: true,
          },
          {
            hash: hashOf(2002),
            kind: 'order',
            action: 'pause',
            author: id(1),
            unixMs: NOW - 310_000,
            reason: 'Somebody’s laptop is too hot to touch',
            target: '',
            signed: [id(1), id(2)],
            needed: 2,
            status: 'effective',
            canSign: false,
          },
        ]
      : [],
    licences: busy
      ? [
          {
            hash: hashOf(2001),
            subject: id(1),
            devices: [DEVICE(1)],
            budgetFlop: 20_000_000_000n,
            spentFlop: 0n,
            rateFlops: 2_000_000_000n,
            notBeforeUnixMs: NOW - 3_600_000,
            expiresUnixMs: NOW + 86_400_000,
            status: 'open',
          },
          {
            hash: hashOf(2011),
            subject: id(0),
            devices: [DEVICE(0)],
            budgetFlop: 30_000_000_000n,
            spentFlop: 9_360_000_000n,
            rateFlops: 0n,
            notBeforeUnixMs: NOW - 7_200_000,
            expiresUnixMs: NOW + 86_400_000,
            status: 'valid',
          },
        ]
      : [],
    devices: Array.from({ length: count }, (_, i) => ({
      device: DEVICE(i),
      holder: id(i),
      label: ['Laptop', 'Desktop at home', 'Phone', 'Borrowed laptop', 'Tablet', 'Server'][i]!,
      backend: ['webgpu', 'wasm', 'webgl', 'wasm', 'cpu', 'webgpu'][i]!,
      benchmarkFlops: BigInt(3_100_000_000 - i * 390_000_000),
      custody:
        i === 3
          ? [
              { hash: hashOf(50), holder: id(1), unixMs: NOW - 5_000_000 },
              { hash: hashOf(51), holder: id(3), unixMs: NOW - 4_000_000 },
            ]
          : [{ hash: hashOf(52 + i), holder: id(i), unixMs: NOW - 5_000_000 }],
      own: i === 0,
    })),
    violations: busy ? [{ member: id(4), kind: 'rate', receipt: hashOf(55) }] : [],
    timeline: busy
      ? [
          {
            hash: hashOf(2003),
            unixMs: NOW - 60_000,
            author: id(2),
            kind: 'amend',
            action: '',
            target: hashOf(0),
            reason: 'We train longer than we thought, and want to be safe when nobody watches',
            effective: false,
          },
          {
            hash: hashOf(2002),
            unixMs: NOW - 310_000,
            author: id(1),
            kind: 'order',
            action: 'pause',
            target: '',
            reason: 'Somebody’s laptop is too hot to touch',
            effective: true,
          },
          {
            hash: hashOf(2008),
            unixMs: NOW - 900_000,
            author: id(0),
            kind: 'vouch',
            action: '1',
            target: id(1),
            reason: '',
            effective: true,
          },
          {
            hash: hashOf(0),
            unixMs: NOW - 3_000_000,
            author: id(0),
            kind: 'charter',
            action: '',
            target: '',
            reason: '',
            effective: true,
          },
        ]
      : [
          {
            hash: hashOf(0),
            unixMs: NOW - 3_000_000,
            author: id(0),
            kind: 'charter',
            action: '',
            target: '',
            reason: '',
            effective: true,
          },
        ],
    requests: busy
      ? [
          {
            hash: hashOf(91),
            by: id(3),
            commitment: hashOf(801),
            reason: 'Yearly audit of the club',
            known: true,
          },
          { hash: hashOf(92), by: id(3), commitment: hashOf(803), reason: 'Follow-up', known: false },
        ]
      : [],
  }
}
