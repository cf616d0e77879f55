// Every kind of entry, motion, event and finding becomes a sentence, in both languages, that quotes what members wrote.
import { describe, expect, it } from 'vitest'
import type { Finding } from '../../src/core/governance/detectors/findings.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import { createFormat } from '../../src/i18n/format.ts'
import { sentenceOf } from '../../src/state/entry-sentence.ts'
import { findingSentence } from '../../src/state/finding-sentence.ts'
import { motionTitle, timelineTitle } from '../../src/state/motion-title.ts'
import { oversightOf } from '../../src/state/oversight.ts'
import { peopleOf } from '../../src/state/people.ts'
import { memberId, membersOf, readScenario } from '../ui/fake-data.ts'
import { governanceOf } from '../ui/fake-governance.ts'
import { ledgerRows } from '../ui/fake-ledger.ts'

const scenario = readScenario(new URLSearchParams('rule=busy&members=6'))
const members = membersOf(scenario, 'Hana')
const rows = ledgerRows(scenario)

function lens(language: 'en' | 'ja') {
  const words = oversightOf(language)
  return { words, f: createFormat(language), people: peopleOf(members, memberId(0), words.ledger) }
}

describe.each(['en', 'ja'] as const)('%s', language => {
  const { words, f, people } = lens(language)
  const { motions, timeline } = governanceOf(scenario)

  it('the acted ledger has every kind of entry, and each is a sentence', () => {
    expect(new Set(rows.map(({ entry }) => entry.body.kind))).toEqual(
      new Set(Object.keys(words.ledger.kinds)),
    )
    for (const { entry } of rows) {
      const sentence = sentenceOf(entry.author, entry.body, { people, words: words.ledger, f, motions })
      expect(sentence.length, entry.body.kind).toBeGreaterThan(4)
      expect(sentence, entry.body.kind).not.toMatch(/undefined|\[object|NaN|member-/u)
      if ('reason' in entry.body) expect(sentence).toContain(words.ledger.quote(entry.body.reason))
    }
  })

  it('motions and events have titles', () => {
    for (const motion of motions) expect(motionTitle(motion, words, people)).not.toBe('')
    for (const item of timeline) expect(timelineTitle(item, words, people)).not.toBe('')
  })

  it('findings of every rule are sentences', () => {
    const [a, b] = [memberId(0), memberId(1)]
    const findings: readonly Finding[] = [
      {
        rule: 'R1',
        severity: 'alert',
        by: 'owner',
        name: 'x',
        members: [a, b],
        flop: 5n,
        capFlop: 4n,
        split: true,
      },
      { rule: 'R2', severity: 'alert', model: 'm', hits: 9, samples: 10, chance: 0.1, pValue: 0 },
      {
        rule: 'R3',
        severity: 'alert',
        kind: 'same-function',
        first: 'm',
        second: 'n',
        correlation: 1,
        threshold: 0.7,
      },
      { rule: 'R4', severity: 'warning', owner: 'x', members: [a], runs: [] },
      ...(
        [
          'gap',
          'overlap',
          'broken-chain',
          'model-chain',
          'more-work-than-time',
          'clock-back',
          'device-twice',
        ] as const
      ).map((fault): Finding => ({
        rule: 'R5',
        severity: 'warning',
        fault,
        member: b,
        receipt: 'r',
        other: '',
        amount: 1500,
      })),
      {
        rule: 'R6',
        severity: 'alert',
        kind: 'too-fast',
        member: b,
        device: 'd',
        receipts: [],
        fastest: 2e9,
        benchmark: 1e9,
      },
      {
        rule: 'R7',
        severity: 'warning',
        room: 'r' as RoomId,
        dataRoot: 'd',
        members: [a, b],
        owners: [],
        cause: 'different-parts',
      },
    ]
    for (const finding of findings) {
      const sentence = findingSentence(finding, words, people, f)
      expect(sentence.length, finding.rule).toBeGreaterThan(4)
      expect(sentence, finding.rule).not.toMatch(/undefined|\[object|NaN/u)
    }
  })
})

it('a signature says what was signed, when that is known', () => {
  const { words, f, people } = lens('en')
  const say = (motions: Parameters<typeof sentenceOf>[2]['motions']) =>
    sentenceOf(
      memberId(1),
      { kind: 'endorse', subject: 'ab'.repeat(32), round: 1 },
      {
        people,
        words: words.ledger,
        f,
        motions,
      },
    )
  expect(say([{ hash: 'ab'.repeat(32), kind: 'order', action: 'pause' }])).toBe('Kenji signed the pause')
  expect(say([])).toBe('Kenji signed entry abababab')
})

it('two people of one name are told apart, strangers go by their key, lists end somewhere', () => {
  const { words } = lens('en')
  const twins = members.map(member => ({ ...member, nickname: 'Aiko' }))
  const people = peopleOf(twins, memberId(0), words.ledger)
  expect(people.plain(memberId(1))).toBe('Aiko (member…)')
  expect(people.who(memberId(0))).toBe('You')
  const named = peopleOf(members, memberId(0), words.ledger)
  expect(named.who('Qy3pD0m9TzKf5sWb' as MemberId)).toBe('Qy3pD0…')
  expect(named.list([])).toBe('')
  expect(named.list([memberId(0)])).toBe('you')
  expect(named.list([1, 2].map(memberId))).toBe('Kenji and Amélie')
  expect(named.list([0, 1, 2, 3, 4, 5, 6].map(memberId))).toBe('you, Kenji, Amélie, ゆき, Tomás and 2 others')
})
