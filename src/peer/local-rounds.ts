// The local side of a round: runs the job that the gossip asks for within what governance allows, publishes its update, and
// keeps what a restart needs. Failures are retried a few times, then told.
import type { GossipEvent } from '../core/gossip/machine.ts'
import type { UpdateHeader } from '../core/gossip/update.ts'
import { encodeState, type ModelState } from '../core/gossip/state.ts'
import type { Entropy } from '../ports/clock.ts'
import type { Signer } from '../ports/signer.ts'
import type { Store } from '../ports/store.ts'
import type { Trainer } from '../ports/trainer.ts'
import type { Citizen } from './citizen.ts'
import { encodeHead, encodePublished, headKey, publishedKey, stateKey } from './kept.ts'
import { NoiseDesk } from './noise-desk.ts'
import { signUpdate } from './sign-update.ts'
import type { Training } from './training.ts'

const TRAINER_RETRIES = 3
const DIVERGENCES = 3
const KEEP_EVERY_ROUNDS = 20
const NOT_ALLOWED_MS = 1_000

export interface RoundsHost {
  readonly citizen: Citizen
  readonly store: Store
  /** Where a failed write is an error: noise that is not counted must not be spent. */
  readonly strictStore: Store
  readonly entropy: Entropy
  readonly signer: Signer
  readonly closed: boolean
  training(): Training | null
  trainer(): Trainer | null
  dispatch(event: GossipEvent): void
  /** What the ledger allows may have changed. */
  oversee(): void
  measure(): void
  fail(cause: unknown): void
  after(ms: number, callback: () => void): void
}

export class LocalRounds {
  private failures = 0
  private divergences = 0
  private keptRound = 0
  /** A job that was asked for and has not reached the trainer; `stop` must reach it all the same. */
  private opening: { stopped: boolean } | null = null

  /** Noise on this member's own updates, and what it has cost. */
  readonly noise: NoiseDesk

  constructor(private readonly host: RoundsHost) {
    const { strictStore: store, entropy, signer, citizen } = host
    const { room, body } = citizen.book.charter
    this.noise = new NoiseDesk(body.terms.privacy, { store, entropy, room, self: signer.id })
  }

  stop(): void {
    if (this.opening) this.opening.stopped = true
    this.host.trainer()?.stop()
  }

  async train(round: number, start: Float32Array, steps: number): Promise<void> {
    const { host } = this
    const training = host.training()
    if (!training) return
    const nothing: GossipEvent = { type: 'trained', round, start, params: start, steps: 0, samples: 0 }
    try {
      const opening = { stopped: false }
      this.opening = opening
      const limits = await host.citizen.openJob()
      this.opening = null
      if (host.closed) return
      if (opening.stopped) return host.dispatch(nothing)
      const result = limits.standing === 'good' ? await training.run(round, start, steps, limits) : null
      if (!result || (result.exhausted && result.steps === 0)) {
        // Asking again at once would only spin: the next seal or licence may allow more.
        await host.citizen.stateReceipt().catch(() => undefined)
        host.after(NOT_ALLOWED_MS, () => {
          host.oversee()
          host.dispatch(nothing)
        })
        return
      }
      const { steps: done, samples } = result
      const params = done > 0 ? await this.noise.blur(start, result.params) : result.params
      if (host.closed) return
      if (result.exhausted) host.citizen.stateReceipt().catch(() => undefined)
      this.failures = 0
      host.dispatch({ type: 'speed', stepsPerSecond: training.stepsPerSecond })
      host.dispatch({ type: 'trained', round, start, params, steps: done, samples })
      host.measure()
    } catch (cause) {
      if (host.closed) return
      if (++this.failures > TRAINER_RETRIES) return host.fail(cause)
      host.after(1_000 * this.failures, () => host.dispatch(nothing))
    }
  }

  /** Own training left the finite numbers: a chance event once, a wrong learning rate every time. */
  diverged(): void {
    if (++this.divergences >= DIVERGENCES)
      this.host.fail(new Error('training diverged: the learning rate is too high'))
  }

  async publish(header: UpdateHeader, payload: Uint8Array): Promise<void> {
    const { store, signer, citizen } = this.host
    this.divergences = 0
    // Remembered before anybody can see it: after a reload a second update for this round would be an equivocation.
    await store.put(publishedKey(header.room, signer.id), encodePublished(header.round))
    const update = await signUpdate(header, payload, signer)
    citizen.journal.updatePublished(update.id)
    this.host.dispatch({ type: 'update', update })
  }

  /**
   * Now and then a frozen state goes to the store, so that a room in which everybody reloads goes on. Everybody keeps those of
   * the same rounds, or they would meet again with states of which no two are equal.
   */
  keepState(frozen: readonly { readonly state: ModelState }[]): void {
    const { store, signer, citizen } = this.host
    const due = frozen.findLast(
      ({ state: { round } }) => round > this.keptRound && round % KEEP_EVERY_ROUNDS === 0,
    )?.state
    if (!due) return
    this.keptRound = due.round
    const { room } = citizen.book.charter
    void store.put(stateKey(room, signer.id), encodeState(due))
    const head = this.host.training()?.head
    if (head) void store.put(headKey(room, signer.id), encodeHead(head))
  }
}
