// Sees every training step of a tab when it happens: the trainer's worker stamps its progress messages, and the page,
// through which its port is led, keeps them. Nothing else of the program is changed.
import type { Page } from 'playwright'

export interface TappedStep {
  /** Milliseconds of the wall clock when the step ended, in the worker. */
  readonly at: number
}

interface Tap {
  /** Messages come at most every 50 ms and steps of one message share its time: shorter steps are told apart no further. */
  steps: TappedStep[]
  /** Wall-clock milliseconds of clicks and space strokes. */
  acts: number[]
}

declare global {
  interface Window {
    yoriaiTap?: Tap
  }
}

/** In the worker, before its own code. */
const STAMP = `{
  const post = MessagePort.prototype.postMessage
  MessagePort.prototype.postMessage = function (message, transfer) {
    const isProgress = message?.type === 'progress'
    post.call(this, isProgress ? { ...message, at: performance.timeOrigin + performance.now() } : message, transfer)
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
    Worker.prototype.postMessage = function (this: Worker, message: unknown, transfer: Transferable[]) {
      const { type, port } = (message ?? {}) as { type?: string; port?: MessagePort }
      if (type !== 'connect' || port === undefined) return post.call(this, message, transfer)
      const { port1, port2 } = new MessageChannel()
      port.onmessage = ({ data }) => port2.postMessage(data)
      port2.onmessage = ({ data }) => {
        if (data.type === 'progress') for (const _ of data.steps) tap.steps.push({ at: data.at })
        port.postMessage(data)
      }
      return post.call(this, { type, port: port1 }, [port1])
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
