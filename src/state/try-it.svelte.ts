// Trying the model: one sample in, three opinions out. Questions while drawing are answered one at a time; only the
// newest waits, so a fast hand never queues work behind the training.
import type { Dataset } from '../core/data/dataset.ts'
import type { SampleShape } from '../core/model/spec.ts'
import type { Prediction, Session } from '../ports/session.ts'
import type { AppFault } from './kinds.ts'

const SAMPLES = 12

export class TryIt {
  sample = $state.raw<Float32Array | null>(null)
  prediction = $state.raw<Prediction | null>(null)
  /** Class index of a sample from the test set; null for a drawing. */
  truth = $state<number | null>(null)
  samples = $state.raw<Dataset | null>(null)

  readonly #session: Session
  readonly #fail: (fault: AppFault) => void
  #asking = false
  #offset = 0

  constructor(session: Session, fail: (fault: AppFault) => void) {
    this.#session = session
    this.#fail = fail
  }

  show(sample: Float32Array | null, truth: number | null = null): void {
    this.sample = sample
    this.truth = truth
    if (sample === null) this.prediction = null
    else void this.ask()
  }

  /** Asks again about the same sample, since the models go on learning. */
  async ask(): Promise<void> {
    if (this.#asking) return
    this.#asking = true
    try {
      let asked: Float32Array | null = null
      while (this.sample !== null && this.sample !== asked) {
        asked = this.sample
        const prediction = await this.#session.predict(asked)
        if (this.sample !== null) this.prediction = prediction
      }
    } catch {
      this.#fail('predict-failed')
    } finally {
      this.#asking = false
    }
  }

  async loadSamples(): Promise<void> {
    try {
      this.samples = await this.#session.testSamples(this.#offset, SAMPLES)
      this.#offset += SAMPLES
    } catch {
      // The data may not be there yet while joining; the screen offers to try again.
      this.samples = null
    }
  }

  /** One example with its right label into the own training data. */
  async teach(shape: SampleShape, classes: readonly string[], label: number): Promise<boolean> {
    if (this.sample === null) return false
    try {
      await this.#session.addExamples({ shape, classes, x: this.sample, y: Uint16Array.of(label) })
      return true
    } catch {
      this.#fail('add-failed')
      return false
    }
  }
}

/** Values as a trainer takes them: bytes stand for value / 255. */
export function sampleAt(data: Dataset, index: number): Float32Array {
  const size = data.shape.reduce((product, n) => product * n, 1)
  const part = data.x.subarray(index * size, (index + 1) * size)
  return part instanceof Uint8Array ? Float32Array.from(part, byte => byte / 255) : part.slice()
}
