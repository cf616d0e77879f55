import { describe, expect, it } from 'vitest'
import { sealHash, type SealMode } from '../../../src/core/ledger/quorum.ts'
import { NO_SEAL } from '../../../src/core/ledger/seal-events.ts'
import { SealMachine, type SealEffect, type SealEvent } from '../../../src/core/ledger/seal-machine.ts'
import type { Certificate, Seal, SealStatement } from '../../../src/core/ledger/seal.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { CHARTER, name, ROOM } from './seal-fixtures.ts'

const START = 1_000
const names = (count: number): MemberId[] => Array.from({ length: count }, (_, i) => name(i))

function sealOf(members: readonly MemberId[], over: Partial<Seal> = {}): Seal {
  return {
    v: 2,
    room: ROOM,
    epoch: 1,
    previous: CHARTER,
    unixMs: 1,
    size: 3,
    root: 'a'.repeat(64),
    heads: 'b'.repeat(64),
    state: 'c'.repeat(64),
    members,
    anchor: name(0),
    modelRound: -1,
    modelHash: '',
    ...over,
  }
}

/** One machine under the test's hands: its own statements are fed back at once. */
class Bench {
  machine: SealMachine
  now = START
  effects: SealEffect[] = []
  said: SealStatement[] = []

  constructor(
    readonly self: MemberId,
    readonly members: readonly MemberId[],
    readonly mode: SealMode,
  ) {
    this.machine = this.fresh()
    this.do({ type: 'present', members })
  }

  fresh(): SealMachine {
    const { self, members, mode } = this
    return new SealMachine({ room: ROOM, self, mode, epoch: 0, hash: CHARTER, members, anchor: name(0) })
  }

  restart(statements: readonly SealStatement[], seals: readonly Seal[] = []): void {
    this.machine = this.fresh()
    this.effects = []
    this.said = []
    this.do({ type: 'restore', statements, seals: seals.map(seal => ({ seal, hash: sealHash(seal) })) })
    this.do({ type: 'present', members: this.members })
  }

  do(event: SealEvent, at = this.now): SealEffect[] {
    this.now = at
    const direct = this.machine.step(event, at)
    const effects = [...direct]
    this.effects.push(...direct)
    for (const effect of direct) {
      if (effect.type !== 'say') continue
      const statement = { ...effect.statement, sig: 'own' }
      this.said.push(statement)
      effects.push(...this.do({ type: 'statement', statement }))
    }
    return effects
  }

  want(open = 1, openBytes = 400, urgent = true, members = 4): SealEffect[] {
    return this.do({ type: 'want', open, openBytes, urgent, members })
  }

  tick(at: number): SealEffect[] {
    return this.do({ type: 'tick' }, at)
  }

  hear(
    author: MemberId,
    path: SealStatement['path'],
    phase: SealStatement['phase'],
    seal: Seal | string,
    view = 0,
    epoch = 1,
  ): SealEffect[] {
    const hash = typeof seal === 'string' ? seal : sealHash(seal)
    const statement = { v: 2, room: ROOM, epoch, path, phase, view, seal: hash, author, sig: '' } as const
    return this.do({ type: 'statement', statement })
  }

  /** Content arrives and is found good. */
  learn(seal: Seal, verdict: 'good' | 'missing' | 'bad' = 'good'): SealEffect[] {
    const hash = sealHash(seal)
    const effects = this.do({ type: 'seal', seal, hash })
    return [...effects, ...this.do({ type: 'checked', hash, verdict })]
  }

  candidate(seal: Seal): SealEffect[] {
    return this.do({ type: 'candidate', seal, hash: sealHash(seal) })
  }

  finals(): Certificate[] {
    return this.effects.flatMap(effect => (effect.type === 'final' ? [effect.certificate] : []))
  }

  /** What was said so far, short: path phase view seal. */
  words(): string[] {
    return this.said.map(({ path, phase, view, seal }) => {
      return `${path} ${phase} ${view} ${seal === NO_SEAL ? 'none' : seal.slice(0, 4)}`
    })
  }
}

