// What the models are worth, on held-out samples: quick measurements while training, whole ones at the end, and the
// curves that they draw.
import type { SessionView, WholeMeasure } from '../ports/session.ts'
import type { Evaluation } from '../ports/trainer.ts'
import { Curves } from './curves.ts'
import type { Training } from './training.ts'

export interface GaugeHost {
  readonly training: Training | null
  /** The swarm's model now. */
  model(): { readonly params: Float32Array; readonly round: number }
  /** Accuracies that members who are here state of their own models. */
  reported(): number[]
  /** Since the stay began. */
  seconds(): number
  hasTestData(): boolean
  /** Watchers have no model of their own to speak of. */
  readonly watches: boolean
  onMeasured(): void
}

export class Gauge {
  own: Evaluation | null = null
  swarm: Evaluation | null = null
  private readonly curves = new Curves()

  constructor(private readonly host: GaugeHost) {}

  get history(): SessionView['history'] {
    return this.curves.all
  }

  /** On the first held-out samples, unless it is too early for another one. `isStale` is asked when the result is there. */
  async quick(isStale: () => boolean): Promise<void> {
    // Rounds can close before the held-out samples are here; own data may have none.
    if (!this.host.hasTestData()) return
    const measured = await this.host.training?.measure(this.host.model().params)
    if (measured && !isStale()) this.record(measured.own, measured.swarm)
  }

  /** On all held-out samples; null when there are none. */
  async whole(): Promise<WholeMeasure | null> {
    if (!this.host.hasTestData()) return null
    const measured = await this.host.training?.measureWhole(this.host.model().params)
    if (!measured) return null
    this.record(measured.own, measured.swarm)
    return measured
  }

  private record(own: Evaluation, swarm: Evaluation): void {
    this.own = this.host.watches ? null : own
    this.swarm = swarm
    const reported = this.host.reported()
    if (this.own) reported.push(this.own.accuracy)
    this.curves.add(this.host.model().round, this.host.seconds(), this.own, swarm, reported)
    this.host.onMeasured()
  }
}
