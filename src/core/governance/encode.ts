// Governance's state in canonical form, for the snapshot that a seal binds. Lists are sorted; decode.ts reads it.
import type { Canonical } from '../ledger/canonical.ts'
import { sortedEntries } from '../num/sorted.ts'
import type { Account, Caps, GovernanceState } from './state.ts'

export function encodeGovernance(state: GovernanceState): Canonical {
  const { base, orders } = state
  return {
    epoch: state.epoch,
    founder: state.founder,
    sampleFlop: state.sampleFlop,
    batchSize: state.batchSize,
    base: base ? [{ hash: base.hash, terms: plain(base.terms) }] : [],
    loosest: encodeCaps(state.loosest),
    sealMembers: state.sealMembers,
    orders: {
      nonce: orders.nonce,
      pauses: orders.pauses.map(plain),
      resumptions: orders.resumptions.map(plain),
    },
    motions: sortedEntries(state.motions).map(([hash, { body, idle, sealed, ...rest }]) => ({
      hash,
      ...rest,
      idle: idle ? 1 : 0,
      sealed: sealed ? 1 : 0,
      body: plain(body),
    })),
    signatures: sortedEntries(state.signatures).map(([subject, by]) => [
      subject,
      sortedEntries(by).map(([author, { round, unixMs, epoch }]) => [author, round, unixMs, epoch]),
    ]),
    vouches: sortedEntries(state.vouches).map(([subject, about]) => [
      subject,
      sortedEntries(about).map(([author, { level, owner, expiresUnixMs, sealed }]) => [
        author,
        level,
        owner,
        expiresUnixMs,
        sealed ? 1 : 0,
      ]),
    ]),
    custody: sortedEntries(state.custody).map(([hash, { broken, benchmarkFlops, ...rest }]) => ({
      hash,
      ...rest,
      benchmarkFlops: benchmarkFlops.toString(),
      broken: broken ? 1 : 0,
    })),
    accounts: sortedEntries(state.accounts).map(([id, account]) => [id, encodeAccount(account)]),
    holds: sortedEntries(state.holds).map(([hash, hold]) => ({ hash, ...hold })),
    revoked: sortedEntries(state.revoked).map(([target, { order, unixMs }]) => [target, order, unixMs]),
    highWater: sortedEntries(state.highWater).map(([id, { counter, licence }]) => [id, counter, licence]),
    evicted: sortedEntries(state.evicted),
    convicted: [...state.convicted].sort(),
    requests: sortedEntries(state.requests).map(([hash, request]) => ({ hash, ...request })),
    timeline: sortedEntries(state.timeline).map(([hash, { sealedEffective, ...rest }]) => ({
      hash,
      ...rest,
      sealedEffective: sealedEffective ? 1 : 0,
    })),
  }
}

function encodeAccount(account: Account): Canonical {
  const { uses, devices, violations, isTrainer, present, ...rest } = account
  return {
    ...rest,
    flop: rest.flop.toString(),
    roundTail: rest.roundTail.toString(),
    roundPeak: rest.roundPeak.toString(),
    granted: rest.granted.toString(),
    excused: rest.excused.toString(),
    isTrainer: isTrainer ? 1 : 0,
    present: present ? 1 : 0,
    uses: sortedEntries(uses).map(([, use]) => ({ ...use, flop: use.flop.toString() })),
    devices: sortedEntries(devices).map(([device, use]) => ({
      device,
      ...use,
      transferred: use.transferred ? 1 : 0,
      benchmarkFlops: use.benchmarkFlops.toString(),
      flop: use.flop.toString(),
      allowed: use.allowed.toString(),
    })),
    violations: sortedEntries(violations),
  }
}

function encodeCaps({ memberFlop, roundFlop, lineageFlop }: Caps): Canonical {
  return [memberFlop.toString(), roundFlop.toString(), lineageFlop.toString()]
}

/** Records of strings, integers and lists of them are canonical as they are; the compiler does not see it in interfaces. */
function plain(record: object): Canonical {
  return record as Canonical
}
