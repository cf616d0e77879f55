// The stay that a reload interrupts: kept per tab and identity, with own data in the store, forgotten when the person
// leaves. A copied tab has another identity and does not inherit it; nor does a tab that was closed for longer: both ask
// for consent anew.
import * as v from 'valibot'
import { decodeBase64url } from '../core/num/base64url.ts'
import type { JoinOptions, RoomLink } from '../ports/session.ts'
import type { Store } from '../ports/store.ts'
import { decodeDataset, encodeDataset } from './dataset-bytes.ts'

const STAY_KEY = 'yoriai.stay'
/** When the page was last alive. */
const SEEN_KEY = 'yoriai.seen'
const CONSENT_MS = 10 * 60_000

const base64url = (bytes: number) =>
  v.pipe(
    v.string(),
    v.check(text => decodeBase64url(text, bytes) !== undefined),
  )

const stay = v.strictObject({
  room: base64url(16),
  key: base64url(32),
  nickname: v.pipe(v.string(), v.maxLength(40)),
  role: v.picklist(['trainer', 'watcher']),
  part: v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(999)),
  own: v.boolean(),
  slot: v.pipe(v.string(), v.maxLength(20)),
})

export async function rememberStay(store: Store, slot: string, options: JoinOptions): Promise<void> {
  const { link, nickname, role, part, own } = options
  sessionStorage.setItem(
    STAY_KEY,
    JSON.stringify({ room: link.room, key: link.key, nickname, role, part, own: own !== null, slot }),
  )
  addEventListener('pagehide', () => {
    if (sessionStorage.getItem(STAY_KEY) !== null) sessionStorage.setItem(SEEN_KEY, String(Date.now()))
  })
  if (!own) return
  await store.put(ownKey(link, slot, 'train'), encodeDataset(own.train))
  await store.put(ownKey(link, slot, 'test'), encodeDataset(own.test))
}

/** Null when there is none, or when what is kept cannot be read. */
export async function recallStay(store: Store, slot: string): Promise<JoinOptions | null> {
  const kept = sessionStorage.getItem(STAY_KEY)
  if (kept === null) return null
  let parsed
  try {
    parsed = v.safeParse(stay, JSON.parse(kept))
  } catch {
    // Not JSON: somebody else wrote it; there is nothing to come back to.
    return null
  }
  if (!parsed.success || parsed.output.slot !== slot) return null
  const seen = Number(sessionStorage.getItem(SEEN_KEY) ?? Date.now())
  if (!(Date.now() - seen < CONSENT_MS)) return null
  const { room, key, nickname, role, part, own } = parsed.output
  const link = { room, key } as RoomLink
  if (!own) return { link, nickname, role, part, own: null }
  const [train, test] = await Promise.all([
    store.get(ownKey(link, slot, 'train')),
    store.get(ownKey(link, slot, 'test')),
  ])
  const data = { train: train && decodeDataset(train), test: test && decodeDataset(test) }
  return data.train && data.test
    ? { link, nickname, role, part, own: { train: data.train, test: data.test } }
    : null
}

export async function forgetStay(store: Store, slot: string, link: RoomLink): Promise<void> {
  sessionStorage.removeItem(STAY_KEY)
  await store.clear(`own/${link.room}/${slot}/`)
}

function ownKey(link: RoomLink, slot: string, split: 'train' | 'test'): string {
  return `own/${link.room}/${slot}/${split}`
}
