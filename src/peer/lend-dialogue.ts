// One lent job as a conversation with one member: what is said waits for room in the link's queue, what is awaited has a
// time limit, and whatever is late, repeated or uncalled for is dropped and counted. Knows nothing of training.
import type { Clock } from '../ports/clock.ts'
import type { LendFault } from '../ports/lending-view.ts'
import { LEND_LIMITS, type LendMessage, type LendRefusal } from '../protocol/lending.ts'

/** A way to one member, while its link lasts. */
export interface LendLink {
  readonly isUp: boolean
  /** False: no link, or its queue is full. */
  send(message: LendMessage, coarse: boolean): boolean
  subscribe(listener: (event: LendEvent) => void): () => void
}

export type LendEvent =
  { readonly type: 'message'; readonly message: LendMessage } | { readonly type: 'down' }

export class LendError extends Error {
  override readonly name = 'LendError'
  constructor(
    readonly kind: LendFault,
    message: string,
    /** What the provider gave as its reason, where it refused. */
    readonly refusal: LendRefusal | null = null,
  ) {
    super(message)
  }
}

const ROOM_CHECK_MS = 5
/** Pieces of a whole model, and a little more. */
const MAX_HELD = LEND_LIMITS.parameters / LEND_LIMITS.piece + 16

type Of<Type extends LendMessage['type']> = Extract<LendMessage, { readonly type: Type }>

export class Dialogue {
  /** Messages that were dropped. */
  dropped = 0
  private readonly inbox: LendMessage[] = []
  private failure: LendError | null = null
  private wake: () => void = () => undefined
  private readonly unsubscribe: () => void

  constructor(
    private readonly link: LendLink,
    private readonly clock: Clock,
    readonly job: number,
    private readonly coarse: boolean,
  ) {
    this.unsubscribe = link.subscribe(event => this.take(event))
    if (!link.isUp) this.fail(new LendError('vanished', 'no link'))
  }

  /** Resolves when it is queued. */
  async say(message: LendMessage, timeoutMs: number): Promise<void> {
    const since = this.clock.now()
    for (;;) {
      if (this.failure) throw this.failure
      if (this.link.send(message, this.coarse)) return
      if (this.clock.now() - since > timeoutMs) throw new LendError('timeout', 'the link takes nothing')
      await new Promise<void>(resolve => this.clock.after(ROOM_CHECK_MS, resolve))
    }
  }

  /** The next message of one of these types, and of this step where they have one. */
  async hear<Type extends LendMessage['type']>(
    types: readonly Type[],
    timeoutMs: number,
    step: number | null = null,
  ): Promise<Of<Type>> {
    const since = this.clock.now()
    for (;;) {
      for (let message = this.inbox.shift(); message; message = this.inbox.shift()) {
        if (isOneOf(message, types) && (step === null || !('step' in message) || message.step === step))
          return message
        this.dropped++
      }
      if (this.failure) throw this.failure
      const leftMs = timeoutMs - (this.clock.now() - since)
      if (leftMs <= 0) throw new LendError('timeout', `no ${types.join(' or ')}`)
      await this.news(leftMs)
    }
  }

  /** Whoever waits is told so. */
  fail(error: LendError): void {
    this.failure ??= error
    this.wake()
  }

  close(): void {
    this.unsubscribe()
    this.fail(new LendError('vanished', 'the job is over'))
  }

  private take(event: LendEvent): void {
    if (event.type === 'down') return this.fail(new LendError('vanished', 'the link went down'))
    const { message } = event
    if (message.job !== this.job || this.inbox.length >= MAX_HELD) {
      this.dropped++
      return
    }
    if (message.type === 'refuse')
      return this.fail(new LendError('refused', `provider: ${message.reason}`, message.reason))
    this.inbox.push(message)
    this.wake()
  }

  private news(withinMs: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.clock.after(withinMs, () => this.wake())
      this.wake = () => {
        cancel()
        this.wake = () => undefined
        resolve()
      }
    })
  }
}

function isOneOf<Type extends LendMessage['type']>(
  message: LendMessage,
  types: readonly Type[],
): message is Of<Type> {
  // reason: a wider array of the same strings; includes asks for the narrow type.
  return (types as readonly LendMessage['type'][]).includes(message.type)
}

/** A parameter vector in pieces that the protocol takes. */
export function* piecesOf(
  job: number,
  what: Of<'params'>['what'],
  vector: Float32Array,
): Generator<Of<'params'>> {
  for (let offset = 0; offset < vector.length; offset += LEND_LIMITS.piece) {
    const values = vector.subarray(offset, offset + LEND_LIMITS.piece)
    yield { type: 'params', job, what, total: vector.length, offset, values }
  }
}

/** Puts pieces together that come in order; undefined for one that does not fit. */
export class Collector {
  private readonly vector: Float32Array
  private filled = 0

  constructor(readonly size: number) {
    this.vector = new Float32Array(size)
  }

  get whole(): Float32Array | null {
    return this.filled === this.size ? this.vector : null
  }

  /** False for a piece out of place. */
  add({ total, offset, values }: Pick<Of<'params'>, 'total' | 'offset' | 'values'>): boolean {
    if (total !== this.size || offset !== this.filled || offset + values.length > total) return false
    this.vector.set(values, offset)
    this.filled += values.length
    return true
  }
}