const short = (seal: Seal): string => sealHash(seal).slice(0, 4)
const types = (effects: readonly SealEffect[]): string[] => effects.map(({ type }) => type)

describe('alone', () => {
  it.each(['host', 'consortium'] as const)('the founder seals at once: %s', mode => {
    const bench = new Bench(name(0), names(1), mode)
    bench.want()
    expect(types(bench.effects)).toEqual([])
    expect(types(bench.tick(START + 2_000))).toEqual(['prepare'])
    const seal = sealOf(names(1))
    bench.candidate(seal)
    const path = mode === 'host' ? 'host' : 'quorum'
    const word = (phase: string) => `${path} ${phase} 0 ${short(seal)}`
    expect(bench.words()).toEqual([word('propose'), word('vote'), word('commit')])
    const [certificate] = bench.finals()
    expect(certificate?.seal).toEqual(seal)
    expect(certificate?.statements.map(({ phase }) => phase)).toEqual(
      mode === 'host' ? ['commit', 'vote'] : ['commit'],
    )
    expect(bench.machine.progress().phase).toBe('sealed')
    bench.do({ type: 'final', certificate: certificate! })
    expect(bench.machine.epochNumber).toBe(2)
    expect(bench.machine.statements).toEqual([])
  })

  it('asks the book again until it stands on the seal', () => {
    const bench = new Bench(name(0), names(1), 'host')
    bench.want()
    bench.tick(START + 2_000)
    bench.candidate(sealOf(names(1)))
    expect(bench.machine.wakeAt(bench.now)).toBe(START + 4_000)
    bench.tick(START + 3_000)
    expect(bench.finals()).toHaveLength(1)
    bench.tick(START + 4_000)
    expect(bench.finals()).toHaveLength(2)
  })
})

describe('when', () => {
  const first = (open: number, openBytes: number, urgent: boolean): number => {
    const bench = new Bench(name(0), names(1), 'host')
    bench.want(open, openBytes, urgent)
    const at = bench.machine.wakeAt(bench.now)
    for (let now = START; now <= START + 60_000; now += 100)
      if (bench.tick(now).some(({ type }) => type === 'prepare')) {
        expect(now).toBeGreaterThanOrEqual(at)
        return now - START
      }
    return Infinity
  }

  it('half a minute with something open, never with nothing', () => {
    expect(first(1, 400, false)).toBe(30_000)
    expect(first(1_499, 899_999, false)).toBe(30_000)
    expect(first(0, 0, true)).toBe(Infinity)
  })

  it('at once, but for two seconds, when it is urgent or much is open', () => {
    expect(first(1, 400, true)).toBe(2_000)
    expect(first(1_500, 400, false)).toBe(2_000)
    expect(first(1, 900_000, false)).toBe(2_000)
  })

  it('a proposal without new entries, or out of line, is voted down', () => {
    for (const over of [{ size: 0 }, { previous: 'd'.repeat(64) }, { anchor: name(2) }, { epoch: 2 }]) {
      const bench = new Bench(name(0), names(4), 'consortium')
      bench.now = START + 2_000
      const odd = sealOf(names(4), over)
      bench.hear(name(1), 'quorum', 'propose', odd)
      bench.do({ type: 'seal', seal: odd, hash: sealHash(odd) })
      expect(bench.words()).toEqual(['quorum vote 0 none'])
    }
  })
})

