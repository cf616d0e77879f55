// What training costs the page: long tasks of the main thread in a tab that trains, by PerformanceObserver and by a trace.
// Option: --seconds=20.
import { LONG_TASK_MS, measurePage } from '../tests/tools/page-run.ts'
import { createRig } from '../tests/tools/rig.ts'
import { check, commitName, deviceName, figure, type Report } from './report.ts'

export async function run(args: readonly string[] = []): Promise<Report> {
  const option = args.find(arg => arg.startsWith('--seconds='))?.slice('--seconds='.length)
  const rig = await createRig()
  try {
    const figures = await measurePage(rig, Number(option ?? 20))
    const { longTasks, ownLongTasks, longestOwnMs, longestWallMs, ownMsPerSecond, ...rest } = figures
    return {
      bench: 'page',
      commit: commitName(),
      device: deviceName(`Chromium ${rig.browser.version()}`),
      seeds: [],
      checks: [
        check(`long tasks over ${LONG_TASK_MS} ms that the page caused`, ownLongTasks, 'tasks', '<=', 0),
        check('longest stretch of the main thread, processor time', longestOwnMs, 'ms', '<=', LONG_TASK_MS),
        figure('long tasks on the clock, turns of other threads included', longTasks.length, 'tasks'),
        figure('the longest of these', longestWallMs, 'ms'),
        figure('processor time of the main thread', ownMsPerSecond, 'ms a second'),
      ],
      ...rest,
      longTasks,
    }
  } finally {
    await rig.close()
  }
}
