// Which screen an address means. The fragment is the only state in the address: #/join=<room>,<key> is the room itself,
// so what stands in the address bar can be handed on; a suffix names a view of it.
import type { RoomLink } from '../ports/session.ts'
import { decodeLink, encodeLinkHash, type LinkFault } from './link.ts'

export type RoomView = 'main' | 'invite' | 'try' | 'swarm' | 'rounds' | 'ledger' | 'governance' | 'leave'

export type Route =
  | { readonly screen: 'home' }
  | { readonly screen: 'verify' }
  /** What follows the question mark; state/lab-link.ts reads it. */
  | { readonly screen: 'lab'; readonly query: string }
  /** The same of state/market-link.ts. */
  | { readonly screen: 'market'; readonly query: string }
  | { readonly screen: 'room'; readonly link: RoomLink; readonly view: RoomView }
  | { readonly screen: 'bad-link'; readonly fault: LinkFault }
  | { readonly screen: 'lost' }

export const VERIFY_HASH = '#/verify'
export const LAB_HASH = '#/lab'
export const MARKET_HASH = '#/lab/market'

const VIEWS: readonly RoomView[] = ['invite', 'try', 'swarm', 'rounds', 'ledger', 'governance', 'leave']

export function parseHash(hash: string): Route {
  if (hash === '' || hash === '#' || hash === '#/') return { screen: 'home' }
  if (hash === VERIFY_HASH) return { screen: 'verify' }
  if (hash === MARKET_HASH) return { screen: 'market', query: '' }
  if (hash.startsWith(`${MARKET_HASH}?`))
    return { screen: 'market', query: hash.slice(MARKET_HASH.length + 1) }
  if (hash === LAB_HASH) return { screen: 'lab', query: '' }
  if (hash.startsWith(`${LAB_HASH}?`)) return { screen: 'lab', query: hash.slice(LAB_HASH.length + 1) }
  if (!hash.startsWith('#/join')) return { screen: 'lost' }
  const decoded = decodeLink(hash)
  if (decoded.status === 'fault') return { screen: 'bad-link', fault: decoded.fault }
  const suffix = hash.split('/')[2]
  if (suffix === undefined || suffix === '') return { screen: 'room', link: decoded.link, view: 'main' }
  const view = VIEWS.find(name => name === suffix)
  return view === undefined ? { screen: 'lost' } : { screen: 'room', link: decoded.link, view }
}

export function roomHash(link: RoomLink, view: RoomView = 'main'): string {
  return encodeLinkHash(link) + (view === 'main' ? '' : `/${view}`)
}