describe('quorum', () => {
  const members = names(4)
  const one = sealOf(members)
  const two = sealOf(members, { unixMs: 2 })

  /** m01 proposes in view 0 of epoch 1, m02 in view 1. */
  function atVote(): Bench {
    const bench = new Bench(name(0), members, 'consortium')
    bench.now = START + 2_000
    bench.hear(name(1), 'quorum', 'propose', one)
    return bench
  }

  it('fetches, checks, votes, commits, and has it final', () => {
    const bench = atVote()
    expect(types(bench.effects)).toEqual(['fetch'])
    expect(types(bench.do({ type: 'seal', seal: one, hash: sealHash(one) }))).toEqual(['check'])
    bench.do({ type: 'checked', hash: sealHash(one), verdict: 'good' })
    expect(bench.words()).toEqual([`quorum vote 0 ${short(one)}`])
    expect(bench.machine.progress()).toMatchObject({ phase: 'vote', have: 1, needed: 3, present: 4 })
    bench.hear(name(1), 'quorum', 'vote', one)
    bench.hear(name(2), 'quorum', 'vote', one)
    expect(bench.words()[1]).toBe(`quorum commit 0 ${short(one)}`)
    const commit = bench.effects.findLast(effect => effect.type === 'say')!
    expect(commit.seal).toEqual(one)
    expect(commit.evidence.map(({ author, phase }) => `${phase} ${author}`).sort()).toEqual([
      'vote m00',
      'vote m01',
      'vote m02',
    ])
    bench.hear(name(2), 'quorum', 'commit', one)
    expect(bench.finals()).toEqual([])
    bench.hear(name(3), 'quorum', 'commit', one)
    expect(bench.finals()[0]?.statements.map(({ author }) => author)).toEqual([name(0), name(2), name(3)])
  })

  it('checks again what was missing entries, and votes for none when time is up', () => {
    const bench = atVote()
    bench.learn(one, 'missing')
    expect(types(bench.do({ type: 'recheck' }))).toEqual(['check'])
    bench.do({ type: 'checked', hash: sealHash(one), verdict: 'missing' })
    const until = bench.machine.wakeAt(bench.now)
    expect(until).toBe(START + 2_000 + 3_000)
    bench.tick(until - 1)
    expect(bench.words()).toEqual([])
    bench.tick(until)
    expect(bench.words()).toEqual(['quorum vote 0 none'])
  })

  it('a locked member does not leave its seal without a newer quorum of votes', () => {
    const bench = atVote()
    bench.learn(one)
    for (const author of [name(1), name(2)]) bench.hear(author, 'quorum', 'vote', one)
    for (const author of [name(1), name(2), name(3)]) bench.hear(author, 'quorum', 'commit', NO_SEAL)
    expect(bench.machine.progress().view).toBe(1)
    bench.hear(name(2), 'quorum', 'propose', two, 1)
    bench.learn(two)
    bench.tick(bench.now + 5_000)
    expect(bench.words().slice(2)).toEqual(['quorum vote 1 none'])
    // Three voted for it all the same: it may be committed, for the first can not have become final.
    for (const author of [name(1), name(2), name(3)]) bench.hear(author, 'quorum', 'vote', two, 1)
    expect(bench.words()[3]).toBe(`quorum commit 1 ${short(two)}`)
  })

  it('is bound by it after a restart too', () => {
    const bench = atVote()
    bench.learn(one)
    for (const author of [name(1), name(2)]) bench.hear(author, 'quorum', 'vote', one)
    const kept = bench.effects.flatMap(effect =>
      effect.type === 'say' ? [{ ...effect.statement, sig: 'own' }, ...effect.evidence] : [],
    )
    bench.restart(kept, [one])
    expect(bench.machine.statements).toHaveLength(4)
    bench.hear(name(1), 'quorum', 'propose', two)
    bench.learn(two)
    bench.tick(bench.now + 60_000)
    expect(bench.words()).toEqual([])
    for (const author of [name(1), name(2), name(3)]) bench.hear(author, 'quorum', 'commit', NO_SEAL)
    bench.hear(name(2), 'quorum', 'propose', two, 1)
    bench.learn(two)
    bench.tick(bench.now + 60_000)
    expect(bench.words()).toEqual(['quorum vote 1 none'])
  })

  it('what it said in a later epoch binds once it has caught up', () => {
    const bench = atVote()
    const vote = { v: 2, room: ROOM, epoch: 2, path: 'quorum', phase: 'vote', view: 0 } as const
    bench.restart([{ ...vote, seal: 'e'.repeat(64), author: name(0), sig: 'own' }])
    bench.do({ type: 'final', certificate: { seal: one, statements: [] } })
    bench.hear(name(2), 'quorum', 'propose', 'f'.repeat(64), 0, 2)
    bench.want()
    bench.tick(bench.now + 60_000)
    expect(bench.words()).toEqual([])
  })

  it('follows more members than may lie to a later view, not one', () => {
    const bench = atVote()
    bench.hear(name(3), 'quorum', 'vote', NO_SEAL, 900)
    expect(bench.machine.progress().view).toBe(0)
    bench.hear(name(2), 'quorum', 'vote', NO_SEAL, 5)
    expect(bench.machine.progress().view).toBe(5)
  })

  it('does not run ahead of a room in which nobody answers', () => {
    const bench = atVote()
    bench.want()
    for (let at = bench.now; at < START + 3_600_000; at += 5_000) bench.tick(at)
    expect(bench.words()).toEqual(['quorum vote 0 none'])
  })
})

