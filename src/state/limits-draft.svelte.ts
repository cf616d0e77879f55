// Limits and oversight of a new room, as typed: caps in GFLOP, credits with decimals, exact integers out. The founder is
// the only guardian to begin with; whoever founds the room puts their own key in.
import type { CharterBody, GovernanceTerms } from '../core/ledger/entry.ts'
import { CREDIT_DECIMALS, GFLOP_DECIMALS, parseAmount } from './amount.ts'

export const CAPS = ['memberFlop', 'roundFlop', 'lineageFlop'] as const
export type CapName = (typeof CAPS)[number]

const HEARTBEAT_MS = 30_000

export class LimitsDraft {
  caps = $state<Record<CapName, string>>({ memberFlop: '', roundFlop: '', lineageFlop: '' })
  reward = $state('1000')
  licensing = $state<GovernanceTerms['licensing']>('open')
  sealing = $state<GovernanceTerms['sealing']>('host')
  heartbeat = $state(false)

  readonly values: Record<CapName, bigint | null> = $derived({
    memberFlop: capFlop(this.caps.memberFlop),
    roundFlop: capFlop(this.caps.roundFlop),
    lineageFlop: capFlop(this.caps.lineageFlop),
  })
  readonly rewardMicro: bigint | null = $derived(rewardOf(this.reward))
  readonly invalid: readonly (CapName | 'reward')[] = $derived([
    ...CAPS.filter(name => this.values[name] === null),
    ...(this.rewardMicro === null ? (['reward'] as const) : []),
  ])

  /** Only while nothing is invalid; else null. */
  terms(): Pick<CharterBody, 'governance' | 'rewardMicro'> | null {
    const { memberFlop, roundFlop, lineageFlop } = this.values
    if (memberFlop === null || roundFlop === null || lineageFlop === null || this.rewardMicro === null)
      return null
    return {
      governance: {
        guardians: [],
        quorum: 1,
        resumeQuorum: 1,
        issuers: [],
        licensing: this.licensing,
        budget: {
          memberFlop: String(memberFlop),
          roundFlop: String(roundFlop),
          lineageFlop: String(lineageFlop),
        },
        sealing: this.sealing,
        heartbeatMs: this.heartbeat ? HEARTBEAT_MS : 0,
        expiresUnixMs: 0,
      },
      rewardMicro: String(this.rewardMicro),
    }
  }
}

/** 0 for no cap, null for what is no amount. */
export function capFlop(text: string): bigint | null {
  const amount = parseAmount(text, GFLOP_DECIMALS)
  if (amount.status === 'ok') return amount.value
  return amount.fault === 'empty' ? 0n : null
}

function rewardOf(text: string): bigint | null {
  const amount = parseAmount(text, CREDIT_DECIMALS)
  if (amount.status === 'ok') return amount.value
  return amount.fault === 'empty' || amount.fault === 'zero' ? 0n : null
}
