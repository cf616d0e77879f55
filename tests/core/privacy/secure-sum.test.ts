import { describe, expect, it } from 'vitest'
import { createRng } from '../../../src/core/num/rng.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { addPairMask, secretsFrom, publicOf } from '../../../src/core/privacy/secure-keys.ts'
import type { SumMessage } from '../../../src/core/privacy/secure-messages.ts'
import { shapeOf, SumRecord, type SumConfig } from '../../../src/core/privacy/secure-record.ts'
import { SecureSumLead } from '../../../src/core/privacy/secure-sum-lead.ts'
import { SecureSumMember, type SumEffect } from '../../../src/core/privacy/secure-sum.ts'
import { combineShares } from '../../../src/core/privacy/secure-shamir.ts'
import {
  configOf,
  encodeFor,
  failureOf,
  LEAD,
  plainSum,
  randomBytes,
  runSum,
  sumOf,
  type Flight,
  type Kind,
} from './sum-rig.ts'

const id = (index: number): MemberId => `m${String(index).padStart(3, '0')}` as MemberId

describe('a sum under masks', () => {
  it('is exact when everybody stays', () => {
    const result = runSum({ seed: 'all', members: 10, parameters: 500 })
    expect(sumOf(result)!.sum).toEqual(plainSum(result.inputs))
    expect(sumOf(result)!.contributors).toEqual(result.config.members)
    for (const effects of result.members.values()) expect(effects.at(-1)).toEqual({ type: 'done' })
  })

  it('two of ten drop out after masking: the sum of all ten, without them to unmask', () => {
    const silentFrom = new Map<number, Kind>([
      [3, 'confirm'],
      [8, 'confirm'],
    ])
    const result = runSum({ seed: 'after', members: 10, parameters: 500, silentFrom })
    expect(sumOf(result)!.sum).toEqual(plainSum(result.inputs))
  })

  it('two of ten drop out before their masked vectors arrive: the sum of the other eight', () => {
    const silentFrom = new Map<number, Kind>([
      [0, 'masked'],
      [9, 'masked'],
    ])
    const result = runSum({ seed: 'before', members: 10, parameters: 500, silentFrom })
    expect(sumOf(result)!.sum).toEqual(plainSum(result.inputs.slice(1, 9)))
    expect(sumOf(result)!.contributors).toEqual(result.config.members.slice(1, 9))
  })

  it.each<[Kind, string]>([
    ['keys', 'keys'],
    ['shares', 'shares'],
    ['masked', 'masked'],
    ['confirm', 'reveal'],
    ['reveal', 'reveal'],
  ])('fails with a kind when too many fall silent before %s', (kind, phase) => {
    const silentFrom = new Map(Array.from({ length: 4 }, (_, i) => [2 * i, kind] as const))
    const result = runSum({ seed: kind, members: 10, parameters: 20, silentFrom })
    expect(sumOf(result)).toBeUndefined()
    expect(failureOf(result)).toMatchObject({ kind: 'too-few', phase, needed: 7 })
  })

  it.each(Array.from({ length: 8 }, (_, i) => i))(
    'random dropouts, seed %d: exact or refused, never wrong',
    seed => {
      const rng = createRng(`dropouts/${seed}`)
      const members = 3 + Math.floor(rng.next() * 8)
      const silentFrom = new Map<number, Kind>()
      for (let i = 0; i < members; i++) {
        const kinds: Kind[] = ['keys', 'shares', 'masked', 'confirm', 'reveal']
        if (rng.next() < 0.25) silentFrom.set(i, kinds[Math.floor(rng.next() * 5)]!)
      }
      const result = runSum({ seed: `dropouts/${seed}`, members, parameters: 33, silentFrom })
      const { threshold } = result.config
      const left = (kinds: Kind[]): number[] =>
        result.inputs.flatMap((_, i) => (kinds.includes(silentFrom.get(i) ?? 'list') ? [] : [i]))
      const contributed = left(['keys', 'shares', 'masked'])
      const sum = sumOf(result)
      if (left(['keys', 'shares', 'masked', 'confirm', 'reveal']).length >= threshold) {
        expect(sum!.sum).toEqual(plainSum(contributed.map(i => result.inputs[i]!)))
        expect(sum!.contributors).toEqual(contributed.map(id))
      } else {
        expect(sum).toBeUndefined()
        expect(failureOf(result)?.kind).toBe('too-few')
      }
    },
  )
})

