// The lender of bench/split.ts in a process of its own, as it would sit in a tab of its own: the app's own lender on the WASM
// backend, spoken to in the app's own messages.
import { chooseSegment } from '../src/adapters/backends/choose-segment.ts'
import { systemClock } from '../src/adapters/clock-system.ts'
import type { ModelSpec } from '../src/core/model/spec.ts'
import type { MemberId } from '../src/core/num/ids.ts'
import { Lender } from '../src/peer/lender.ts'
import type { LendingPlan } from '../src/ports/lending-view.ts'
import { decodeLending, encodeLending } from '../src/protocol/lending.ts'

export interface ProviderStart {
  readonly model: ModelSpec
  readonly plan: LendingPlan
}

export type ToProvider = { readonly start: ProviderStart } | { readonly bytes: Uint8Array }
/** `engine` once, when the first job opens it. */
export type FromProvider =
  { readonly bytes: Uint8Array } | { readonly engine: string } | { readonly started: true }

const tell = (message: FromProvider): void => void process.send!(message)

let lender: Lender | undefined

process.on('message', (message: ToProvider) => {
  if ('start' in message) {
    lender = createLender(message.start)
    tell({ started: true })
    return
  }
  const decoded = decodeLending(message.bytes)
  if (decoded) lender?.onMessage('owner' as MemberId, decoded)
})

function createLender({ model, plan }: ProviderStart): Lender {
  return new Lender({
    model,
    clock: systemClock,
    openSegment: async config => {
      const engine = await chooseSegment(config, 'wasm')
      tell({ engine: engine.backend })
      return engine
    },
    planFor: () => plan,
    allowance: () => ({ refusal: null, budgetFlop: null, rateFlops: null }),
    effort: () => 1,
    states: () => [],
    send: (_to, message, coarse) => {
      tell({ bytes: encodeLending(message, coarse) })
      return true
    },
    isUp: () => true,
    strike: () => undefined,
  })
}
