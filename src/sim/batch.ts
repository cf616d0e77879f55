// Many seeded runs on all cores: child processes take seeds one by one and report. What a run is and what its report says is
// for the caller. A run that throws ends the batch, with its seed on the console.
import { fork } from 'node:child_process'

export interface Batch<Order, Report> {
  /** The module that calls serveRuns. */
  readonly worker: URL
  readonly runs: number
  readonly jobs: number
  readonly orderOf: (run: number) => Order
  readonly onReport: (report: Report) => void
}

/** The seed of one run; a single run has the seed that was asked for, so that a failure replays by its own seed. */
export function seedOf(seed: string, runs: number, run: number): string {
  return runs === 1 ? seed : `${seed}/${run}`
}

export async function runInChildren<Order, Report>(batch: Batch<Order, Report>): Promise<void> {
  let next = 0
  const child = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const forked = fork(batch.worker, { execArgv: process.execArgv })
      const feed = (): void => {
        forked.send(next < batch.runs ? { order: batch.orderOf(next++) } : { end: true })
      }
      forked.on('message', message => {
        batch.onReport(message as Report)
        feed()
      })
      forked.on('error', reject)
      forked.on('exit', code =>
        code === 0 ? resolve() : reject(new Error(`a child process of the batch ended with ${code}`)),
      )
      feed()
    })
  await Promise.all(Array.from({ length: Math.min(batch.jobs, batch.runs) }, child))
}

/** The other side: plays one run after the other, each told by a message. */
export function serveRuns<Order, Report>(play: (order: Order) => Promise<Report>): void {
  process.on('message', (message: { readonly order: Order } | { readonly end: true }) => {
    if ('end' in message) return process.exit(0)
    play(message.order).then(
      report => process.send?.(report),
      (cause: unknown) => {
        console.error(JSON.stringify(message.order), cause)
        process.exit(1)
      },
    )
  })
}
