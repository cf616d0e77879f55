// The curves of one run as pictures: what every member's model is worth, and how far its rounds are, second by second.
import { mkdir, writeFile } from 'node:fs/promises'
import { chartSvg, COLOURS, type Curve } from '../chart.ts'
import { planOf, type ChaosEvent } from './plan.ts'
import type { Moment } from './run.ts'

/** Returns the files that were written, under `folder`. */
export async function drawRun(seed: string, moments: readonly Moment[], folder: string): Promise<string[]> {
  const plan = planOf(seed)
  const subtitle = `${plan.members} members; ${plan.events.map(describe).join(', ') || plan.kinds.join(', ')}`
  const curves = (of: (moment: Moment) => readonly (number | null)[]): Curve[] =>
    Array.from({ length: plan.members }, (_, member) => {
      const liar = plan.liars.get(member)
      return {
        name: liar ? `${member}: ${liar}` : `member ${member}`,
        colour: COLOURS[member % COLOURS.length]!,
        dashed: member >= COLOURS.length,
        points: moments.flatMap(moment => {
          const value = of(moment)[member]
          return typeof value === 'number' ? [[moment.seconds, value] as const] : []
        }),
      }
    }).filter(({ points }) => points.length > 0)
  const most = Math.max(1, ...moments.flatMap(({ rounds }) => rounds.map(round => round ?? 0)))
  const charts = {
    accuracy: chartSvg({
      title: 'Accuracy on held-out samples',
      subtitle,
      xLabel: 'virtual seconds',
      curves: curves(({ accuracies }) => accuracies),
    }),
    rounds: chartSvg({
      title: 'Rounds',
      subtitle,
      xLabel: 'virtual seconds',
      yAxis: { from: 0, to: most, format: value => String(Math.round(value)) },
      curves: curves(({ rounds }) => rounds),
    }),
  }
  await mkdir(folder, { recursive: true })
  const name = seed.replaceAll(/[^a-zA-Z0-9]+/g, '-')
  const files: string[] = []
  for (const [what, svg] of Object.entries(charts)) {
    const file = `${folder}/chaos-${name}-${what}.svg`
    await writeFile(file, svg)
    files.push(file)
  }
  return files
}

function describe(event: ChaosEvent): string {
  const at = `${Math.round(event.atMs / 1000)} s`
  return 'member' in event ? `${event.type} ${event.member} at ${at}` : `${event.type} at ${at}`
}
