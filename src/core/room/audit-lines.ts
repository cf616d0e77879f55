// Lines of an exported ledger become records, and records name the signatures that they stand on. Canonical form is
// demanded: the wrapping object of a record has one key, so its text is a fixed beginning, the canonical record and '}'.
import { canonicalise } from '../ledger/canonical.ts'
import { decodeCertificate, decodeEntry, decodeSnapshot } from '../ledger/decode.ts'
import type { Entry } from '../ledger/entry.ts'
import type { Certificate, Snapshot } from '../ledger/seal.ts'
import { decodeBase64url } from '../num/base64url.ts'
import type { RoomId } from '../num/ids.ts'
import { LEDGER_FORMAT } from './export-file.ts'

export type LedgerRecord =
  | { readonly type: 'head'; readonly fromEpoch: number; readonly room: RoomId }
  | { readonly type: 'entry'; readonly entry: Entry; readonly bytes: Uint8Array }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'charter'; readonly entry: Entry; readonly bytes: Uint8Array }
  | { readonly type: 'end'; readonly lines: number }

/** Undefined for a line that the format does not know. */
export function readLine(bytes: Uint8Array): LedgerRecord | undefined {
  // The keys of an entry are sorted, so it begins with its author; no wrapping key does.
  if (startsWith(bytes, ENTRY)) {
    const entry = decodeEntry(bytes)
    return entry && { type: 'entry', entry, bytes }
  }
  const certificateBytes = unwrap(bytes, CERTIFICATE)
  if (certificateBytes) {
    const certificate = decodeCertificate(certificateBytes)
    return certificate && { type: 'certificate', certificate }
  }
  const snapshotBytes = unwrap(bytes, SNAPSHOT)
  if (snapshotBytes) {
    const snapshot = decodeSnapshot(snapshotBytes)
    return snapshot && { type: 'snapshot', snapshot }
  }
  const charterBytes = unwrap(bytes, CHARTER)
  if (charterBytes) {
    const entry = decodeEntry(charterBytes)
    return entry?.body.kind === 'charter' ? { type: 'charter', entry, bytes: charterBytes } : undefined
  }
  return readSmall(bytes)
}

const beginning = (text: string): Uint8Array => new TextEncoder().encode(text)
const ENTRY = beginning('{"author":')
const CERTIFICATE = beginning('{"certificate":')
const SNAPSHOT = beginning('{"snapshot":')
const CHARTER = beginning('{"charter":')
const CLOSING_BRACE = 125
const MAX_SMALL_BYTES = 200

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length > prefix.length && prefix.every((byte, i) => bytes[i] === byte)
}

function unwrap(bytes: Uint8Array, prefix: Uint8Array): Uint8Array | undefined {
  if (!startsWith(bytes, prefix) || bytes[bytes.length - 1] !== CLOSING_BRACE) return undefined
  return bytes.subarray(prefix.length, -1)
}

/** First and last line: so few forms that they are made and compared. */
function readSmall(bytes: Uint8Array): LedgerRecord | undefined {
  if (bytes.length > MAX_SMALL_BYTES) return undefined
  // Bytes beyond ASCII become characters that no form has.
  const text = String.fromCharCode(...bytes)
  const end = /^\{"end":([1-9][0-9]{0,8})\}$/.exec(text)
  if (end) return { type: 'end', lines: Number(end[1]) }
  const head = /"fromEpoch":([0-9]{1,10}),"room":"([A-Za-z0-9_-]{22})"\}$/.exec(text)
  if (!head) return undefined
  const [fromEpoch, room] = [Number(head[1]), head[2]! as RoomId]
  if (decodeBase64url(room, 16) === undefined) return undefined
  const isCanonical = canonicalise({ format: LEDGER_FORMAT, fromEpoch, room }) === text
  return isCanonical ? { type: 'head', fromEpoch, room } : undefined
}
