// Runs the Lab page's swarm away from the page: real peers on virtual time over a network in memory. One setup, one worker;
// the page ends it. Nothing leaves this thread but points for the curves.
import type { LabAct, LabEvent, LabPoint, LabSetup } from '../ports/lab.ts'
import { LIVE_SECONDS, LiveSwarm } from '../sim/live.ts'
import { createWorkerTurns } from '../sim/worker-turns.ts'

export type LabOrder =
  | { readonly type: 'start'; readonly setup: LabSetup; readonly fast: boolean }
  | { readonly type: 'paused'; readonly paused: boolean }
  | { readonly type: 'fast'; readonly fast: boolean }
  | { readonly type: 'act'; readonly act: LabAct }

/** The page redraws at most four times a second. */
const POST_MS = 250
/** Virtual seconds in a real one, at the pace that can be followed. */
const PACE = 4
/** How many acts may wait: more than anybody presses within a virtual second. */
const MAX_WAITING = 16

let fast = false
let paused = false
let wake = (): void => undefined
const waiting: LabAct[] = []

self.onmessage = ({ data: order }: MessageEvent<LabOrder>) => {
  switch (order.type) {
    case 'start':
      fast = order.fast
      run(order.setup).catch((error: unknown) => answer({ type: 'crashed', message: String(error) }))
      return
    case 'paused':
      paused = order.paused
      return wake()
    case 'fast':
      fast = order.fast
      return wake()
    case 'act':
      if (waiting.length < MAX_WAITING) waiting.push(order.act)
      return wake()
    default:
      order satisfies never
  }
}

async function run(setup: LabSetup): Promise<void> {
  const swarm = new LiveSwarm(setup, createWorkerTurns())
  await swarm.begin()
  let points: LabPoint[] = []
  let posted = performance.now()
  let last = swarm.point()
  for (let second = 1; second <= LIVE_SECONDS; second++) {
    const since = performance.now()
    await swarm.advance(second)
    last = swarm.point()
    points.push(last)
    if (second === LIVE_SECONDS || performance.now() - posted >= POST_MS || !fast) {
      answer({ type: 'points', points })
      points = []
      posted = performance.now()
    }
    if (!fast) await rest(1000 / PACE - (performance.now() - since))
    if (paused && points.length > 0) {
      answer({ type: 'points', points })
      points = []
    }
    while (paused || waiting.length > 0) {
      for (const act of waiting.splice(0)) {
        const done = await swarm.act(act)
        answer({ type: 'acted', act, seconds: second, done })
      }
      if (paused) await rest(Infinity)
    }
  }
  answer({ type: 'finished', fingerprint: swarm.fingerprint(), last })
  swarm.close()
}

/** Until the time is over or something was ordered. */
function rest(ms: number): Promise<void> {
  return new Promise(resolve => {
    const timer = ms === Infinity ? undefined : setTimeout(resolve, Math.max(0, ms))
    wake = () => {
      clearTimeout(timer)
      resolve()
    }
  })
}

function answer(event: LabEvent): void {
  self.postMessage(event)
}
