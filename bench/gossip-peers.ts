// What the laboratory leaves out, by real peers on virtual time: the bytes that channels count in a round of ten, and what
// the others do when one leaves without a word. Random pixels: bytes do not depend on what is learned.
import type { Dataset } from '../src/core/data/dataset.ts'
import { createRng } from '../src/core/num/rng.ts'
import { blobCharter, CLASSES } from '../src/sim/blobs.ts'
import { MNIST_MLP } from '../src/sim/lab/plan.ts'
import { type SimMember, Swarm } from '../src/sim/swarm.ts'

/** Few steps, long ones: rounds last as long as twenty short ones would take, for less of this machine's time. */
const LOCAL_STEPS = 2
const STEP_MS = 5_000
const LIMIT_MS = 3_600_000

export interface PeerFigures {
  /** Sent by a member in a round, as its channels count, mean of members and rounds. */
  readonly roundBytes: number
  readonly rounds: number
  /** After one of them died: rounds closed by the others, and the longest of these, virtual seconds. */
  readonly roundsWithout: number
  readonly longestWithoutSeconds: number
  readonly typicalSeconds: number
}

export async function measurePeers(members: number, rounds: number, seed: string): Promise<PeerFigures> {
  const swarm = new Swarm({
    seed,
    charter: {
      ...blobCharter({ rounds: 0, localSteps: LOCAL_STEPS, profile: 'one-bit', committee: 0 }, members),
      model: MNIST_MLP,
    },
    partData: part => noise(`${seed}/part/${part}`, 64),
    testData: noise(`${seed}/test`, 64),
    stepMs: () => STEP_MS,
    latencyMs: 30,
  })
  for (let i = 0; i < members; i++) await swarm.join()
  const reach = (who: readonly SimMember[], round: number): Promise<boolean> =>
    swarm.clock.run(LIMIT_MS, () => who.every(({ peer }) => peer.machine.round >= round))
  // Joining and the first states are no part of a round.
  const first = 4
  await reach(swarm.members, first)
  const sent = (): number => swarm.members.reduce((sum, { peer }) => sum + sentBytes(peer), 0)
  const [before, begun] = [sent(), swarm.clock.now()]
  await reach(swarm.members, first + rounds)
  const roundBytes = (sent() - before) / members / rounds
  const typicalSeconds = (swarm.clock.now() - begun) / 1000 / rounds

  const [gone, ...others] = [...swarm.members].reverse()
  swarm.kill(gone!)
  const start = Math.min(...others.map(({ peer }) => peer.machine.round))
  let at = swarm.clock.now()
  let longest = 0
  let closed = 0
  while (closed < rounds && (await reach(others, start + closed + 1))) {
    longest = Math.max(longest, swarm.clock.now() - at)
    at = swarm.clock.now()
    closed++
  }
  swarm.close()
  return { roundBytes, rounds, roundsWithout: closed, longestWithoutSeconds: longest / 1000, typicalSeconds }
}

function sentBytes(peer: SimMember['peer']): number {
  peer.wire.traffic.sample()
  return peer.wire.traffic.sentBytes
}

function noise(seed: string, samples: number): Dataset {
  const rng = createRng(seed)
  const x = Uint8Array.from({ length: samples * 784 }, () => (rng.next() < 0.2 ? rng.below(256) : 0))
  return {
    shape: [28, 28, 1],
    classes: CLASSES,
    x,
    y: Uint16Array.from({ length: samples }, (_, i) => i % 10),
  }
}
