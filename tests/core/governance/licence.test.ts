import { describe, expect, test } from 'vitest'
import { licencesOf } from '../../../src/core/governance/views.ts'
import { freeAllowance } from '../../../src/core/governance/licence.ts'
import { violationsBy } from '../../../src/core/governance/receipts.ts'
import { limitsFor, mayMix } from '../../../src/core/governance/standing.ts'
import type { LicenceBody } from '../../../src/core/ledger/entry.ts'
import { member } from '../ledger/fixtures.ts'
import { deviceOf, guardians, RoomScript, STEP_FLOP, T0 } from '../room/script.ts'

const CAP = STEP_FLOP * 1_000_000n
const HOUR = 3_600_000
/** Steps below one per cent of the cap. */
const FREE = 10_000

const licence = (changes: Partial<LicenceBody> = {}): LicenceBody => ({
  kind: 'licence',
  subject: member(1),
  devices: [deviceOf(1)],
  lineage: '*',
  budgetFlop: (STEP_FLOP * 50_000n).toString(),
  rateFlops: '0',
  notBeforeUnixMs: T0,
  expiresUnixMs: T0 + 24 * HOUR,
  counter: 1,
  ...changes,
})

/** Three guardians of whom two sign; member 1 has used up its free allowance, and the seal gave it a share. */
function licensedRoom(lineageFlop = CAP): RoomScript {
  const script = new RoomScript({
    guardians: guardians(0, 2, 3),
    quorum: 2,
    resumeQuorum: 3,
    licensing: 'licensed',
    budget: { memberFlop: '0', roundFlop: '0', lineageFlop: lineageFlop.toString() },
  })
  for (const i of [0, 1, 2, 3]) script.trainer(i)
  script.close([0, 1, 2, 3])
  return script
}

function spentRoom(): RoomScript {
  const script = licensedRoom()
  script.receipt(1, FREE)
  return script
}

/** Signed by two, and sealed: the seal gives a share of the lineage's budget to go with the licence. */
function grant(script: RoomScript, body = licence()) {
  const motion = script.signed(body, 2, [3])
  script.close([0, 1, 2, 3])
  return motion
}
const facts = (script: RoomScript, device = 1) => ({
  device: deviceOf(device),
  roomTime: script.unixMs,
  unreceiptedFlop: 0n,
})
const standing = (script: RoomScript, device = 1) =>
  limitsFor(script.state.governance, member(1), facts(script, device)).standing
const mixed = (script: RoomScript, author = 1, round = 3) =>
  mayMix(script.state.governance, {
    author: member(author),
    round,
    roomTime: script.unixMs,
    newestReceiptRound: 0,
  })
const kinds = ({ state }: RoomScript): string[] =>
  violationsBy(state.governance, member(1)).map(({ kind }) => kind)

describe('P11 small users need to be registered only', () => {
  test('P11 below one per cent of the cap nobody needs a licence', () => {
    const script = licensedRoom()
    expect(freeAllowance(CAP)).toBe(STEP_FLOP * BigInt(FREE))
    expect(standing(script)).toBe('good')
    expect(limitsFor(script.state.governance, member(1), facts(script))).toMatchObject({
      standing: 'good',
      budgetFlop: freeAllowance(CAP),
      licence: '',
    })
    script.receipt(1, FREE - 1)
    expect([standing(script), mixed(script), kinds(script)]).toEqual(['good', null, []])
  })

  test('P11 beyond it a licence is asked for, and work without one is refused', () => {
    const script = spentRoom()
    expect(standing(script)).toBe('needs-licence')
    expect(mixed(script, 1, 1), 'the round that its receipt covers').toBeNull()
    expect(mixed(script, 1, 2)).toBe('no-licence')
    script.receipt(1, 1)
    expect([mixed(script), kinds(script)]).toEqual(['no-licence', ['no-licence', 'over-budget']])
  })

  test('P11 in an open room nobody needs a licence at all', () => {
    const script = new RoomScript()
    script.trainer(1)
    script.receipt(1, FREE * 2)
    expect([standing(script), mixed(script), kinds(script)]).toEqual(['good', null, []])
  })

  test('P11 without a cap one per cent is nothing: a licence from the first step', () => {
    const script = licensedRoom(0n)
    expect([standing(script), mixed(script)]).toEqual(['needs-licence', 'no-licence'])
  })
})

