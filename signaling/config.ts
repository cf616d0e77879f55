// Signaling options from environment variables, for `npm start` and `npm run dev`. docs: README, "Configuration".
import { readIceConfig } from './ice.ts'
import type { SignalingOptions } from './server.ts'

/**
 * YORIAI_ORIGINS: other origins whose pages may connect, comma separated. YORIAI_TRUST_PROXY=1: behind one reverse
 * proxy. YORIAI_MAX_MEMBERS: members of a room. ICE as in ice.ts. Throws IceConfigError.
 */
export function readSignalingOptions(env: Readonly<Record<string, string | undefined>>): SignalingOptions {
  const members = Number(env['YORIAI_MAX_MEMBERS'])
  return {
    ice: readIceConfig(env),
    allowedOrigins: (env['YORIAI_ORIGINS'] ?? '')
      .split(',')
      .map(origin => origin.trim())
      .filter(Boolean),
    trustProxy: env['YORIAI_TRUST_PROXY'] === '1',
    ...(Number.isInteger(members) && members > 0 ? { limits: { maxMembersPerRoom: members } } : {}),
  }
}
