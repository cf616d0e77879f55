// A child process of the ledger's batch.
import { serveRuns } from '../batch.ts'
import { runLedger } from './run.ts'

export interface Order {
  readonly seed: string
  readonly members: number | undefined
}

serveRuns(({ seed, members }: Order) => runLedger(seed, members === undefined ? {} : { members }))
