// Turns for virtual time in a browser's worker, which has no ticks: a message to oneself comes when no promise reaction is
// left, without the least wait that browsers give to timers.
import type { Turns } from './virtual-clock.ts'

export function createWorkerTurns(): Turns {
  const { port1, port2 } = new MessageChannel()
  let wake = (): void => undefined
  port1.onmessage = () => wake()
  const turn = (): Promise<void> =>
    new Promise(resolve => {
      wake = resolve
      port2.postMessage(null)
    })
  return { promisesDrained: turn, eventLoopTurn: turn }
}
