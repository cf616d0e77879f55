// The device registry: every device has a custody chain of registrations and transfers, each naming the event before it by
// hash. An author's own events are judged as they come; that a transfer which a registration refers to exists and is sound is
// looked up when somebody asks, because it stands in another chain. A broken link is remembered and counts for nothing.
import type { DeviceBody, DeviceTransferBody } from '../ledger/entry.ts'
import type { MemberId } from '../num/ids.ts'
import { accountOf, type CustodyEvent, type DeviceUse, type GovernanceState } from './state.ts'

/** Events of one author that are kept: a member registers one device, and measures it anew now and then. */
export const MAX_DEVICE_EVENTS = 64

export function register(
  state: GovernanceState,
  author: MemberId,
  unixMs: number,
  body: DeviceBody,
  hash: string,
): void {
  const account = accountOf(state, author)
  if (++account.deviceEvents > MAX_DEVICE_EVENTS) return
  const own = account.devices.get(body.device)
  // Root, own registration measured anew, or the claim that somebody handed the device over.
  const isClaim = body.previous !== '' && body.previous !== own?.registration
  // Who handed a device over has it back from a transfer of somebody else's, not from an older word of its own.
  const isOwnWord = state.custody.get(body.previous)?.author === author
  const broken =
    own !== undefined && (isClaim ? !own.transferred || isOwnWord : own.transferred || body.previous === '')
  const benchmarkFlops = BigInt(body.benchmarkFlops)
  const { device, previous, label, backend } = body
  state.custody.set(hash, {
    device,
    kind: 'registered',
    author,
    holder: author,
    previous,
    unixMs,
    label,
    backend,
    benchmarkFlops,
    broken,
  })
  if (broken) return
  const fresh: DeviceUse = {
    registration: hash,
    transferred: false,
    benchmarkFlops,
    flop: 0n,
    allowed: startAllowance(benchmarkFlops),
    sinceUnixMs: unixMs,
    wallMs: 0,
  }
  account.devices.set(
    device,
    own ? { ...own, registration: hash, transferred: false, benchmarkFlops } : fresh,
  )
}

export function transferDevice(
  state: GovernanceState,
  author: MemberId,
  unixMs: number,
  { device, to, previous }: DeviceTransferBody,
  hash: string,
): void {
  const account = accountOf(state, author)
  if (++account.deviceEvents > MAX_DEVICE_EVENTS) return
  const own = account.devices.get(device)
  const broken = !own || own.transferred || own.registration !== previous
  state.custody.set(hash, {
    device,
    kind: 'transferred',
    author,
    holder: to,
    previous,
    unixMs,
    label: '',
    backend: '',
    benchmarkFlops: 0n,
    broken,
  })
  if (!broken) account.devices.set(device, { ...own, registration: hash, transferred: true })
}

/** The rate may be exceeded by a fifth, and the first second is free: measuring is never exact. */
const RATE_SLACK_TENTHS = 12n
const FREE_MS = 1_000n

/** Ten thousandths of FLOP: tenths of the slack times milliseconds of a rate per second. */
export function allowance(benchmarkFlops: bigint, wallMs: number): bigint {
  return RATE_SLACK_TENTHS * benchmarkFlops * BigInt(wallMs)
}

function startAllowance(benchmarkFlops: bigint): bigint {
  return RATE_SLACK_TENTHS * benchmarkFlops * FREE_MS
}

/** Events from the first registration to this one; undefined where a link is missing or broken. */
export function custodyOf(
  state: GovernanceState,
  hash: string,
): readonly (readonly [hash: string, event: CustodyEvent])[] | undefined {
  const chain: [string, CustodyEvent][] = []
  const seen = new Set<string>()
  for (let at = hash; ;) {
    const event = state.custody.get(at)
    const next = chain[chain.length - 1]?.[1]
    if (!event || event.broken || seen.has(at)) return undefined
    if (next && (event.device !== next.device || event.holder !== next.author)) return undefined
    if (event.kind === 'transferred' && event.previous === '') return undefined
    seen.add(at)
    chain.push([at, event])
    if (event.previous === '') return chain.reverse()
    at = event.previous
  }
}

/**
 * At a seal: of the rates that a holder measured one after the other the first and the newest stay, for who held the device
 * since when and what it can do. What anything else refers to stays too; the ledger has them all.
 */
export function dropOldRates(state: GovernanceState): void {
  const { custody } = state
  const followers = new Map<string, number>()
  for (const { previous } of custody.values()) followers.set(previous, (followers.get(previous) ?? 0) + 1)
  const renewed = (event: CustodyEvent): CustodyEvent | undefined => {
    const before = custody.get(event.previous)
    return before && isRenewal(before, event) ? before : undefined
  }
  const dropped = new Map<string, string>()
  for (const event of custody.values()) {
    const before = renewed(event)
    if (before && renewed(before) && followers.get(event.previous) === 1)
      dropped.set(event.previous, before.previous)
  }
  for (const [hash, event] of custody) {
    if (dropped.has(hash) || !dropped.has(event.previous)) continue
    let { previous } = event
    for (let next = dropped.get(previous); next !== undefined; next = dropped.get(previous)) previous = next
    custody.set(hash, { ...event, previous })
  }
  for (const hash of dropped.keys()) custody.delete(hash)
}

function isRenewal(before: CustodyEvent, after: CustodyEvent): boolean {
  const registered = before.kind === 'registered' && after.kind === 'registered'
  const sound = !before.broken && !after.broken
  return registered && sound && before.author === after.author && before.device === after.device
}

/** Newest own event of each device that the member registered or was given and has not handed on. */
export function heldDevices(state: GovernanceState, member: MemberId): readonly string[] {
  const devices = state.accounts.get(member)?.devices ?? new Map<string, DeviceUse>()
  return [...devices]
    .filter(([, { transferred, registration }]) => !transferred && custodyOf(state, registration))
    .map(([device]) => device)
    .sort()
}

/** Whether a device that the member's receipts name is really in its custody, or was until it handed it on. */
export function isInCustody(state: GovernanceState, { registration }: DeviceUse): boolean {
  return custodyOf(state, registration) !== undefined
}