describe('bounds', () => {
  it('keeps little of a flood, and forgets nothing of others for it', () => {
    const members = names(4)
    const bench = new Bench(name(0), members, 'consortium')
    const one = sealOf(members)
    for (const author of [name(1), name(2)]) bench.hear(author, 'quorum', 'vote', one)
    for (let view = 0; view < 3_000; view++)
      for (const phase of ['vote', 'commit'] as const) bench.hear(name(3), 'quorum', phase, NO_SEAL, view * 7)
    for (let i = 0; i < 300; i++)
      bench.hear(name(3), 'quorum', 'commit', i.toString(16).padStart(64, '0'), 20_993)
    expect(bench.machine.statements.length).toBeLessThan(40)
    const others = bench.machine.statements.filter(({ author }) => author !== name(3) && author !== name(0))
    expect(others).toHaveLength(2)
  })

  it('a vote that a flood pushed out completes a quorum of votes that others show', () => {
    const members = names(4)
    const bench = new Bench(name(0), members, 'consortium')
    bench.now = START + 2_000
    const one = sealOf(members)
    for (let view = 10; view < 40; view++) bench.hear(name(3), 'quorum', 'vote', NO_SEAL, view)
    bench.hear(name(1), 'quorum', 'vote', one)
    bench.hear(name(2), 'quorum', 'vote', one)
    const before = bench.machine.digest
    bench.hear(name(3), 'quorum', 'vote', one)
    expect(bench.machine.statements.filter(({ seal }) => seal === sealHash(one))).toHaveLength(3)
    expect(bench.machine.digest).not.toBe(before)
  })

  it('ignores other epochs but a little of the next, strangers and proposals out of turn', () => {
    const members = names(4)
    const bench = new Bench(name(0), members, 'consortium')
    bench.now = START + 2_000
    const one = sealOf(members)
    const next = 'e'.repeat(64)
    bench.hear(name(1), 'quorum', 'vote', one, 0, 3)
    bench.hear(name(9), 'quorum', 'vote', one)
    bench.hear(name(2), 'quorum', 'propose', one)
    bench.hear(name(1), 'host', 'vote', one)
    expect(bench.machine.statements).toEqual([])
    for (let view = 0; view < 50; view++) bench.hear(name(1), 'quorum', 'vote', next, view, 2)
    expect(bench.machine.statements).toEqual([])
    bench.do({ type: 'final', certificate: { seal: one, statements: [] } })
    expect(bench.machine.statements.filter(({ author }) => author === name(1))).toHaveLength(6)
  })

  it('equal statements give equal digests, whatever the order', () => {
    // Two that watch and have no vote.
    const [a, b] = [7, 8].map(i => new Bench(name(i), names(7), 'consortium')) as [Bench, Bench]
    const one = sealOf(names(7))
    for (const author of names(7)) a.hear(author, 'quorum', 'vote', one)
    for (const author of names(6)) b.hear(author, 'quorum', 'vote', one)
    expect(a.machine.digest).not.toBe(b.machine.digest)
    const news = a.machine.statements.filter(statement => b.machine.isNews(statement))
    expect(news.map(({ author }) => author)).toEqual([name(6)])
    b.do({ type: 'statement', statement: news[0]! })
    expect(a.machine.digest).toBe(b.machine.digest)
    const c = new Bench(name(9), names(7), 'consortium')
    for (const author of names(7).reverse()) c.hear(author, 'quorum', 'vote', one)
    expect(c.machine.digest).toBe(a.machine.digest)
  })
})

