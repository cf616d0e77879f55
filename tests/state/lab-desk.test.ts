// The Lab's desk on an acted lab: one run at a time, what was replaced is not heard, everything ends with the screen.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Lab, LabEvent, LabPoint, LabSetup } from '../../src/ports/lab.ts'
import { LabDesk } from '../../src/state/lab-desk.svelte.ts'
import { DEFAULT_SETUP } from '../../src/state/lab-link.ts'

interface Acted {
  readonly setup: LabSetup
  readonly orders: string[]
  readonly say: (event: LabEvent) => void
  open: boolean
}

function actedLab(): { readonly lab: Lab; readonly runs: Acted[] } {
  const runs: Acted[] = []
  const lab: Lab = {
    start(setup, _fast, say) {
      const run: Acted = { setup, orders: [], say, open: true }
      runs.push(run)
      return {
        setPaused: paused => run.orders.push(paused ? 'pause' : 'resume'),
        setFast: fast => run.orders.push(fast ? 'fast' : 'paced'),
        act: act => run.orders.push(act),
        close: () => (run.open = false),
      }
    },
  }
  return { lab, runs }
}

const point = (seconds: number): LabPoint => ({
  seconds,
  round: seconds,
  accuracy: 0.5,
  low: 0.4,
  high: 0.6,
  bytesPerMember: 10,
  float32Bytes: 100,
  models: 1,
  members: 8,
  refused: 0,
})

describe('the desk of a lab', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('starts one run for a slider that moved over many values, and hears none that was replaced', async () => {
    const { lab, runs } = actedLab()
    const desk = new LabDesk(() => Promise.resolve(lab), DEFAULT_SETUP)
    await desk.restart()
    runs[0]!.say({ type: 'points', points: [point(1)] })
    expect(desk.phase).toBe('running')
    for (const members of [9, 10, 11]) desk.change({ members })
    expect(runs[0]!.open).toBe(false)
    expect(desk.points).toEqual([])
    await vi.runAllTimersAsync()
    runs[0]!.say({ type: 'points', points: [point(2)] })
    expect(desk.phase).toBe('starting')
    expect(runs.map(({ setup }) => setup.members)).toEqual([8, 11])
    desk.close()
    expect(runs.every(({ open }) => !open)).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('acts on a run that lives, marks the moment, and keeps so many points only', async () => {
    const { lab, runs } = actedLab()
    const desk = new LabDesk(() => Promise.resolve(lab), DEFAULT_SETUP)
    await desk.restart()
    const run = runs[0]!
    desk.act('heal')
    expect(run.orders).toEqual([])
    run.say({ type: 'points', points: Array.from({ length: 5_000 }, (_, i) => point(i)) })
    expect(desk.points.length).toBeLessThan(500)
    expect(desk.now?.seconds).toBe(4_999)
    desk.act('partition')
    desk.togglePause()
    desk.togglePause()
    desk.setFast(true)
    expect(run.orders).toEqual(['partition', 'pause', 'resume', 'fast'])
    run.say({ type: 'acted', act: 'partition', seconds: 5_000, done: true })
    expect(desk.marks).toMatchObject([{ act: 'partition', seconds: 5_000 }])
    run.say({ type: 'finished', fingerprint: 'ab', last: point(5_001) })
    expect([desk.phase, desk.fingerprint, run.open]).toEqual(['finished', 'ab', false])
  })

  it('says that it failed, and can be started again', async () => {
    const { lab, runs } = actedLab()
    let broken = true
    const open = () => (broken ? Promise.reject(new Error('no worker')) : Promise.resolve(lab))
    const desk = new LabDesk(open, DEFAULT_SETUP)
    await desk.restart()
    expect(desk.phase).toBe('failed')
    broken = false
    await desk.restart()
    runs[0]!.say({ type: 'crashed', message: 'broken inside' })
    expect([desk.phase, runs[0]!.open]).toEqual(['failed', false])
    await desk.restart()
    runs[1]!.say({ type: 'points', points: [point(1)] })
    expect(desk.phase).toBe('running')
  })
})