describe('what others see', () => {
  /** Chi-square of the words' top bytes against even; 255 degrees of freedom, 1 in a million above 390. */
  const unevenness = (words: Uint32Array): number => {
    const seen = new Float64Array(256)
    for (const word of words) seen[word >>> 24]!++
    const even = words.length / 256
    return seen.reduce((sum, count) => sum + (count - even) ** 2 / even, 0)
  }
  const parameters = 25_600
  // The worst input for a weak mask: nothing at all.
  const inputs = Array.from({ length: 10 }, () => new Uint32Array(parameters))
  const maskedOf = (result: ReturnType<typeof runSum>): Uint32Array[] =>
    result.sent.flatMap(({ message }) => (message.kind === 'masked' ? [message.vector] : []))

  it('the check can fail: an unmasked vector is anything but uniform', () => {
    expect(unevenness(inputs[0]!)).toBeGreaterThan(390)
  })

  it('masked vectors are uniform, also against each other', () => {
    const vectors = maskedOf(runSum({ seed: 'uniform', members: 10, parameters, inputs }))
    expect(vectors).toHaveLength(10)
    for (const vector of vectors) expect(unevenness(vector)).toBeLessThan(390)
    const difference = vectors[0]!.map((word, i) => word - vectors[1]![i]!)
    expect(unevenness(difference)).toBeLessThan(390)
  })

  it('six of ten colluders take off what they share with a victim, and what is left is still uniform', () => {
    const seed = 'colluders'
    const result = runSum({ seed, members: 10, parameters, inputs })
    // The rig draws the members' entropy first, so it can be drawn again.
    const rng = createRng(seed)
    const shape = shapeOf(result.config)
    const secrets = result.config.members.map(() => secretsFrom(randomBytes(rng, 32), shape.session))
    const keys = secrets.map(({ sealSecret, maskSecret }) => ({
      kind: 'keys' as const,
      sealPublic: publicOf(sealSecret),
      maskPublic: publicOf(maskSecret),
    }))
    const record = new SumRecord(shape)
    keys.forEach((message, i) => record.keys.set(i, message))
    const transcript = record.digestOf(
      'roster',
      secrets.map((_, i) => i),
    )
    const victim = 9
    const sentKeys = result.sent.find(
      ({ from, message }) => from === id(victim) && message.kind === 'keys',
    )!.message
    expect(sentKeys, 'the test knows the real keys').toEqual(keys[victim])
    const vector = maskedOf(runSum({ seed, members: 10, parameters, inputs }))[
      result.sent
        .filter(({ message }) => message.kind === 'masked')
        .findIndex(({ from }) => from === id(victim))
    ]!.slice()
    const takeOff = (colluder: number): void =>
      addPairMask(
        vector,
        secrets[colluder]!.maskSecret,
        keys[victim]!.maskPublic,
        transcript,
        [victim, colluder],
        -1,
      )
    for (let colluder = 0; colluder < 6; colluder++) {
      takeOff(colluder)
      expect(unevenness(vector)).toBeLessThan(390)
    }
    // With everybody else's masks and the seed the vector lies open: the subtraction above was the right one.
    for (let colluder = 6; colluder < 9; colluder++) takeOff(colluder)
    const seedShares = result.sent.flatMap(({ from, message }) =>
      message.kind === 'reveal'
        ? [{ x: result.config.members.indexOf(from) + 1, bytes: message.shares[victim]! }]
        : [],
    )
    expect(combineShares(seedShares.slice(0, 6))).not.toEqual(secrets[victim]!.seed)
    expect(combineShares(seedShares.slice(0, 7))).toEqual(secrets[victim]!.seed)
  })

  it('a vector that came too late stays masked, though its pairwise masks are given away', () => {
    // Member 9's vector reaches the colluding lead, which lists it as gone: shares of its mask secret, none of its seed.
    let late: Uint32Array | null = null
    const result = runSum({
      seed: 'late',
      members: 10,
      parameters,
      inputs,
      tamper: (flight, message) => {
        if (flight.from !== id(9) || message.kind !== 'masked') return [flight]
        late = message.vector.slice()
        return []
      },
    })
    expect(sumOf(result)!.contributors).toHaveLength(9)
    const keys = new Map(
      result.sent.flatMap(({ from, message }) => (message.kind === 'keys' ? [[from, message] as const] : [])),
    )
    const record = new SumRecord(shapeOf(result.config))
    result.config.members.forEach((member, i) => record.keys.set(i, keys.get(member)!))
    const transcript = record.digestOf(
      'roster',
      result.config.members.map((_, i) => i),
    )
    const shares = result.sent.flatMap(({ from, message }) =>
      message.kind === 'reveal'
        ? [{ x: result.config.members.indexOf(from) + 1, bytes: message.shares[9]! }]
        : [],
    )
    const secret = combineShares(shares.slice(0, 7))
    expect(publicOf(secret)).toEqual(keys.get(id(9))!.maskPublic)
    const vector: Uint32Array = late!
    for (let i = 0; i < 9; i++)
      addPairMask(vector, secret, keys.get(id(i))!.maskPublic, transcript, [9, i], -1)
    expect(unevenness(vector)).toBeLessThan(390)
  })
})

