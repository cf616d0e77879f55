// Building blocks of the ledger's schemas. What a JSON Schema can say too stands in the metadata, so that the published
// schema (docs/ledger.schema.json) is generated from the same description: lengths of texts are code points there and here.
import * as v from 'valibot'
import type { MemberId, RoomId } from '../num/ids.ts'

export const int = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))
export const count = int(0, Number.MAX_SAFE_INTEGER)
export const u32 = int(0, 0xffffffff)
/** Milliseconds since 1970 that a Date can hold. */
export const instant = int(0, 8_640_000_000_000_000)

/** At most `max` code points. */
export const text = (max: number) =>
  v.pipe(
    v.string(),
    v.check(value => isWithin(value, max)),
    v.metadata({ maxLength: max }),
  )

function isWithin(value: string, max: number): boolean {
  if (value.length <= max) return true
  return value.length <= 2 * max && [...value].length <= max
}

/** A list without repetition. */
export const distinct = <Item extends v.GenericSchema>(item: Item, min: number, max: number) =>
  v.pipe(
    v.array(item),
    v.minLength(min),
    v.maxLength(max),
    v.check(items => new Set(items).size === items.length),
    v.metadata({ uniqueItems: true }),
  )

/** A set as a list: strictly ascending in UTF-16 order, so that it has one form. */
export const ascending = <Item extends v.GenericSchema<string>>(item: Item, min: number, max: number) =>
  v.pipe(
    distinct(item, min, max),
    v.check(items => isAscending(items)),
    v.description('Ascending'),
  )

export function isAscending(items: readonly string[]): boolean {
  return items.every((item, i) => i === 0 || items[i - 1]! < item)
}

export const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.description('SHA-256, hexadecimal'))
export const noHash = v.literal('')
export const hashOrNone = v.union([noHash, hash])

// Base64url without padding; the last character has no bits to spare, so bytes and text are one to one.
export const bytes16 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{21}[AQgw]$/))
export const bytes32 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/))
export const bytes64 = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{85}[AQgw]$/))

export const member = v.pipe(
  bytes32,
  v.description('Ed25519 public key, base64url'),
  v.custom<MemberId>(value => typeof value === 'string'),
)
export const room = v.pipe(
  bytes16,
  v.description('First 16 bytes of SHA-256(founder key || charter salt), base64url'),
  v.custom<RoomId>(value => typeof value === 'string'),
)
export const signature = v.pipe(bytes64, v.description('Ed25519 signature, base64url'))

/** Natural numbers beyond what a double holds: money and floating-point operations. */
export const decimal = v.pipe(v.string(), v.regex(/^(?:0|[1-9][0-9]{0,29})$/))
export const positive = v.pipe(v.string(), v.regex(/^[1-9][0-9]{0,29}$/))
