// A child process of the chaos batch.
import { serveRuns } from '../batch.ts'
import { runChaos } from './run.ts'

serveRuns(({ seed }: { readonly seed: string }) => runChaos(seed))
