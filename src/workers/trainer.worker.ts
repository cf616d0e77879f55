// Training worker. The page sends {type: 'connect', port}; the trainer is then driven over that port, usually by the
// peer's worker at its other end, so training never passes through the page. Only pause and resume come from the page as
// well, without a detour: the peer's worker may be busy mixing. Idle until 'open'.
import { chooseTrainer } from '../adapters/backends/choose.ts'
import { chooseSegment } from '../adapters/backends/choose-segment.ts'
import { createCourtesy } from '../adapters/courtesy.ts'
import { serveTrainer, type TrainerHost } from './trainer-host.ts'
import type { PageToTrainer } from './trainer-messages.ts'

let host: TrainerHost | undefined
const courtesy = createCourtesy()

self.addEventListener('message', ({ data }: MessageEvent<PageToTrainer>) => {
  switch (data.type) {
    case 'connect':
      host = serveTrainer(
        data.port,
        (config, options) => chooseTrainer(config, options, undefined, () => courtesy.openTurn()),
        async (config, backend) => courtesy.lent(await chooseSegment(config, backend)),
      )
      break
    case 'setPaused':
      host?.setPaused(data.paused)
      break
    default:
      data satisfies never
  }
})
