// The compiler holds both languages to the same keys; here, that they say something, and each in its own language.
import { expect, it } from 'vitest'
import { enRounds } from '../../src/i18n/en-rounds.ts'
import { en } from '../../src/i18n/en.ts'
import { jaRounds } from '../../src/i18n/ja-rounds.ts'
import { ja } from '../../src/i18n/ja.ts'
import { appraisalOf } from '../../src/state/appraisal-words.ts'
import { oversightOf } from '../../src/state/oversight.ts'

type Node = string | ((...args: never[]) => string) | { readonly [key: string]: Node } | readonly Node[]

/** Every sentence by its path; functions are called with stand-ins. */
function sentences(node: Node, path = ''): [path: string, sentence: string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') return [[path, call(node)]]
  return Object.entries(node).flatMap(([key, child]: [string, Node]) => sentences(child, `${path}/${key}`))
}

function call(write: (...args: never[]) => string): string {
  const standIn = new Proxy({}, { get: (_, key) => (key === Symbol.toPrimitive ? () => '5' : '5') })
  const args = Array.from({ length: Math.max(1, write.length) }, () => standIn)
  return `${write(...(args as never[]))}`
}

const all = (language: 'en' | 'ja') =>
  new Map([
    ...sentences(language === 'en' ? en : ja),
    ...sentences(oversightOf(language) as unknown as Node, '/oversight'),
    ...sentences(language === 'en' ? enRounds : jaRounds, '/rounds'),
    ...sentences(appraisalOf(language) as unknown as Node, '/appraisal'),
  ])
const english = all('en')
const japanese = all('ja')

/** Said alike in both languages, or nothing to say. */
const ALIKE =
  /\/(linkPlaceholder|source|roundEndless|phaseText\/training|safetensors|tfjs|gflop|backendNames\/\w+|check\/webgpu|asFile|comma|quote|limits\/summary|licences\/validity|custodyItem|motions\/by)$|todo\/good|compute\/(member|guardian)\/(running|resuming)/

/** Where a good state needs no advice. */
const NOTHING_TO_SAY = /phaseText\/training|todo\/good|compute\/(member|guardian)\/(running|resuming)/

it('both languages have the same sentences', () => {
  expect([...japanese.keys()]).toEqual([...english.keys()])
  expect(english.size).toBeGreaterThan(800)
})

it.each([
  ['English', english],
  ['Japanese', japanese],
])('no sentence of %s is empty, doubled in blanks or unfinished', (_, all) => {
  for (const [path, sentence] of all) {
    if (NOTHING_TO_SAY.test(path)) continue
    expect(sentence.trim(), path).not.toBe('')
    expect(sentence, path).not.toMatch(/undefined|\[object|\s{2}/u)
  }
})

it('Japanese is Japanese and English is English', () => {
  const kana = /[\u3040-\u30ff\u4e00-\u9fff]/u
  for (const [path, sentence] of japanese) {
    if (!ALIKE.test(path)) expect(sentence, path).toMatch(kana)
  }
  for (const [path, sentence] of english) expect(sentence, path).not.toMatch(kana)
})

it('Japanese uses full-width sentence marks, and no half-width commas between words', () => {
  for (const [path, sentence] of japanese) {
    expect(sentence, path).not.toMatch(/[\u3040-\u30ff\u4e00-\u9fff][,.]/u)
  }
})