describe('those who do not keep to it', () => {
  const faults = (effects: readonly SumEffect[]): string[] =>
    effects.flatMap(effect => (effect.type === 'fault' ? [`${effect.kind} ${effect.by}`] : []))

  /** What a lead that lies knows: every message that went to everybody. */
  const recordOf = (config: SumConfig, seen: ReadonlyMap<MemberId, readonly SumMessage[]>): SumRecord => {
    const record = new SumRecord(shapeOf(config))
    config.members.forEach((member, i) => {
      for (const message of seen.get(member) ?? []) {
        if (message.kind === 'keys') record.keys.set(i, message)
        if (message.kind === 'shares') record.shares.set(i, message)
      }
    })
    const everybody = config.members.map((_, i) => i)
    record.settle('roster', everybody)
    record.settle('sharers', everybody)
    return record
  }

  it('a lead that asks half of the room for one kind of share and half for the other gets neither', () => {
    const config = configOf(10, 8)
    const seen = new Map<MemberId, SumMessage[]>()
    const result = runSum({
      seed: 'two-lists',
      members: 10,
      parameters: 8,
      tamper: (flight, message) => {
        seen.set(flight.from, [...(seen.get(flight.from) ?? []), message])
        if (message.kind !== 'list' || message.list !== 'survivors' || config.members.indexOf(flight.to) < 5)
          return [flight]
        // The other half hears that member 0 is gone, with the digest that fits the lie.
        const members = message.members.filter(i => i !== 0)
        const digest = recordOf(config, seen).digestOf('survivors', members)
        return [{ ...flight, bytes: encodeFor(config, { ...message, members, digest }) }]
      },
    })
    expect(result.sent.filter(({ message }) => message.kind === 'confirm')).toHaveLength(10)
    expect(result.sent.some(({ message }) => message.kind === 'reveal')).toBe(false)
    expect(failureOf(result)).toMatchObject({ kind: 'too-few', phase: 'reveal' })
  })

  it('a lead that tells one member two lists, one after the other, is answered once and found out', () => {
    const config = configOf(4, 8, 3)
    const seen = new Map<MemberId, SumMessage[]>()
    const result = runSum({
      seed: 'second-list',
      members: 4,
      parameters: 8,
      threshold: 3,
      tamper: (flight, message) => {
        seen.set(flight.from, [...(seen.get(flight.from) ?? []), message])
        if (message.kind !== 'list' || message.list !== 'survivors' || flight.to !== id(1)) return [flight]
        const digest = recordOf(config, seen).digestOf('survivors', [1, 2, 3])
        return [flight, { ...flight, bytes: encodeFor(config, { ...message, members: [1, 2, 3], digest }) }]
      },
    })
    expect(
      result.sent.filter(({ from, message }) => from === id(1) && message.kind === 'reveal').length,
    ).toBeLessThan(2)
    expect(faults(result.members.get(id(1))!)).toContain(`second-list ${LEAD}`)
  })

  it('a lead that tells a list with another digest is left', () => {
    const result = runSum({
      seed: 'digest',
      members: 4,
      parameters: 8,
      tamper: (flight, message) =>
        message.kind === 'list' && message.list === 'roster'
          ? [{ ...flight, bytes: encodeFor(configOf(4, 8), { ...message, digest: new Uint8Array(32) }) }]
          : [flight],
    })
    for (const effects of result.members.values())
      expect(effects.at(-1)).toEqual({ type: 'out', why: 'other-list' })
    expect(result.sent.some(({ message }) => message.kind === 'shares')).toBe(false)
  })

  it('lists below the threshold, lists that widen, lists without the member itself: nothing leaves', () => {
    const config = configOf(5, 4)
    const list = (members: number[]): Uint8Array =>
      encodeFor(config, { kind: 'list', list: 'roster', members, digest: new Uint8Array(32) })
    for (const [members, why] of [
      [[0, 1], 'too-few'],
      [[1, 2, 3, 4], 'left-out'],
    ] as const) {
      const member = new SecureSumMember(config, id(0), randomBytes(createRng('lists'), 32))
      member.step({ type: 'start' })
      expect(member.step({ type: 'message', from: LEAD, bytes: list([...members]) })).toEqual([
        { type: 'out', why },
      ])
      expect(member.step({ type: 'input', vector: new Uint32Array(4) })).toEqual([])
    }
    const outcome = runSum({
      seed: 'widen',
      members: 5,
      parameters: 4,
      silentFrom: new Map([[4, 'shares']]),
      tamper: (flight, message) =>
        message.kind === 'list' && message.list === 'survivors'
          ? [{ ...flight, bytes: encodeFor(config, { ...message, members: [0, 1, 2, 3, 4] }) }]
          : [flight],
    })
    expect(outcome.members.get(id(0))!.at(-1)).toEqual({ type: 'out', why: 'not-nested' })
    expect(outcome.sent.some(({ message }) => message.kind === 'reveal')).toBe(false)
  })

  it('a member that is not the lead tells no lists, and a stranger nothing', () => {
    const config = configOf(3, 4)
    const member = new SecureSumMember(config, id(0), randomBytes(createRng('entitled'), 32))
    const list = { kind: 'list', list: 'roster', members: [0, 1, 2], digest: new Uint8Array(32) } as const
    for (const from of [id(1), 'stranger' as MemberId])
      expect(member.step({ type: 'message', from, bytes: encodeFor(config, list) })).toEqual([
        { type: 'fault', kind: 'not-entitled', by: from },
      ])
  })

  it('wrong shares of two members are found and left out; the sum is exact', () => {
    const result = runSum({ seed: 'wrong', members: 10, parameters: 40, tamper: spoilReveal([2, 5]) })
    expect(sumOf(result)!.sum).toEqual(plainSum(result.inputs))
  })

  it('wrong shares of more than can be spared: refused, and each is named', () => {
    const result = runSum({ seed: 'wrong', members: 10, parameters: 40, tamper: spoilReveal([1, 2, 5, 6]) })
    expect(sumOf(result)).toBeUndefined()
    expect(failureOf(result)).toMatchObject({ kind: 'too-few', phase: 'reveal', present: 6 })
    const named = result.lead.flatMap(effect =>
      effect.type === 'fault' ? [`${effect.kind} ${effect.by}`] : [],
    )
    expect(named.sort()).toEqual([1, 2, 5, 6].map(i => `wrong-share ${id(i)}`))
  })

  function spoilReveal(by: readonly number[]) {
    return (flight: Flight, message: SumMessage): Flight[] => {
      if (message.kind !== 'reveal' || !by.some(i => flight.from === id(i))) return [flight]
      const shares = message.shares.map(share => share && share.map(byte => byte ^ 1))
      return [{ ...flight, bytes: encodeFor(configOf(10, 40), { ...message, shares }) }]
    }
  }

  it('a dealer that announces another seed than it deals is named, and there is no sum', () => {
    const config = configOf(5, 10)
    const seen = new Map<MemberId, SumMessage[]>()
    const result = runSum({
      seed: 'dealer',
      members: 5,
      parameters: 10,
      tamper: (flight, message) => {
        seen.set(flight.from, [...(seen.get(flight.from) ?? []), message])
        if (flight.from === id(3) && message.kind === 'shares')
          return [
            {
              ...flight,
              bytes: encodeFor(config, { ...message, seedCommitment: new Uint8Array(32).fill(3) }),
            },
          ]
        // Member 3 plays along: it takes the list as if it rested on what it really dealt.
        if (flight.to === id(3) && message.kind === 'list' && message.list === 'sharers') {
          const digest = recordOf(config, seen).digestOf('sharers', message.members)
          return [{ ...flight, bytes: encodeFor(config, { ...message, digest }) }]
        }
        return [flight]
      },
    })
    expect(sumOf(result)).toBeUndefined()
    expect(failureOf(result)).toEqual({ kind: 'bad-dealer', by: id(3) })
  })

  it('boxes that do not open are told, and the rest goes on as long as enough shares are good', () => {
    const config = configOf(10, 10)
    const spoil = (boxes: readonly Uint8Array[]): Uint8Array[] =>
      boxes.map((box, i) => (i < 2 ? box.map(byte => byte ^ 255) : box))
    const result = runSum({
      seed: 'boxes',
      members: 10,
      parameters: 10,
      silentFrom: new Map([[9, 'masked']]),
      tamper: (flight, message) =>
        flight.from === id(9) && message.kind === 'shares'
          ? [{ ...flight, bytes: encodeFor(config, { ...message, boxes: spoil(message.boxes) }) }]
          : [flight],
    })
    for (const i of [0, 1]) expect(faults(result.members.get(id(i))!)).toEqual([`bad-shares ${id(9)}`])
    expect(faults(result.members.get(id(2))!)).toEqual([])
    expect(sumOf(result)!.sum).toEqual(plainSum(result.inputs.slice(0, 9)))
  })

  it.each(Array.from({ length: 6 }, (_, i) => i))(
    'rubbish under way, seed %d: exact, refused, never wrong',
    seed => {
      const rng = createRng(`rubbish/${seed}`)
      const honest = new Map<string, Uint32Array>()
      const result = runSum({
        seed: `rubbish/${seed}`,
        members: 6,
        parameters: 12,
        tamper: flight => {
          // Two members' links spoil things, one message in four: bits flip, ends are cut, twins appear.
          if (flight.from !== id(1) && flight.from !== id(4)) return [flight]
          if (rng.next() < 0.75) return [flight]
          const bytes = flight.bytes.slice()
          const way = Math.floor(rng.next() * 3)
          if (way === 0)
            bytes[Math.floor(rng.next() * Math.min(18, bytes.length))]! ^= 1 << Math.floor(rng.next() * 8)
          if (way === 2) return [flight, flight]
          return [
            {
              ...flight,
              bytes: way === 1 ? bytes.subarray(0, Math.floor(rng.next() * bytes.length)) : bytes,
            },
          ]
        },
      })
      result.config.members.forEach((member, i) => honest.set(member, result.inputs[i]!))
      const sum = sumOf(result)
      if (sum) expect(sum.sum).toEqual(plainSum(sum.contributors.map(member => honest.get(member)!)))
      else expect(failureOf(result)).toBeDefined()
    },
  )

  it('a second, different vector of one member does not count', () => {
    const config = configOf(3, 4)
    const result = runSum({
      seed: 'twice',
      members: 3,
      parameters: 4,
      tamper: (flight, message) =>
        message.kind === 'masked' && flight.from === id(0)
          ? [
              flight,
              { ...flight, bytes: encodeFor(config, { kind: 'masked', vector: Uint32Array.of(9, 9, 9, 9) }) },
            ]
          : [flight],
    })
    const sum = sumOf(result)
    // Whichever came first counts; with the forged one the sum is off by exactly that member's own doing.
    if (sum) expect(sum.contributors).toHaveLength(3)
    const told = result.lead.filter(effect => effect.type === 'fault')
    expect(told.every(effect => effect.kind === 'second-message' && effect.by === id(0))).toBe(true)
  })
})

