// What a page's main thread does while its tab trains: long tasks as the page itself would see them (PerformanceObserver),
// and every task of the thread from a trace, with its time on the processor beside its time on the clock. On a machine
// with more threads than cores a task is long on the clock because others ran; its processor time is the page's own.
import type { CDPSession, Page } from 'playwright'

export interface LongTask {
  /** Milliseconds since the page's time origin. */
  readonly startMs: number
  readonly durationMs: number
}

/** What the thread did without a break: a task, or the microtasks after it. */
export interface ThreadPiece {
  readonly startMs: number
  readonly wallMs: number
  /** Processor time of the thread itself. */
  readonly ownMs: number
}

declare global {
  interface Window {
    yoriaiLongTasks?: LongTask[]
  }
}

/** For TabOptions.prepare: observes from before the first script. */
export async function observeLongTasks(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen: LongTask[] = []
    window.yoriaiLongTasks = seen
    new PerformanceObserver(list => {
      for (const { startTime, duration } of list.getEntries())
        seen.push({ startMs: startTime, durationMs: duration })
    }).observe({ type: 'longtask', buffered: true })
  })
}

export async function longTasksSince(page: Page, sinceMs: number): Promise<readonly LongTask[]> {
  const tasks = await page.evaluate(() => window.yoriaiLongTasks)
  if (!tasks) throw new Error('the page was opened without its observer')
  return tasks.filter(({ startMs }) => startMs >= sinceMs)
}

interface TraceEvent {
  readonly name: string
  readonly ph: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  readonly tdur?: number
}

const MARK = 'yoriai-trace-begins'

/** Traces what the page's main thread does until the returned function is called. */
export async function traceMainThread(page: Page): Promise<() => Promise<readonly ThreadPiece[]>> {
  const session = await page.context().newCDPSession(page)
  const events: TraceEvent[] = []
  session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])))
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'devtools.timeline', 'blink.user_timing'] },
  })
  // Tells the page's thread from those of other pages of the browser, and trace time from page time.
  const markedAtMs = await page.evaluate(name => performance.mark(name).startTime, MARK)
  return async () => {
    await endTracing(session)
    const mark = events.find(({ name }) => name === MARK)
    if (!mark) throw new Error('the trace does not show the page')
    const ofThread = events
      .filter(event => event.ph === 'X' && event.pid === mark.pid && event.tid === mark.tid)
      .sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0))
    const pieces: ThreadPiece[] = []
    let end = -Infinity
    for (const { ts, dur = 0, tdur = 0 } of ofThread) {
      // What lies inside another event is a part of it.
      if (ts < end) continue
      end = ts + dur
      pieces.push({ startMs: markedAtMs + (ts - mark.ts) / 1000, wallMs: dur / 1000, ownMs: tdur / 1000 })
    }
    return pieces
  }
}

/** Processor time that the thread itself had during a long task. */
export function ownMsOf({ startMs, durationMs }: LongTask, pieces: readonly ThreadPiece[]): number {
  return pieces
    .filter(piece => piece.startMs < startMs + durationMs && piece.startMs + piece.wallMs > startMs)
    .reduce((sum, { ownMs }) => sum + ownMs, 0)
}

async function endTracing(session: CDPSession): Promise<void> {
  const complete = new Promise<void>(resolve => session.once('Tracing.tracingComplete', () => resolve()))
  await session.send('Tracing.end')
  await complete
  await session.detach()
}
