// The curves of a stay: one point per measurement, thinned when old, so the shape stays and the memory is bounded. A round
// that was measured again (its figures on all samples, say) keeps the newest.
import type { MetricPoint } from '../ports/session.ts'
import type { Evaluation } from '../ports/trainer.ts'

const MAX_POINTS = 1_200

export class Curves {
  private points: MetricPoint[] = []

  get all(): readonly MetricPoint[] {
    return this.points
  }

  /** `reported`: accuracies of the members' local models, as far as they are known. */
  add(
    round: number,
    seconds: number,
    own: Evaluation | null,
    swarm: Evaluation | null,
    reported: readonly number[],
  ): void {
    if (this.points[this.points.length - 1]?.round === round) this.points.pop()
    this.points.push({
      round,
      seconds,
      ownLoss: own?.loss ?? null,
      ownAccuracy: own?.accuracy ?? null,
      swarmLoss: swarm?.loss ?? null,
      swarmAccuracy: swarm?.accuracy ?? null,
      lowAccuracy: reported.length > 0 ? Math.min(...reported) : null,
      highAccuracy: reported.length > 0 ? Math.max(...reported) : null,
    })
    if (this.points.length <= MAX_POINTS) return
    const recent = MAX_POINTS / 2
    this.points = [
      ...this.points.slice(0, -recent).filter((_, i) => i % 2 === 0),
      ...this.points.slice(-recent),
    ]
  }
}