describe('host', () => {
  const members = names(5)
  const one = sealOf(members)
  const two = sealOf(members, { unixMs: 2 })

  function leading(): Bench {
    const bench = new Bench(name(0), members, 'host')
    bench.want()
    bench.tick(START + 2_000)
    bench.candidate(one)
    return bench
  }

  it('commits once, with most of those present and half of the members', () => {
    const bench = leading()
    expect(bench.machine.progress()).toMatchObject({ path: 'host', have: 1, needed: 3 })
    bench.hear(name(1), 'host', 'vote', one)
    expect(bench.words()).toHaveLength(2)
    bench.hear(name(4), 'host', 'vote', one)
    expect(bench.words()[2]).toBe(`host commit 0 ${short(one)}`)
    expect(bench.finals()).toHaveLength(1)
  })

  it('ignores votes for what it has replaced', () => {
    const bench = leading()
    bench.hear(name(1), 'host', 'vote', one)
    const at = bench.machine.wakeAt(bench.now)
    expect(at).toBe(START + 5_000)
    bench.tick(at)
    bench.candidate(two)
    expect(bench.words().slice(2)).toEqual([`host propose 1 ${short(two)}`, `host vote 1 ${short(two)}`])
    bench.hear(name(2), 'host', 'vote', one)
    bench.hear(name(3), 'host', 'vote', one)
    expect(bench.finals()).toEqual([])
    bench.hear(name(2), 'host', 'vote', two, 1)
    bench.hear(name(3), 'host', 'vote', two, 1)
    expect(bench.finals()[0]?.seal).toEqual(two)
  })

  it('does not begin a view for the same seal', () => {
    const bench = leading()
    bench.tick(START + 5_000)
    bench.candidate(one)
    bench.tick(START + 60_000)
    expect(bench.words()).toHaveLength(2)
  })

  it('never commits twice, restarted in the moment after', () => {
    const bench = leading()
    bench.hear(name(1), 'host', 'vote', one)
    bench.hear(name(2), 'host', 'vote', one)
    const kept = bench.said
    for (const seals of [[one], []]) {
      bench.restart(kept, seals)
      bench.want()
      for (let at = bench.now; at < START + 200_000; at += 1_000) {
        bench.tick(at)
        if (bench.effects.some(({ type }) => type === 'prepare')) bench.candidate(two)
      }
      expect(bench.words().filter(word => word.startsWith('host'))).toEqual([])
      bench.now = START
    }
  })

  it('a member votes for each newer proposal, once, if it comes to the same', () => {
    const bench = new Bench(name(3), members, 'host')
    bench.hear(name(0), 'host', 'propose', one)
    bench.learn(one)
    bench.hear(name(0), 'host', 'propose', two, 2)
    bench.learn(two)
    bench.hear(name(0), 'host', 'propose', one, 1)
    bench.tick(bench.now + 10_000)
    expect(bench.words()).toEqual([`host vote 0 ${short(one)}`, `host vote 2 ${short(two)}`])
  })

  it('a newcomer that the host counts as present votes too', () => {
    const grown = sealOf(names(7))
    const bench = new Bench(name(6), members, 'host')
    bench.hear(name(0), 'host', 'propose', grown)
    bench.learn(grown)
    expect(bench.words()).toEqual([`host vote 0 ${short(grown)}`])
    const stranger = new Bench(name(8), members, 'host')
    stranger.hear(name(0), 'host', 'propose', grown)
    stranger.learn(grown)
    expect(stranger.words()).toEqual([])
  })
})

