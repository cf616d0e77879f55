// What transports tell each other through signaling before there is a link: who is here, calls, and WebRTC's own signals.
// JSON behind one byte that tells it from other users of signaling. Nothing here is proven: names are claims until the
// link's own handshake. The decoder takes anything and returns only what fits its limits.
import type { MemberId } from '../core/num/ids.ts'

/** First byte of a transport's payload; others belong to other parts (0x02: room preview). */
export const TRANSPORT_PAYLOAD = 0x01

const MAX_JSON_BYTES = 40 * 1024
const MAX_SDP_CHARS = 16 * 1024
const MAX_CANDIDATE_CHARS = 1024
const MAX_ITEMS = 64
const MEMBER_ID = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/
const NONCE = /^[A-Za-z0-9_-]{16}$/

/** Names one side's try at a link: 12 random bytes in base64url. */
export type TryId = string & { readonly __tryId: true }

export type RtcSignal =
  | { readonly type: 'offer' | 'answer'; readonly sdp: string }
  | {
      readonly type: 'candidate'
      readonly candidate: string
      readonly sdpMid: string | null
      readonly sdpMLineIndex: number | null
    }

export type LinkSignal =
  /** To a socket that one was introduced to; `ask` wants one back. */
  | { readonly t: 'here'; readonly id: MemberId; readonly ask: boolean }
  /** Asks for a link. */
  | { readonly t: 'call'; readonly id: MemberId; readonly own: TryId }
  /** Takes the call `other`. */
  | { readonly t: 'take'; readonly id: MemberId; readonly own: TryId; readonly other: TryId }
  /** Does not take it; `final` for good. */
  | { readonly t: 'busy'; readonly other: TryId; readonly final: boolean }
  /** Between two tries that found each other. */
  | {
      readonly t: 'rtc'
      readonly own: TryId
      readonly other: TryId
      readonly items: readonly RtcSignal[]
    }

export function encodeLinkSignal(signal: LinkSignal): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(signal))
  const bytes = new Uint8Array(1 + json.byteLength)
  bytes[0] = TRANSPORT_PAYLOAD
  bytes.set(json, 1)
  return bytes
}

/** Undefined for payloads of others and for whatever is malformed. */
export function decodeLinkSignal(payload: Uint8Array): LinkSignal | undefined {
  if (payload[0] !== TRANSPORT_PAYLOAD || payload.byteLength > MAX_JSON_BYTES) return undefined
  const value = parse(payload.subarray(1))
  if (!isRecord(value)) return undefined
  const { id, own, other } = value
  switch (value['t']) {
    case 'here': {
      const ask = value['ask']
      return isMember(id) && typeof ask === 'boolean' ? { t: 'here', id, ask } : undefined
    }
    case 'call':
      return isMember(id) && isTry(own) ? { t: 'call', id, own } : undefined
    case 'take':
      return isMember(id) && isTry(own) && isTry(other) ? { t: 'take', id, own, other } : undefined
    case 'busy': {
      const final = value['final']
      return isTry(other) && typeof final === 'boolean' ? { t: 'busy', other, final } : undefined
    }
    case 'rtc': {
      const list = value['items']
      if (!isTry(own) || !isTry(other) || !Array.isArray(list) || list.length > MAX_ITEMS) return undefined
      const items: RtcSignal[] = []
      for (const entry of list) {
        const item = decodeRtcSignal(entry)
        if (!item) return undefined
        items.push(item)
      }
      return { t: 'rtc', own, other, items }
    }
    default:
      return undefined
  }
}

/** Only what a link with one data channel needs: no media, no renegotiation. */
export function decodeRtcSignal(value: unknown): RtcSignal | undefined {
  if (!isRecord(value)) return undefined
  const { type, sdp, candidate, sdpMid, sdpMLineIndex } = value
  if (type === 'offer' || type === 'answer') {
    if (typeof sdp !== 'string' || sdp.length > MAX_SDP_CHARS) return undefined
    const media = sdp.match(/^m=.*$/gm) ?? []
    return media.length === 1 && media[0]!.startsWith('m=application ') ? { type, sdp } : undefined
  }
  if (type !== 'candidate') return undefined
  if (typeof candidate !== 'string' || candidate.length > MAX_CANDIDATE_CHARS) return undefined
  const mid = typeof sdpMid === 'string' && sdpMid.length <= 16 ? sdpMid : null
  const line = sdpMLineIndex === 0 ? 0 : null
  return mid === null && line === null ? undefined : { type, candidate, sdpMid: mid, sdpMLineIndex: line }
}

function isMember(value: unknown): value is MemberId {
  return typeof value === 'string' && MEMBER_ID.test(value)
}

function isTry(value: unknown): value is TryId {
  return typeof value === 'string' && NONCE.test(value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // Not UTF-8 or not JSON: malformed like any other nonsense.
    return undefined
  }
}
