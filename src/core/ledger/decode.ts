// The border of the ledger: bytes from a member, a file or the store become an Entry or nothing. The canonical form is
// demanded, not repaired: an entry has exactly one encoding, so its hash is its name.
import * as v from 'valibot'
import { decodeBase64url } from '../num/base64url.ts'
import { canonicalise } from './canonical.ts'
import type { Entry } from './entry.ts'

export const MAX_ENTRY_BYTES = 64 * 1024
const MAX_DEPTH = 8

const int = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))
const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const count = int(0, Number.MAX_SAFE_INTEGER)
const u32 = int(0, 0xffffffff)
const hex32 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
const base64url = (bytes: number) =>
  v.pipe(
    v.string(),
    v.check(value => decodeBase64url(value, bytes) !== undefined),
  )
const activation = v.picklist(['relu', 'linear'])

const layer = v.variant('type', [
  v.strictObject({ type: v.literal('dense'), units: int(1, 1e6), activation }),
  v.strictObject({ type: v.literal('conv2d'), filters: int(1, 4096), kernel: int(1, 31), activation }),
  v.strictObject({ type: v.literal('maxPool2d'), size: int(1, 64) }),
  v.strictObject({ type: v.literal('flatten') }),
])

const partition = v.variant('type', [
  v.strictObject({ type: v.literal('iid') }),
  v.strictObject({ type: v.literal('dirichlet'), alphaMilli: int(1, 1_000_000) }),
  v.strictObject({ type: v.literal('classes'), classesPerPart: int(1, 1000) }),
])

const charter = v.strictObject({
  kind: v.literal('charter'),
  salt: base64url(16),
  title: text(120),
  task: v.picklist(['mnist', 'fashion-mnist', 'own']),
  classes: v.pipe(v.array(text(80)), v.minLength(2), v.maxLength(1000)),
  model: v.strictObject({
    input: v.pipe(v.array(int(1, 4096)), v.minLength(1), v.maxLength(3)),
    layers: v.pipe(v.array(layer), v.minLength(1), v.maxLength(16)),
  }),
  seed: text(64),
  partition,
  parts: int(1, 1000),
  partSamples: int(0, 1e7),
  terms: v.strictObject({
    batchSize: int(1, 1024),
    localSteps: int(1, 1000),
    optimizer: v.picklist(['sgd', 'adam']),
    learningRateMicro: int(1, 10_000_000),
    outerRateMilli: int(1, 10_000),
    outerMomentumMilli: int(0, 999),
    trusted: v.picklist(['yes', 'no']),
    rounds: int(0, 1_000_000),
  }),
  schema: text(32 * 1024),
})

const join = v.strictObject({
  kind: v.literal('join'),
  nickname: text(40),
  role: v.picklist(['trainer', 'watcher']),
  part: int(-1, 999),
  unixMs: count,
})

const work = v.strictObject({
  kind: v.literal('work'),
  fromRound: u32,
  toRound: u32,
  steps: count,
  samples: count,
  flop: v.pipe(v.string(), v.regex(/^(0|[1-9][0-9]{0,29})$/)),
  computeMs: count,
  updates: count,
  sentBytes: count,
  receivedBytes: count,
  modelHash: hex32,
})

const leave = v.strictObject({ kind: v.literal('leave'), unixMs: count })

const entry = v.strictObject({
  v: v.literal(1),
  room: base64url(16),
  author: base64url(32),
  seq: u32,
  prev: v.union([v.literal(''), hex32]),
  body: v.variant('kind', [charter, join, work, leave]),
  sig: base64url(64),
})

/** Undefined for anything but a canonical entry within limits. Signature and chain are checked elsewhere. */
export function decodeEntry(bytes: Uint8Array): Entry | undefined {
  if (bytes.length > MAX_ENTRY_BYTES) return undefined
  let value: unknown
  let encoded: string
  try {
    encoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    if (nesting(encoded) > MAX_DEPTH) return undefined
    value = JSON.parse(encoded)
  } catch {
    // Not UTF-8 or not JSON: the caller learns that it is no entry, which is all there is to know.
    return undefined
  }
  const parsed = v.safeParse(entry, value)
  if (!parsed.success) return undefined
  try {
    return canonicalise(parsed.output) === encoded ? (parsed.output as Entry) : undefined
  } catch {
    // A text or number without canonical form (a lone surrogate, minus zero): no entry either.
    return undefined
  }
}

/** Upper bound of the bracket depth, strings included: cheap and safe before JSON.parse. */
function nesting(encoded: string): number {
  let depth = 0
  let deepest = 0
  for (const character of encoded) {
    if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth)
    else if (character === '}' || character === ']') depth--
  }
  return deepest
}