describe('succession', () => {
  const members = names(5)
  const fresh = sealOf(members.slice(1), { anchor: name(2) })
  const hosts = sealOf(members, { unixMs: 9 })
  const others = names(4).map((_, i) => name(i + 1))

  function abandoned(self: MemberId, present = others): Bench {
    const bench = new Bench(self, members, 'host')
    bench.do({ type: 'present', members: present })
    bench.want()
    return bench
  }
  const pass = (bench: Bench, from: number) => {
    const [path, view] = ['quorum', from] as const
    for (const author of others) bench.hear(author, path, 'vote', NO_SEAL, view)
    for (const author of others) bench.hear(author, path, 'commit', NO_SEAL, view)
  }

  it('begins when the host was silent for a minute and enough are here', () => {
    const bench = abandoned(name(3))
    bench.tick(START + 59_999)
    expect(bench.machine.progress().path).toBe('host')
    expect(bench.machine.wakeAt(bench.now)).toBe(START + 60_000)
    bench.tick(START + 60_000)
    expect(bench.machine.progress().path).toBe('quorum')

    const heard = abandoned(name(3))
    heard.do({ type: 'host-heard' }, START + 30_000)
    heard.tick(START + 89_999)
    expect(heard.machine.progress().path).toBe('host')

    const few = abandoned(name(3), others.slice(1))
    few.tick(START + 600_000)
    expect(few.machine.progress()).toMatchObject({ path: 'host', present: 3 })
  })

  it('names a new anchor, after a view that only calls the roll', () => {
    const bench = abandoned(name(2))
    bench.tick(START + 60_000)
    pass(bench, 0)
    // Epoch 1, view 1: m02 proposes.
    expect(bench.effects.filter(({ type }) => type === 'prepare')).toEqual([
      { type: 'prepare', newAnchor: name(2) },
    ])
    bench.candidate(fresh)
    expect(bench.words().slice(-2)).toEqual([
      `quorum propose 1 ${short(fresh)}`,
      `quorum vote 1 ${short(fresh)}`,
    ])
    for (const author of others) bench.hear(author, 'quorum', 'vote', fresh, 1)
    for (const author of others) bench.hear(author, 'quorum', 'commit', fresh, 1)
    expect(bench.finals()[0]?.statements).toHaveLength(4)
    expect(bench.finals()[0]?.seal.anchor).toBe(name(2))
  })

  it('does not depose a host that is heard', () => {
    const bench = abandoned(name(3))
    bench.tick(START + 60_000)
    pass(bench, 0)
    bench.do({ type: 'host-heard' })
    bench.hear(name(2), 'quorum', 'propose', fresh, 1)
    bench.learn(fresh)
    bench.tick(bench.now + 5_000)
    expect(bench.words().at(-1)).toBe('quorum vote 1 none')
  })

  it('who voted for the host stands by that, or by what the host put in its place', () => {
    const bench = abandoned(name(3))
    bench.hear(name(0), 'host', 'propose', hosts)
    bench.learn(hosts)
    expect(bench.words()).toEqual([`host vote 0 ${short(hosts)}`])
    bench.tick(START + 60_000)
    pass(bench, 0)
    bench.hear(name(2), 'quorum', 'propose', fresh, 1)
    bench.learn(fresh)
    // Not even with the votes of a quorum: the host may have made the other one final.
    for (const author of others) bench.hear(author, 'quorum', 'vote', fresh, 1)
    bench.hear(name(0), 'quorum', 'vote', fresh, 1)
    bench.tick(bench.now + 20_000)
    expect(bench.words().filter(word => word.endsWith(short(fresh)))).toEqual([])

    const later = abandoned(name(3))
    later.hear(name(0), 'host', 'propose', hosts)
    later.learn(hosts)
    const instead = sealOf(members, { unixMs: 10 })
    later.hear(name(0), 'host', 'propose', instead, 1)
    later.tick(START + 60_000)
    pass(later, 0)
    later.hear(name(2), 'quorum', 'propose', instead, 1)
    later.do({ type: 'seal', seal: instead, hash: sealHash(instead) })
    later.do({ type: 'checked', hash: sealHash(instead), verdict: 'good' })
    expect(later.words().at(-1)).toBe(`quorum vote 1 ${short(instead)}`)
  })

  it('proposes what the host proposed last, if it knows', () => {
    const bench = abandoned(name(2))
    bench.hear(name(0), 'host', 'propose', hosts)
    bench.learn(hosts)
    bench.tick(START + 60_000)
    pass(bench, 0)
    expect(bench.words()).toContain(`quorum propose 1 ${short(hosts)}`)
  })

  it('a host that comes back takes up what a quorum voted for', () => {
    const bench = new Bench(name(0), members, 'host')
    for (const author of others) bench.hear(author, 'quorum', 'vote', fresh, 1)
    bench.want()
    bench.tick(START + 2_000)
    bench.learn(fresh)
    expect(bench.words()).toContain(`host propose 0 ${short(fresh)}`)
  })
})

