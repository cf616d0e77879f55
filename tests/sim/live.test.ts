// The Lab's swarm without its worker: it replays, learns, shows a split as one and heals, and a rule against liars is seen
// to matter.
import { describe, expect, it } from 'vitest'
import type { LabAct, LabPoint, LabSetup } from '../../src/ports/lab.ts'
import { LiveSwarm } from '../../src/sim/live.ts'
import { DEFAULT_SETUP } from '../../src/state/lab-link.ts'

interface Played {
  readonly points: readonly LabPoint[]
  readonly fingerprint: string
}

async function play(
  part: Partial<LabSetup>,
  seconds: number,
  acts: Readonly<Record<number, LabAct>> = {},
): Promise<Played> {
  const swarm = new LiveSwarm({ ...DEFAULT_SETUP, members: 5, ...part })
  try {
    await swarm.begin()
    const points: LabPoint[] = []
    for (let second = 1; second <= seconds; second++) {
      await swarm.advance(second)
      points.push(swarm.point())
      const act = acts[second]
      if (act) expect(await swarm.act(act)).toBe(true)
    }
    return { points, fingerprint: swarm.fingerprint() }
  } finally {
    swarm.close()
  }
}

describe('the swarm of the lab', () => {
  it('ends the same way from the same seed and acts, and another way from another seed', async () => {
    const acts = { 4: 'poison', 6: 'loss' } as const
    const first = await play({}, 10, acts)
    expect(await play({}, 10, acts)).toEqual(first)
    expect((await play({ seed: 'tea' }, 10, acts)).fingerprint).not.toBe(first.fingerprint)
    expect(first.points.at(-1)!.members).toBe(6)
  })

  it('learns, shows two models while it is cut in two, and one after it is healed', async () => {
    // A half of two waits for a third until the leases of those beyond the cut are over.
    const { points } = await play({}, 44, { 14: 'partition', 28: 'heal' })
    const at = (second: number) => points[second - 1]!
    expect(at(14).accuracy).toBeGreaterThan(at(3).accuracy + 0.2)
    expect(at(14).models).toBe(1)
    expect(at(28).models).toBe(2)
    expect(at(44).models).toBe(1)
    expect(at(44).bytesPerMember).toBeLessThan(at(44).float32Bytes / 4)
  })

  it('falls to one who shouts under the plain mean, and not under clip and trim', async () => {
    const terms = { members: 6, attackers: 1, attack: 'scaling' } as const
    const mean = await play({ ...terms, rule: 'mean' }, 20)
    const trimmed = await play({ ...terms, rule: 'clip-trim' }, 20)
    expect(mean.points.at(-1)!.accuracy).toBeLessThan(0.3)
    expect(trimmed.points.at(-1)!.accuracy).toBeGreaterThan(0.7)
  })

  it('counts who was shut out for telling two things at once', async () => {
    const { points } = await play({ attackers: 1, attack: 'equivocator' }, 10)
    expect(points.at(-1)!.refused).toBe(1)
  })

  it('takes six poisoners more and not a seventh', async () => {
    const swarm = new LiveSwarm({ ...DEFAULT_SETUP, members: 2 })
    await swarm.begin()
    const taken: boolean[] = []
    for (let i = 0; i < 7; i++) taken.push(await swarm.act('poison'))
    swarm.close()
    expect(taken).toEqual([true, true, true, true, true, true, false])
  })
})