describe('configs', () => {
  it.each([
    [{ ...configOf(10, 5), threshold: 5 }, 'bad-threshold'],
    [{ ...configOf(10, 5), threshold: 11 }, 'bad-threshold'],
    [{ ...configOf(10, 5), members: [id(1), id(0)] }, 'bad-members'],
    [{ ...configOf(10, 5), members: [id(1), id(1)] }, 'bad-members'],
    [{ ...configOf(10, 5), members: [id(1)] }, 'bad-members'],
    [{ ...configOf(10, 5), parameters: 0 }, 'bad-parameters'],
  ])('are checked (%#): %s', (config, kind) => {
    expect(() => new SecureSumLead(config as SumConfig)).toThrow(expect.objectContaining({ kind }))
  })

  it('members of another session do not understand each other', () => {
    const one = new SecureSumMember(configOf(3, 4), id(0), randomBytes(createRng('s'), 32))
    const other = new SecureSumMember(
      { ...configOf(3, 4), context: Uint8Array.of(8) },
      id(1),
      randomBytes(createRng('t'), 32),
    )
    const [hello] = other.step({ type: 'start' })
    expect(hello!.type === 'send' && one.step({ type: 'message', from: id(1), bytes: hello!.bytes })).toEqual(
      [{ type: 'fault', kind: 'other-session', by: id(1) }],
    )
  })

  it('a vector of another length is a fault of the program', () => {
    const member = new SecureSumMember(configOf(3, 4), id(0), randomBytes(createRng('v'), 32))
    expect(() => member.step({ type: 'input', vector: new Uint32Array(5) })).toThrow(
      expect.objectContaining({ kind: 'bad-parameters' }),
    )
  })
})
