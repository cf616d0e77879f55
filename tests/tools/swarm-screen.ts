// What the terminal shows of a swarm: one block that refreshes itself where there is a terminal, plain lines elsewhere.
import type { SwarmMoment } from './swarm-run.ts'

export interface SwarmScreen {
  show(moment: SwarmMoment): void
  /** A line that stays. */
  say(text: string): void
  /** What is on the screen stays there. */
  end(): void
}

const PLAIN_EVERY_MS = 5_000
const STAGES = {
  joining: 'opening tabs and joining',
  training: 'training',
  measuring: 'measuring on all held-out samples',
  alone: 'one tab alone, for as many steps',
} as const

export function createSwarmScreen(out: NodeJS.WriteStream): SwarmScreen {
  return out.isTTY ? terminalScreen(out) : plainScreen(out)
}

function terminalScreen(out: NodeJS.WriteStream): SwarmScreen {
  let lines = 0
  const clear = (): void => {
    if (lines > 0) out.write(`\u001b[${lines}A\u001b[0J`)
    lines = 0
  }
  return {
    show(moment) {
      const block = describe(moment).map(line => line.slice(0, (out.columns || 100) - 1))
      clear()
      out.write(`${block.join('\n')}\n`)
      lines = block.length
    },
    say(text) {
      clear()
      out.write(`${text}\n`)
    },
    end() {
      lines = 0
    },
  }
}

function plainScreen(out: NodeJS.WriteStream): SwarmScreen {
  let shownAt = -Infinity
  let stage: SwarmMoment['stage'] | undefined
  return {
    show(moment) {
      const now = performance.now()
      if (moment.stage === stage && now - shownAt < PLAIN_EVERY_MS) return
      shownAt = now
      stage = moment.stage
      const members = moment.members.map(({ name, view }) =>
        view ? `${name} ${view.phase} round ${view.round} room ${share(view.swarm?.accuracy)}` : `${name} -`,
      )
      out.write(
        `${moment.seconds.toFixed(0).padStart(4)} s  ${STAGES[moment.stage]}: ${members.join(' | ')}\n`,
      )
    },
    say: text => void out.write(`${text}\n`),
    end: () => undefined,
  }
}

function describe({ stage, seconds, members }: SwarmMoment): string[] {
  const head = ['member', 'phase', 'round', 'room', 'own', 'steps/s', 'sent', 'received', 'links']
  const rows = members.map(({ name, view }) => [
    name,
    view?.phase ?? '-',
    String(view?.round ?? ''),
    share(view?.swarm?.accuracy),
    share(view?.own?.accuracy),
    view ? view.stepsPerSecond.toFixed(0) : '',
    view ? mebibytes(view.traffic.sentBytes) : '',
    view ? mebibytes(view.traffic.receivedBytes) : '',
    view ? String(view.members.filter(({ self, linked }) => !self && linked).length) : '',
  ])
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(row => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ')
  return [`${seconds.toFixed(0)} s  ${STAGES[stage]}`, line(head), ...rows.map(line)]
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(2)} MiB`
}

function share(accuracy: number | undefined): string {
  return accuracy === undefined ? '-' : `${(100 * accuracy).toFixed(1)} %`
}
