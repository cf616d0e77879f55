// Seeded damage to JSON texts: to their bytes, their syntax, their values. What comes out is seldom valid and sometimes
// is, for a fuzzer that wants both.
import type { Rng } from '../../src/core/num/rng.ts'

type Mutation = (rng: Rng, text: string, pool: readonly string[]) => string | Uint8Array

const encoder = new TextEncoder()
const pick = <T>(rng: Rng, items: readonly T[]): T => items[rng.below(items.length)]!

const NUMBERS = [
  '-0',
  '-1',
  '0.5',
  '1e0',
  '1E400',
  '-1e308',
  '01',
  '9007199254740993',
  '4294967296',
  '1.0',
  '+1',
]
const VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  '',
  'x',
  [],
  {},
  [[]],
  { kind: 'join' },
  2 ** 53,
  1e300,
]
const UNICODE = [
  '\\ud800',
  '\\udc00\\ud800',
  '\\u0000',
  '\u0000',
  '\ufeff',
  '\u202e',
  'e\u0301',
  '\u0065\u0301'.repeat(300),
  '👩‍👩‍👧‍👦',
  '\u2028',
  '\\u2028',
  '\uffff',
  '𝒳'.repeat(60),
  '\\',
  '"',
]
const KEYS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'v', 'body', '', '\\u0000', 'length']

function flipBytes(rng: Rng, text: string): Uint8Array {
  const bytes = encoder.encode(text)
  for (let k = 0; k <= rng.below(4); k++) bytes[rng.below(bytes.length)] = rng.below(256)
  return bytes
}

function truncate(rng: Rng, text: string): Uint8Array {
  const bytes = encoder.encode(text)
  return rng.below(2) ? bytes.slice(0, rng.below(bytes.length)) : bytes.slice(rng.below(bytes.length))
}

function duplicateChunk(rng: Rng, text: string): string {
  const from = rng.below(text.length)
  const chunk = text.slice(from, from + 1 + rng.below(80))
  const at = rng.below(text.length)
  return text.slice(0, at) + chunk.repeat(1 + rng.below(4)) + text.slice(at)
}

function deleteChunk(rng: Rng, text: string): string {
  const from = rng.below(text.length)
  return text.slice(0, from) + text.slice(from + 1 + rng.below(40))
}

function splice(rng: Rng, text: string, pool: readonly string[]): string {
  const other = pick(rng, pool)
  return text.slice(0, rng.below(text.length)) + other.slice(rng.below(other.length))
}

function nest(rng: Rng, text: string): string {
  const depth = pick(rng, [3, 9, 17, 1_000, 30_000])
  const [open, close] = pick(rng, [
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"a":', '}]'],
    ['"[', '"'],
  ] as const)
  const at = rng.below(text.length)
  return text.slice(0, at) + open.repeat(depth) + (rng.below(2) ? close.repeat(depth) : '') + text.slice(at)
}

/** At the place of a number that is there. */
function changeNumber(rng: Rng, text: string): string {
  const number = rng.below(4) ? pick(rng, NUMBERS) : '9'.repeat(1 + rng.below(40_000))
  return replaceOne(rng, text, /(?<=[:[,])\d+(?=[,}\]])/g, number)
}

function changeText(rng: Rng, text: string): string {
  const inserted = pick(rng, UNICODE).repeat(1 + rng.below(3))
  return replaceOne(rng, text, /(?<=:")[^"]*(?=")/g, rng.below(8) ? inserted : 'a'.repeat(rng.below(70_000)))
}

function addKey(rng: Rng, text: string): string {
  return replaceOne(rng, text, /[{,](?=")/g, `{"${pick(rng, KEYS)}":${rng.below(2) ? '1' : '{}'},`)
}

function doubleKey(rng: Rng, text: string): string {
  const members = [...text.matchAll(/"[A-Za-z]+":(?:\d+|"[^"]*")/g)]
  const member = members.length > 0 ? pick(rng, members)[0] : '"v":2'
  return replaceOne(rng, text, /,(?=")/g, `,${member},`)
}

function addSpace(rng: Rng, text: string): string {
  return replaceOne(rng, text, /[:,{}[\]]/g, pick(rng, [' :', ': ', ',\n', '{\t', ' }']))
}

function replaceOne(rng: Rng, text: string, pattern: RegExp, by: string): string {
  const places = [...text.matchAll(pattern)]
  if (places.length === 0) return text
  const { 0: found, index } = pick(rng, places)
  return text.slice(0, index) + by + text.slice(index + found.length)
}

/** Keeps the syntax: reaches what looks at values. */
function changeValue(rng: Rng, text: string, pool: readonly string[]): string {
  const root = JSON.parse(text) as object
  const holders = objectsIn(root)
  for (let k = 0; k <= rng.below(2); k++) {
    const holder = pick(rng, holders)
    const keys = Object.keys(holder)
    if (keys.length === 0) continue
    const key = pick(rng, keys)
    holder[key] = rng.below(2) ? pick(rng, VALUES) : valueFrom(rng, pool, key)
  }
  return rng.below(4) ? stringifySorted(root) : JSON.stringify(root)
}

/** A large text or list, near the size limit or beyond. */
function inflate(rng: Rng, text: string): string {
  const root = JSON.parse(text) as object
  const holder = pick(rng, objectsIn(root))
  const key = pick(rng, [...Object.keys(holder), 'x'])
  const size = 1 + rng.below(20_000)
  holder[key] = pick<() => unknown>(rng, [
    () => 'x'.repeat(size),
    () => Array<string>(Math.ceil(size / 4)).fill('a'),
    () => Object.fromEntries(Array.from({ length: Math.ceil(size / 8) }, (_, i) => [`k${i}`, i])),
    () => '9'.repeat(size),
    () => '[{'.repeat(size),
  ])()
  return stringifySorted(root)
}

/** The value under the same key somewhere else: kinds, authors, sequences and hashes change places. */
function valueFrom(rng: Rng, pool: readonly string[], key: string): unknown {
  const other = JSON.parse(pick(rng, pool)) as object
  const found = objectsIn(other).find(holder => key in holder)
  return found ? found[key] : pick(rng, VALUES)
}

function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  return [value as Record<string, unknown>, ...Object.values(value).flatMap(objectsIn)]
}

function stringifySorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stringifySorted).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${stringifySorted(member)}`).join(',')}}`
}

const MUTATIONS: readonly Mutation[] = [
  flipBytes,
  truncate,
  duplicateChunk,
  deleteChunk,
  splice,
  nest,
  changeNumber,
  changeText,
  addKey,
  doubleKey,
  addSpace,
  // Twice: most of what gets past the decoder comes from here.
  changeValue,
  changeValue,
  inflate,
]

export function mutate(rng: Rng, text: string, pool: readonly string[]): Uint8Array {
  const mutated = pick(rng, MUTATIONS)(rng, text, pool)
  return typeof mutated === 'string' ? encoder.encode(mutated) : mutated
}
