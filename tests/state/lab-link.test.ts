// The Lab's address: what is written is read back, and nothing that somebody else wrote gets past the limits.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { weighsWholeUpdates } from '../../src/core/ledger/terms.ts'
import { LAB_ATTACKS, LAB_LIMITS } from '../../src/ports/lab.ts'
import {
  decodeLab,
  DEFAULT_SETUP,
  fitSetup,
  labHash,
  LAB_PROFILES,
  LAB_RULES,
  rulesFor,
} from '../../src/state/lab-link.ts'
import { parseHash } from '../../src/state/route.ts'

const setups = fc
  .record({
    members: fc.integer({ min: 2, max: 30 }),
    skew: fc.integer({ min: 0, max: 4 }),
    lossPercent: fc.integer({ min: 0, max: 50 }),
    attackers: fc.integer({ min: 0, max: 29 }),
    attack: fc.constantFrom(...LAB_ATTACKS),
    rule: fc.constantFrom(...LAB_RULES),
    profile: fc.constantFrom(...LAB_PROFILES),
    seed: fc.string({ unit: 'grapheme', maxLength: 60 }),
  })
  .map(fitSetup)

describe('the address of a lab', () => {
  it('gives every setup back', () => {
    fc.assert(
      fc.property(setups, setup => {
        const route = parseHash(labHash(setup))
        expect(route.screen).toBe('lab')
        expect(decodeLab(route.screen === 'lab' ? route.query : '')).toEqual({ setup, adjusted: false })
      }),
    )
  })

  it('gives a setup that can run, whatever it holds', () => {
    const names = fc.constantFrom('members', 'skew', 'loss', 'attackers', 'attack', 'rule', 'profile', 'seed')
    const values = fc.oneof(
      fc.string(),
      fc.integer().map(String),
      fc.constantFrom('sparse', 'mean', '1e9', '-1'),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 12 }), pairs => {
        const { setup } = decodeLab(new URLSearchParams(pairs).toString())
        expect(setup.members).toBeGreaterThanOrEqual(LAB_LIMITS.minMembers)
        expect(setup.members).toBeLessThanOrEqual(LAB_LIMITS.maxMembers)
        expect(setup.attackers).toBeLessThan(setup.members)
        expect(rulesFor(setup.profile)).toContain(setup.rule)
        expect([...setup.seed].length).toBeLessThanOrEqual(LAB_LIMITS.maxSeed)
        expect(fitSetup(setup)).toEqual(setup)
      }),
    )
  })

  it('says so when it changed something, and is silent about what is missing', () => {
    expect(decodeLab('')).toEqual({ setup: DEFAULT_SETUP, adjusted: false })
    expect(decodeLab('members=99')).toEqual({ setup: { ...DEFAULT_SETUP, members: 30 }, adjusted: true })
    expect(decodeLab('members=3&attackers=7').setup.attackers).toBe(2)
    expect(decodeLab('rule=none')).toEqual({ setup: DEFAULT_SETUP, adjusted: true })
    expect(decodeLab(`seed=${'a'.repeat(1000)}`)).toEqual({ setup: DEFAULT_SETUP, adjusted: true })
    expect(decodeLab('seed=%3Cb%3E').setup.seed).toBe('b')
    const sparse = decodeLab('profile=sparse&rule=mean')
    expect(sparse.adjusted).toBe(true)
    expect(weighsWholeUpdates(sparse.setup.rule)).toBe(true)
    expect(parseHash('#/laboratory')).toEqual({ screen: 'lost' })
  })
})
