// Solves the market of the Lab page away from the page, and runs its studies: one worker for looks, one for each study, which the
// page ends to cancel it. Nothing is loaded and nothing leaves this thread but figures.
import type { LookEvent, MarketMove, MarketSetup, MarketStudy, StudyEvent } from '../ports/market-lab.ts'
import { lookAt } from '../sim/market/look.ts'
import { reportsStudy, trainingStudy } from '../sim/market/studies.ts'

export type MarketOrder =
  | { readonly type: 'look'; readonly setup: MarketSetup; readonly moves: readonly MarketMove[] }
  | { readonly type: 'study'; readonly study: MarketStudy; readonly setup: MarketSetup }

/** Progress is told at most so often. */
const POST_MS = 120

self.onmessage = ({ data: order }: MessageEvent<MarketOrder>) => {
  switch (order.type) {
    case 'look': {
      const since = performance.now()
      const look = lookAt(order.setup, order.moves)
      return answer({ type: 'look', look, ms: performance.now() - since })
    }
    case 'study':
      return study(order.study, order.setup)
    default:
      order satisfies never
  }
}

function study(kind: MarketStudy, setup: MarketSetup): void {
  const steps = kind === 'reports' ? reportsStudy(setup) : trainingStudy(setup)
  let told = -Infinity
  let step = steps.next()
  while (!step.done) {
    if (performance.now() - told >= POST_MS) {
      answer({ type: 'progress', done: step.value })
      told = performance.now()
    }
    step = steps.next()
  }
  answer(
    step.value.ok
      ? { type: 'done', result: step.value.value }
      : { type: 'refused', refusal: step.value.refusal },
  )
}

function answer(event: LookEvent | StudyEvent): void {
  self.postMessage(event)
}
