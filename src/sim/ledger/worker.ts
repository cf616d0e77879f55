// A child process of batch.ts: plays one run after the other, each told by a message, and reports.
import { runLedger } from './run.ts'

type Order =
  { readonly type: 'run'; readonly seed: string; readonly members?: number } | { readonly type: 'end' }

process.on('message', (order: Order) => {
  if (order.type === 'end') return process.exit(0)
  runLedger(order.seed, order.members === undefined ? {} : { members: order.members }).then(
    report => process.send?.(report),
    (cause: unknown) => {
      console.error(`seed ${order.seed}`, cause)
      process.exit(1)
    },
  )
})
