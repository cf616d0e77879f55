// Named runs of the simulator: what happens, and what must hold at the end. A run is (scenario, members, seed).
import type { CharterBody } from '../core/ledger/entry.ts'
import { createRng } from '../core/num/rng.ts'
import { blobSwarm } from './blobs.ts'
import { Swarm, type SimMember } from './swarm.ts'

export interface Check {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly bar: string
  readonly ok: boolean
}

export interface ScenarioResult {
  readonly checks: readonly Check[]
  readonly rounds: number
  readonly virtualSeconds: number
  readonly sentBytesPerMember: number
}

type Scenario = (members: number, seed: string, progress: (line: string) => void) => Promise<ScenarioResult>

const WITHIN_ONE_POINT = 0.01

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  /** Everybody stays: label-disjoint parts, one model that knows all classes. */
  room: (members, seed, progress) =>
    run(members, seed, { rounds: 40 }, progress, async swarm => void (await untilDone(swarm))),

  /** Every ten seconds one member is killed and an earlier victim comes back. */
  churn: (members, seed, progress) =>
    run(members, seed, { rounds: 60 }, progress, async swarm => {
      const rng = createRng(`${seed}/churn`)
      let away: SimMember | undefined
      for (let at = 10_000; at <= 60_000; at += 10_000) {
        await swarm.clock.run(at)
        if (away) await swarm.rejoin(away)
        away = swarm.members[1 + rng.below(swarm.members.length - 1)]!
        swarm.kill(away)
      }
      if (away) await swarm.rejoin(away)
      await untilDone(swarm)
    }),

  /** Half of the room loses sight of the other half for fifteen seconds. */
  split: (members, seed, progress) =>
    run(members, seed, { rounds: 60 }, progress, async swarm => {
      await swarm.clock.run(10_000)
      const ids = swarm.members.map(({ signer }) => signer.id)
      swarm.network.partition([ids.slice(0, Math.ceil(ids.length / 2)), ids.slice(Math.ceil(ids.length / 2))])
      await swarm.clock.run(25_000)
      swarm.network.heal()
      await untilDone(swarm)
    }),
}

async function untilDone(swarm: Swarm): Promise<boolean> {
  const done = ({ peer }: SimMember): boolean =>
    peer.phase === 'finished' && (peer.gauge.swarm?.samples ?? 0) >= 1000
  const finished = await swarm.clock.run(swarm.clock.now() + 600_000, () => swarm.members.every(done))
  // Updates of the last rounds may still be on their way.
  await swarm.clock.run(swarm.clock.now() + 5_000)
  return finished
}

async function run(
  members: number,
  seed: string,
  terms: Partial<CharterBody['terms']>,
  progress: (line: string) => void,
  script: (swarm: Swarm) => Promise<void>,
): Promise<ScenarioResult> {
  const swarm = new Swarm({ ...blobSwarm(seed, terms, Math.max(4, members)), lossRate: 0.02, latencyMs: 30 })
  for (let i = 0; i < members; i++) await swarm.join()
  const report = (): void => {
    const rounds = swarm.members.map(({ peer }) => peer.machine.round)
    progress(
      `${(swarm.clock.now() / 1000).toFixed(0)} s: rounds ${Math.min(...rounds)} to ${Math.max(...rounds)}`,
    )
    swarm.clock.after(5_000, report)
  }
  report()
  await script(swarm)
  const accuracies = swarm.members.map(({ peer }) => peer.gauge.swarm?.accuracy ?? 0)
  const lowest = Math.min(...accuracies)
  const spread = Math.max(...accuracies) - lowest
  const hashes = commonHashes(swarm.members)
  const sent = swarm.members.reduce((sum, { peer }) => sum + peer.wire.traffic.sentBytes, 0)
  const result: ScenarioResult = {
    checks: [
      check('lowest accuracy', lowest, 'fraction', '>= 0.8', lowest >= 0.8),
      check('spread', spread, 'fraction', '<= 0.01', spread <= WITHIN_ONE_POINT),
      check('different common models', hashes.size, 'models', '= 1', hashes.size === 1),
    ],
    rounds: Math.max(...swarm.members.map(({ peer }) => peer.machine.round)),
    virtualSeconds: swarm.clock.now() / 1000,
    sentBytesPerMember: Math.round(sent / members),
  }
  swarm.close()
  return result
}

/** Hashes that members hold for the newest frozen round that all of them have; 'none' when there is no such round. */
export function commonHashes(members: readonly SimMember[]): Set<string> {
  const anchors = members.map(
    ({ peer }) => new Map(peer.machine.window.anchors.map(({ round, hash }) => [round, hash])),
  )
  const round = [...(anchors[0]?.keys() ?? [])]
    .filter(candidate => anchors.every(map => map.has(candidate)))
    .pop()
  return new Set(anchors.map(map => (round === undefined ? 'none' : map.get(round)!)))
}

function check(name: string, value: number, unit: string, bar: string, ok: boolean): Check {
  return { name, value, unit, bar, ok }
}
