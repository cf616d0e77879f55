// The stay that a reload interrupts: kept per tab, with own data in the store, and forgotten when the person leaves.
import * as v from 'valibot'
import { decodeBase64url } from '../core/num/base64url.ts'
import type { JoinOptions, RoomLink } from '../ports/session.ts'
import type { Store } from '../ports/store.ts'
import { decodeDataset, encodeDataset } from './dataset-bytes.ts'

const STAY_KEY = 'yoriai.stay'

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
})

export async function rememberStay(store: Store, options: JoinOptions): Promise<void> {
  const { link, nickname, role, part, own } = options
  sessionStorage.setItem(
    STAY_KEY,
    JSON.stringify({ room: link.room, key: link.key, nickname, role, part, own: own !== null }),
  )
  if (!own) return
  await store.put(ownKey(link, 'train'), encodeDataset(own.train))
  await store.put(ownKey(link, 'test'), encodeDataset(own.test))
}

/** Null when there is none, or when what is kept cannot be read. */
export async function recallStay(store: Store): Promise<JoinOptions | null> {
  const kept = sessionStorage.getItem(STAY_KEY)
  if (kept === null) return null
  let parsed
  try {
    parsed = v.safeParse(stay, JSON.parse(kept))
  } catch {
    // Not JSON: somebody else wrote it; there is nothing to come back to.
    return null
  }
  if (!parsed.success) return null
  const { room, key, nickname, role, part, own } = parsed.output
  const link = { room, key } as RoomLink
  if (!own) return { link, nickname, role, part, own: null }
  const [train, test] = await Promise.all([store.get(ownKey(link, 'train')), store.get(ownKey(link, 'test'))])
  const data = { train: train && decodeDataset(train), test: test && decodeDataset(test) }
  return data.train && data.test
    ? { link, nickname, role, part, own: { train: data.train, test: data.test } }
    : null
}

export async function forgetStay(store: Store, link: RoomLink): Promise<void> {
  sessionStorage.removeItem(STAY_KEY)
  await store.clear(`own/${link.room}/`)
}

function ownKey(link: RoomLink, split: 'train' | 'test'): string {
  return `own/${link.room}/${split}`
}
