// Sees every training step of a tab when it happens: the trainer's worker stamps each report of a step as it is put into the
// next progress message and tells the page beside its port. No message of the program makes a detour, so none is delayed.
import type { Page } from 'playwright'

export interface TappedStep {
  /** Milliseconds of the wall clock when the step ended, in the worker. */
  readonly at: number
}

interface Tap {
  steps: TappedStep[]
  /** Wall-clock milliseconds of clicks and space strokes. */
  acts: number[]
}

declare global {
  interface Window {
    yoriaiTap?: Tap
  }
}

/** In the worker, before its own code: a report {step, loss} is pushed to a list when its step ended. */
const STAMP = `{
  const push = Array.prototype.push
  Array.prototype.push = function (...items) {
    for (const item of items)
      if (typeof item?.step === 'number' && typeof item.loss === 'number')
        self.postMessage({ tapped: performance.timeOrigin + performance.now() })
    return push.apply(this, items)
  }
}
`

/** For TabOptions.prepare. */
export async function tapTrainer(page: Page): Promise<void> {
  await page.route(/\/assets\/trainer\.worker-[^/]*\.js$/, async route => {
    const response = await route.fetch()
    await route.fulfill({ response, body: STAMP + (await response.text()) })
  })
  await page.addInitScript(() => {
    const tap: Tap = { steps: [], acts: [] }
    window.yoriaiTap = tap
    const note = (): void => void tap.acts.push(performance.timeOrigin + performance.now())
    addEventListener('click', note, true)
    addEventListener('keydown', ({ key }) => key === ' ' && note(), true)
    const post: (message: unknown, transfer: Transferable[]) => void = Worker.prototype.postMessage
    const heard = new WeakSet<Worker>()
    Worker.prototype.postMessage = function (this: Worker, message: unknown, transfer: Transferable[]) {
      if (!heard.has(this))
        this.addEventListener('message', ({ data }) => {
          if (typeof data?.tapped === 'number') tap.steps.push({ at: data.tapped })
        })
      heard.add(this)
      post.call(this, message, transfer)
    } as typeof Worker.prototype.postMessage
  })
}

export async function tapped(page: Page): Promise<Tap> {
  const tap = await page.evaluate(() => window.yoriaiTap)
  if (!tap) throw new Error('the page was opened without its tap')
  return tap
}

/** Steps that ended after a moment. */
export function stepsAfter({ steps }: Tap, ms: number): readonly TappedStep[] {
  return steps.filter(({ at }) => at > ms)
}

/** Median time from step to step: what lies between rounds is longer and rare. */
export function medianStepMs(steps: readonly TappedStep[]): number {
  const gaps = steps.slice(1).map(({ at }, i) => at - steps[i]!.at)
  return gaps.sort((a, b) => a - b)[gaps.length >> 1] ?? NaN
}