describe('P2 licences', () => {
  test('P2 a licence holds once the quorum signed it, before or after the endorsement arrives', () => {
    const script = spentRoom()
    const { hash } = script.write(2, licence())
    expect(standing(script)).toBe('needs-licence')
    script.endorse(1, hash)
    expect(standing(script), 'the subject does not sign for itself').toBe('needs-licence')
    script.endorse(3, hash)
    expect(standing(script), 'its share comes with the seal').toBe('awaiting-share')
    expect(mixed(script)).toBeNull()
    script.close([0, 1, 2, 3])
    expect(standing(script)).toBe('good')
    expect(limitsFor(script.state.governance, member(1), facts(script)).licence).toBe(hash)
    script.receipt(1, 100, { licence: hash })
    expect([mixed(script), kinds(script)]).toEqual([null, []])
    expect(licencesOf(script.state.governance, script.unixMs)).toMatchObject([
      { hash, spentFlop: STEP_FLOP * 100n, status: 'valid' },
    ])
  })

  test('P2 none', () => {
    const script = spentRoom()
    script.receipt(1, 5)
    expect(mixed(script)).toBe('no-licence')
    const invented = spentRoom()
    invented.receipt(1, 5, { licence: 'ab'.repeat(32) })
    expect([mixed(invented), kinds(invented)]).toEqual(['no-licence', ['no-licence', 'over-budget']])
  })

  test('P2 of somebody else', () => {
    const script = spentRoom()
    const { hash } = grant(script, licence({ subject: member(3) }))
    script.receipt(1, 5, { licence: hash })
    expect([mixed(script), kinds(script)]).toEqual(['no-licence', ['no-licence', 'over-budget']])
  })

  test('P2 expired, and not yet valid', () => {
    const script = spentRoom()
    const { hash } = grant(script, licence({ expiresUnixMs: T0 + HOUR }))
    script.receipt(1, 5, { licence: hash })
    expect(mixed(script)).toBeNull()
    script.unixMs = T0 + HOUR
    expect(standing(script)).toBe('licence-expired')
    script.unixMs += 61_000
    expect(mixed(script), 'a minute later for others').toBe('no-licence')
    expect(kinds(script)).toEqual([])
    script.unixMs += HOUR
    script.receipt(1, 5, { licence: hash })
    expect(kinds(script)).toEqual(['no-licence'])

    const early = spentRoom()
    grant(early, licence({ notBeforeUnixMs: T0 + 4 * HOUR }))
    expect([standing(early), mixed(early)]).toEqual(['licence-not-yet', 'no-licence'])
  })

  test('P2 an author whose clock is an hour wrong is not punished for the end of its licence', () => {
    const script = spentRoom()
    const { hash } = grant(script, licence({ expiresUnixMs: T0 + HOUR }))
    script.unixMs = T0 + 2 * HOUR - 1_000
    script.receipt(1, 5, { licence: hash })
    expect(kinds(script)).toEqual([])
  })

  test('P2 wrong device', () => {
    const script = spentRoom()
    const { hash } = grant(script)
    script.register(1, deviceOf(7))
    expect(standing(script, 7)).toBe('wrong-device')
    script.receipt(1, 5, { licence: hash, device: deviceOf(7) })
    expect([kinds(script), mixed(script)]).toEqual([['wrong-device'], 'no-licence'])
  })

  test('P2 over budget', () => {
    const script = spentRoom()
    const { hash } = grant(script, licence({ budgetFlop: (STEP_FLOP * 100n).toString() }))
    script.receipt(1, 100, { licence: hash })
    expect([standing(script), kinds(script), mixed(script)]).toEqual(['member-spent', [], null])
    script.receipt(1, 1, { licence: hash })
    expect([kinds(script), mixed(script)]).toEqual([['over-budget'], 'over-budget'])
  })

  test('P2 replayed counter: a newer licence voids the older ones for good', () => {
    const script = spentRoom()
    const first = grant(script)
    script.receipt(1, 5, { licence: first.hash })
    const second = grant(script, licence({ counter: 2, budgetFlop: STEP_FLOP.toString() }))
    expect(licencesOf(script.state.governance, script.unixMs).map(({ status }) => status)).toEqual([
      'valid',
      'superseded',
    ])
    script.receipt(1, 1, { licence: second.hash })
    expect(kinds(script)).toEqual([])
    script.close([0, 1, 2, 3])
    grant(script, licence({ counter: 1, budgetFlop: (STEP_FLOP * 70_000n).toString() }))
    grant(script, licence({ counter: 2, budgetFlop: (STEP_FLOP * 80_000n).toString() }))
    expect(limitsFor(script.state.governance, member(1), facts(script))).toMatchObject({
      standing: 'member-spent',
      budgetFlop: 0n,
    })
    script.receipt(1, 5, { licence: first.hash })
    expect([kinds(script), mixed(script)]).toEqual([['no-licence'], 'no-licence'])
  })

  test('P2 the rate of a licence is checked on the author’s own clock', () => {
    const script = spentRoom()
    const { hash } = grant(script, licence({ rateFlops: (STEP_FLOP * 10n).toString() }))
    expect(limitsFor(script.state.governance, member(1), facts(script)).rateFlops).toBe(STEP_FLOP * 10n)
    script.unixMs += 10_000
    script.receipt(1, 100, { licence: hash })
    expect(kinds(script)).toEqual([])
    script.receipt(1, 100, { licence: hash })
    expect([kinds(script), mixed(script)]).toEqual([['rate'], 'suspended'])
  })

  test('P2 revoked: the licence, or the member until a later licence', () => {
    const order = { kind: 'order', action: 'revoke', reason: 'x', round: 1, expiresUnixMs: 0 } as const
    const script = spentRoom()
    const { hash } = grant(script)
    expect([standing(script), mixed(script)]).toEqual(['good', null])
    script.signed({ ...order, target: hash, nonce: 1 }, 0, [2])
    expect([standing(script), mixed(script)]).toEqual(['revoked', 'no-licence'])
    script.close([0, 1, 2, 3])
    expect([standing(script), mixed(script)]).toEqual(['revoked', 'no-licence'])
    grant(script, licence({ counter: 2 }))
    expect([standing(script), mixed(script)]).toEqual(['good', null])
    script.signed({ ...order, target: member(1), nonce: 2 }, 0, [2])
    expect([standing(script), mixed(script)]).toEqual(['revoked', 'no-licence'])
    script.close([0, 1, 2, 3])
    expect(mixed(script, 3)).toBeNull()
    grant(script, licence({ counter: 3 }))
    expect([standing(script), mixed(script)]).toEqual(['good', null])
  })

  test('P2 licences stay valid when the guardians change after a seal', () => {
    const script = spentRoom()
    grant(script)
    script.close([0, 1, 2, 3])
    const { base } = script.state.governance
    const governance = { ...base!.terms, guardians: guardians(0), quorum: 1, resumeQuorum: 1 }
    script.signed({ kind: 'amend', previous: base!.hash, governance, reason: '' }, 2, [3])
    script.close([0, 1, 2, 3])
    expect(standing(script)).toBe('good')
    grant(script, licence({ counter: 2, budgetFlop: '1' }))
    expect(standing(script), 'former guardians license nobody').toBe('good')
  })
})
