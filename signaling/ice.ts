// STUN and TURN servers that the signaling server hands to its members. None by default: on one network none is needed.
// A TURN secret never leaves the server: members get credentials that expire, in the form that coturn's use-auth-secret
// checks (username = expiry[:name], credential = base64(HMAC-SHA1(secret, username))).
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIceUrl, MAX_ICE_SERVERS, type IceServer } from '../src/protocol/signaling.ts'

export type IceEntry =
  | { readonly type: 'open'; readonly urls: string }
  | { readonly type: 'fixed'; readonly urls: string; readonly username: string; readonly credential: string }
  | {
      readonly type: 'timed'
      readonly urls: string
      readonly secret: string
      readonly ttlSeconds: number
      readonly name: string
    }

export type IceConfig = readonly IceEntry[]

export class IceConfigError extends Error {
  override readonly name = 'IceConfigError'
  constructor(
    readonly kind: 'unreadable' | 'not-json' | 'bad-entry' | 'too-many',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

const DEFAULT_TTL_SECONDS = 6 * 3600
const MAX_TTL_SECONDS = 7 * 24 * 3600

/**
 * From the environment: YORIAI_ICE (JSON) or YORIAI_ICE_FILE (path of such JSON), else YORIAI_STUN and YORIAI_TURN
 * (URLs, comma separated) with YORIAI_TURN_SECRET (and YORIAI_TURN_TTL seconds) or YORIAI_TURN_USER and
 * YORIAI_TURN_PASSWORD. Throws IceConfigError.
 */
export function readIceConfig(env: Readonly<Record<string, string | undefined>>): IceConfig {
  const file = env['YORIAI_ICE_FILE']
  const json = env['YORIAI_ICE'] || (file && readConfigFile(file))
  if (json) return parseIceConfig(parseJson(json))
  const stun = splitUrls(env['YORIAI_STUN']).map(urls => ({ urls }))
  const secret = env['YORIAI_TURN_SECRET']
  const ttl = env['YORIAI_TURN_TTL']
  const access = secret
    ? { secret, ...(ttl ? { ttlSeconds: Number(ttl) } : {}) }
    : { username: env['YORIAI_TURN_USER'], credential: env['YORIAI_TURN_PASSWORD'] }
  const turn = splitUrls(env['YORIAI_TURN']).map(urls => ({ urls, ...access }))
  return parseIceConfig([...stun, ...turn])
}

/** A list of {urls}, {urls, username, credential} or {urls, secret, ttlSeconds?, name?}. Throws IceConfigError. */
export function parseIceConfig(value: unknown): IceConfig {
  if (!Array.isArray(value)) throw new IceConfigError('bad-entry', 'the ICE configuration is not a list')
  if (value.length > MAX_ICE_SERVERS) {
    throw new IceConfigError('too-many', `at most ${MAX_ICE_SERVERS} ICE servers, not ${value.length}`)
  }
  return value.map((entry: unknown, index) => parseEntry(entry, index + 1))
}

/** What a member gets now; credentials made here end ttlSeconds later. */
export function iceServersAt(config: IceConfig, unixSeconds: number): readonly IceServer[] {
  return config.map(entry => {
    switch (entry.type) {
      case 'open':
        return { urls: entry.urls }
      case 'fixed':
        return { urls: entry.urls, username: entry.username, credential: entry.credential }
      case 'timed':
        return {
          urls: entry.urls,
          ...turnCredential(entry.secret, Math.floor(unixSeconds) + entry.ttlSeconds, entry.name),
        }
    }
  })
}

/** draft-uberti-behave-turn-rest-00, section 2.2. */
export function turnCredential(
  secret: string,
  expiryUnixSeconds: number,
  name = '',
): { readonly username: string; readonly credential: string } {
  const username = name === '' ? String(expiryUnixSeconds) : `${expiryUnixSeconds}:${name}`
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') }
}

function parseEntry(value: unknown, position: number): IceEntry {
  const bad = (what: string) => new IceConfigError('bad-entry', `ICE server ${position}: ${what}`)
  if (typeof value !== 'object' || value === null) throw bad('not an object')
  const { urls, username, credential, secret, ttlSeconds, name } = value as Record<string, unknown>
  if (!isIceUrl(urls)) throw bad('urls must be one stun:, stuns:, turn: or turns: address')
  if (secret !== undefined) {
    const ttl = ttlSeconds ?? DEFAULT_TTL_SECONDS
    if (!isText(secret)) throw bad('secret must be a text')
    if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 60 || ttl > MAX_TTL_SECONDS) {
      throw bad(`ttlSeconds must be a whole number from 60 to ${MAX_TTL_SECONDS}`)
    }
    if (name !== undefined && !isText(name)) throw bad('name must be a text')
    return { type: 'timed', urls, secret, ttlSeconds: ttl, name: name ?? '' }
  }
  if (isText(username) && isText(credential)) return { type: 'fixed', urls, username, credential }
  if (username !== undefined || credential !== undefined) throw bad('username and credential go together')
  if (urls.startsWith('turn')) throw bad('a TURN server needs a secret, or a username and credential')
  return { type: 'open', urls }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= 400
}

function splitUrls(list: string | undefined): readonly string[] {
  return (list ?? '')
    .split(',')
    .map(part => part.trim())
    .filter(Boolean)
}

function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new IceConfigError('unreadable', `cannot read the ICE configuration ${file}`, { cause })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new IceConfigError('not-json', 'the ICE configuration is not valid JSON', { cause })
  }
}
