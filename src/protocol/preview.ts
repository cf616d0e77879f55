// What a newcomer asks before consenting, over signaling only: the founder's charter. Payloads start with the channel
// byte 0x02, so that they pass beside the transport's own (0x01).

export const PREVIEW_CHANNEL = 2
const ASK = 1
const ANSWER = 2
/** Also the largest charter that a room may be founded with. */
export const MAX_CHARTER_BYTES = 40 * 1024

export type PreviewMessage =
  { readonly type: 'ask' } | { readonly type: 'answer'; readonly charter: Uint8Array }

export function encodePreview(message: PreviewMessage): Uint8Array {
  if (message.type === 'ask') return Uint8Array.of(PREVIEW_CHANNEL, ASK)
  const bytes = new Uint8Array(2 + message.charter.length)
  bytes.set([PREVIEW_CHANNEL, ANSWER])
  bytes.set(message.charter, 2)
  return bytes
}

/** Undefined for payloads of other channels and for anything malformed. */
export function decodePreview(payload: Uint8Array): PreviewMessage | undefined {
  if (payload[0] !== PREVIEW_CHANNEL) return undefined
  if (payload[1] === ASK && payload.length === 2) return { type: 'ask' }
  if (payload[1] === ANSWER && payload.length <= 2 + MAX_CHARTER_BYTES) {
    return { type: 'answer', charter: payload.slice(2) }
  }
  return undefined
}
