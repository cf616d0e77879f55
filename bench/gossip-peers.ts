// What the laboratory leaves out, by real peers on virtual time: the bytes that channels count in a round of ten, and what
// the others do when one leaves without a word. Random pixels: bytes do not depend on what is learned.
import type { Dataset } from '../src/core/data/dataset.ts'
import { createRng } from '../src/core/num/rng.ts'
import { blobCharter, CLASSES } from '../src/sim/blobs.ts'
import { MNIST_MLP } from '../src/sim/lab/plan.ts'
import { decodeMessage } from '../src/protocol/messages.ts'
import type { Transport } from '../src/ports/transport.ts'
import { type PeerPorts, type SimMember, Swarm } from '../src/sim/swarm.ts'

/** Few steps, long ones: rounds last as long as twenty short ones would take, for less of this machine's time. */
const LOCAL_STEPS = 2
const STEP_MS = 5_000
const LIMIT_MS = 3_600_000

interface PeerFigures {
  /** Sent by a member in a round: updates, and all that its channels count; means of members and rounds. */
  readonly updateBytes: number
  readonly allBytes: number
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
  let updates = 0
  const counting = (ports: PeerPorts): PeerPorts => ({
    ...ports,
    transport: watched(ports.transport, message => {
      if (decodeMessage(message)?.type === 'update') updates += message.length
    }),
  })
  for (let i = 0; i < members; i++) await swarm.join({ ports: counting })
  const reach = (who: readonly SimMember[], round: number): Promise<boolean> =>
    swarm.clock.run(LIMIT_MS, () => who.every(({ peer }) => peer.machine.round >= round))
  // Joining and the first states are no part of a round.
  const first = 4
  await reach(swarm.members, first)
  const sent = (): number => swarm.members.reduce((sum, { peer }) => sum + sentBytes(peer), 0)
  const [before, updatesBefore, begun] = [sent(), updates, swarm.clock.now()]
  await reach(swarm.members, first + rounds)
  const allBytes = (sent() - before) / members / rounds
  const updateBytes = (updates - updatesBefore) / members / rounds
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
  const longestWithoutSeconds = longest / 1000
  return { updateBytes, allBytes, rounds, roundsWithout: closed, longestWithoutSeconds, typicalSeconds }
}

/** The transport, with somebody who sees what is sent. */
function watched(transport: Transport, see: (message: Uint8Array) => void): Transport {
  const send: Transport['send'] = (member, message, priority) => {
    see(message)
    return transport.send(member, message, priority)
  }
  return new Proxy(transport, {
    get(target, key) {
      if (key === 'send') return send
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
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