describe('contradictions', () => {
  const members = names(4)
  const one = sealOf(members)
  const two = sealOf(members, { unixMs: 2 })
  const proofs = (bench: Bench) =>
    bench.effects.flatMap(effect => (effect.type === 'equivocation' ? [[effect.first, effect.second]] : []))

  it('two votes in one place are shown, once', () => {
    const bench = new Bench(name(0), members, 'consortium')
    bench.hear(name(1), 'quorum', 'vote', one)
    bench.hear(name(1), 'quorum', 'vote', two)
    bench.hear(name(1), 'quorum', 'vote', NO_SEAL)
    expect(proofs(bench)).toHaveLength(1)
    expect(proofs(bench)[0]?.map(statement => statement!.seal)).toEqual([sealHash(one), sealHash(two)])
  })

  it('so are two commits of a host in different views, and a commit of what it had replaced', () => {
    const bench = new Bench(name(1), members, 'host')
    bench.hear(name(0), 'host', 'commit', one, 0)
    bench.hear(name(0), 'host', 'commit', two, 3)
    expect(proofs(bench)).toHaveLength(1)
    const other = new Bench(name(1), members, 'host')
    other.hear(name(0), 'host', 'propose', two, 1)
    other.hear(name(0), 'host', 'commit', one, 0)
    expect(proofs(other)).toHaveLength(1)
    // Replacing a proposal is what hosts do.
    const honest = new Bench(name(1), members, 'host')
    honest.hear(name(0), 'host', 'propose', one, 0)
    honest.hear(name(0), 'host', 'propose', two, 1)
    honest.hear(name(0), 'host', 'commit', two, 1)
    expect(proofs(honest)).toEqual([])
  })

  it('a convicted host gets no more votes', () => {
    const bench = new Bench(name(1), members, 'host')
    bench.hear(name(0), 'host', 'propose', one, 0)
    bench.hear(name(0), 'host', 'propose', two, 0)
    bench.learn(one)
    bench.learn(two)
    expect(bench.words()).toEqual([])
  })

  it('another final seal of an epoch long closed still convicts', () => {
    const bench = new Bench(name(1), members, 'host')
    bench.hear(name(0), 'host', 'propose', one)
    bench.learn(one)
    bench.hear(name(2), 'host', 'vote', one)
    bench.hear(name(3), 'host', 'vote', one)
    bench.hear(name(0), 'host', 'commit', one)
    const [certificate] = bench.finals()
    bench.do({ type: 'final', certificate: certificate! })
    const commit = certificate!.statements.find(({ phase }) => phase === 'commit')!
    const rival = { ...commit, view: 4, seal: sealHash(two) }
    expect(bench.machine.isNews(rival)).toBe(true)
    bench.do({ type: 'final', certificate: { seal: two, statements: [rival] } })
    expect(proofs(bench)).toEqual([[commit, rival]])
    expect(bench.machine.epochNumber).toBe(2)
  })
})
