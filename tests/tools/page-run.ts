// The measurement behind "the page is usable while training": one tab watched from before its first script, another that
// trains with it. For the e2e test and for `npm run bench -- page`.
import { imageDraft } from './drafts.ts'
import { longTasksSince, observeLongTasks, ownMsOf, traceMainThread, type LongTask } from './main-thread.ts'
import { createRoom, joinRoom, sleep, waitForView, type Rig } from './rig.ts'

export const LONG_TASK_MS = 50

export interface PageFigures {
  readonly seconds: number
  readonly rounds: number
  readonly steps: number
  readonly backend: string
  /** As PerformanceObserver reports them, with the processor time of the page in each. */
  readonly longTasks: readonly (LongTask & { readonly ownMs: number })[]
  /** Of these, the ones that the page itself caused; in the others other threads had the processor. */
  readonly ownLongTasks: number
  /** 0 where there was no long task. */
  readonly longestWallMs: number
  readonly longestOwnMs: number
  /** Processor time of the main thread per second. */
  readonly ownMsPerSecond: number
}

export async function measurePage(rig: Rig, seconds: number): Promise<PageFigures> {
  const watched = await rig.openTab('Watched', { prepare: observeLongTasks })
  const other = await rig.openTab('Other')
  const link = await createRoom(watched, imageDraft({ parts: 2, partition: { type: 'iid' } }))
  await Promise.all([watched, other].map(tab => joinRoom(tab, link)))
  const first = await waitForView(watched, 'the first step', ({ totalSteps }) => totalSteps > 0)
  await waitForView(other, 'the first step', ({ totalSteps }) => totalSteps > 0)
  const fromMs = await watched.page.evaluate(() => performance.now())
  const stop = await traceMainThread(watched.page)
  await sleep(1000 * seconds)
  const pieces = await stop()
  const untilMs = Math.max(...pieces.map(({ startMs, wallMs }) => startMs + wallMs))
  const seen = await longTasksSince(watched.page, fromMs)
  const longTasks = seen
    .filter(({ startMs }) => startMs <= untilMs)
    .map(task => ({ ...task, ownMs: ownMsOf(task, pieces) }))
  const last = (await watched.view())!
  await Promise.all([watched, other].map(tab => tab.close()))
  return {
    seconds,
    rounds: last.round - first.round,
    steps: last.totalSteps - first.totalSteps,
    backend: last.backend?.backend ?? 'none',
    longTasks,
    ownLongTasks: longTasks.filter(({ ownMs }) => ownMs > LONG_TASK_MS).length,
    longestWallMs: Math.max(0, ...longTasks.map(({ durationMs }) => durationMs)),
    longestOwnMs: Math.max(...pieces.map(({ ownMs }) => ownMs)),
    ownMsPerSecond: pieces.reduce((sum, { ownMs }) => sum + ownMs, 0) / seconds,
  }
}
