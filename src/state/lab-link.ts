// A lab's setup in the address, to be handed on: #/lab?members=8&skew=0&... Everything is bounded; what cannot be read
// stands at its default, and the page says that it changed something.
import { weighsWholeUpdates } from '../core/ledger/terms.ts'
import type { RuleName, TrainingTerms } from '../core/ledger/entry.ts'
import { LAB_ATTACKS, LAB_LIMITS, type LabSetup } from '../ports/lab.ts'
import { LAB_HASH } from './route.ts'

export const LAB_RULES = [
  'clip-trim',
  'clip-mean',
  'multi-krum',
  'nearest-median',
  'centered-clip',
  'mean',
] as const satisfies readonly RuleName[]

export const LAB_PROFILES = [
  'auto',
  'one-bit',
  'masked',
  'sparse',
] as const satisfies readonly TrainingTerms['profile'][]

export const DEFAULT_SETUP: LabSetup = {
  members: 8,
  skew: 0,
  lossPercent: 0,
  attackers: 0,
  attack: 'sign-flip',
  rule: 'clip-trim',
  profile: 'auto',
  seed: 'rice',
}

const MAX_QUERY = 400

export interface DecodedLab {
  readonly setup: LabSetup
  /** Something in the address was left out or changed. */
  readonly adjusted: boolean
}

/** @param query what follows the question mark */
export function decodeLab(query: string): DecodedLab {
  if (query.length > MAX_QUERY) return { setup: DEFAULT_SETUP, adjusted: true }
  const given = new URLSearchParams(query)
  let adjusted = false
  const int = (name: string, least: number, most: number, otherwise: number): number => {
    const text = given.get(name)
    if (text === null) return otherwise
    const value = /^\d{1,4}$/u.test(text) ? Number(text) : NaN
    if (value >= least && value <= most) return value
    adjusted = true
    return Number.isNaN(value) ? otherwise : Math.min(most, Math.max(least, value))
  }
  const oneOf = <T extends string>(name: string, all: readonly T[], otherwise: T): T => {
    const text = given.get(name)
    const found = all.find(value => value === text)
    if (text !== null && found === undefined) adjusted = true
    return found ?? otherwise
  }
  const { minMembers, maxMembers, maxSkew, maxLossPercent } = LAB_LIMITS
  const read: LabSetup = {
    members: int('members', minMembers, maxMembers, DEFAULT_SETUP.members),
    skew: int('skew', 0, maxSkew, DEFAULT_SETUP.skew),
    lossPercent: int('loss', 0, maxLossPercent, DEFAULT_SETUP.lossPercent),
    attackers: int('attackers', 0, maxMembers - 1, DEFAULT_SETUP.attackers),
    attack: oneOf('attack', LAB_ATTACKS, DEFAULT_SETUP.attack),
    rule: oneOf('rule', LAB_RULES, DEFAULT_SETUP.rule),
    profile: oneOf('profile', LAB_PROFILES, DEFAULT_SETUP.profile),
    seed: given.get('seed') ?? DEFAULT_SETUP.seed,
  }
  const setup = fitSetup(read)
  const same = (Object.keys(setup) as (keyof LabSetup)[]).every(key => setup[key] === read[key])
  return { setup, adjusted: adjusted || !same }
}

/** What goes together: somebody honest founds the room, and sparse updates need a rule that weighs whole ones. */
export function fitSetup(setup: LabSetup): LabSetup {
  const rule = setup.profile === 'sparse' && !weighsWholeUpdates(setup.rule) ? 'nearest-median' : setup.rule
  const letters = setup.seed.replaceAll(/[^\p{L}\p{N} _.-]/gu, '').trim()
  const seed = [...letters].slice(0, LAB_LIMITS.maxSeed).join('')
  return {
    ...setup,
    attackers: Math.min(setup.attackers, setup.members - 1),
    rule,
    seed: seed === '' ? DEFAULT_SETUP.seed : seed,
  }
}

export function rulesFor(profile: LabSetup['profile']): readonly RuleName[] {
  return profile === 'sparse' ? LAB_RULES.filter(weighsWholeUpdates) : LAB_RULES
}

export function labHash(setup: LabSetup): string {
  const { members, skew, lossPercent, attackers, attack, rule, profile, seed } = setup
  const query = new URLSearchParams({
    members: String(members),
    skew: String(skew),
    loss: String(lossPercent),
    attackers: String(attackers),
    attack,
    rule,
    profile,
    seed,
  })
  return `${LAB_HASH}?${query.toString()}`
}
