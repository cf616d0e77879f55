// Training worker. The page sends {type: 'connect', port}; the trainer is then driven over that port, usually by the
// peer's worker at its other end, so training never passes through the page. Idle until 'open'.
import { chooseTrainer } from '../adapters/backends/choose.ts'
import { serveTrainer } from './trainer-host.ts'
import type { ConnectMessage } from './trainer-messages.ts'

self.addEventListener('message', ({ data }: MessageEvent<ConnectMessage>) => {
  if (data.type === 'connect') serveTrainer(data.port, chooseTrainer)
})
