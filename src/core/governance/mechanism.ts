// Governance as one mechanism: charter and amendments, identities, devices, licences, metered compute, orders and holds,
// evictions. Applying an entry only records it and checks it against its author's own chain; see state.ts for why. The
// charter comes first: core/room/fold.ts sees to that.
import { isRunBody, type CharterBody, type Entry, type OrderBody } from '../ledger/entry.ts'
import type { Mechanism } from '../ledger/mechanism.ts'
import { trainingFlop } from '../model/flops.ts'
import type { MemberId } from '../num/ids.ts'
import { sign } from './authority.ts'
import { closeGovernance } from './closing.ts'
import { decodeGovernance } from './decode.ts'
import { invalidate } from './derived.ts'
import { register, transferDevice } from './devices.ts'
import { encodeGovernance } from './encode.ts'
import { vouch } from './identity.ts'
import { countOrder, HOLD_EVERY_MS } from './pause.ts'
import { applyReceipt } from './receipts.ts'
import { founderGrant, least } from './share.ts'
import {
  accountOf,
  initialState,
  type GovernanceState,
  type MotionBody,
  type TimelineRecord,
} from './state.ts'
import { capsOf, soundTerms } from './terms.ts'

export const governanceMechanism: Mechanism<GovernanceState> = {
  name: 'governance',
  initial: initialState,
  apply: applyGovernance,
  close: closeGovernance,
  encode: encodeGovernance,
  decode: decodeGovernance,
}

function applyGovernance(state: GovernanceState, entry: Entry, hash: string): void {
  const { author, unixMs, body } = entry
  if (body.kind === 'receipt') return applyReceipt(state, entry, body, hash)
  if (body.kind === 'transfer' || isRunBody(body)) return
  invalidate(state)
  switch (body.kind) {
    case 'charter':
      return found(state, entry, body, hash)
    case 'join': {
      const account = accountOf(state, author)
      account.present = true
      account.isTrainer = body.role === 'trainer'
      state.evicted.delete(author)
      return
    }
    case 'leave': {
      const account = accountOf(state, author)
      account.present = false
      account.granted = least(account.granted, account.flop)
      return
    }
    case 'amend':
      return move(state, entry, body, hash, { kind: 'amend', action: '', target: '', reason: body.reason })
    case 'evict':
      return move(state, entry, body, hash, {
        kind: 'evict',
        action: '',
        target: body.member,
        reason: body.reason,
      })
    case 'licence':
      return move(state, entry, body, hash, { kind: 'licence', action: '', target: body.subject, reason: '' })
    case 'order':
      return order(state, entry, body, hash)
    case 'endorse':
      return sign(state, body.subject, author, body.round, unixMs)
    case 'hold': {
      const account = accountOf(state, author)
      tell(state, entry, hash, { kind: 'hold', action: '', target: '', reason: body.reason })
      const last = account.lastHoldUnixMs
      if (last !== 0 && unixMs < last + HOLD_EVERY_MS) return
      account.lastHoldUnixMs = unixMs
      const { round, reason } = body
      state.holds.set(hash, { author, unixMs, epoch: state.epoch + 1, round, reason })
      return
    }
    case 'vouch':
      vouch(state, author, body)
      return tell(state, entry, hash, {
        kind: 'vouch',
        action: String(body.level),
        target: body.subject,
        reason: '',
      })
    case 'request': {
      const { subject, commitment, reason } = body
      state.requests.set(hash, { by: author, subject, commitment, reason, epoch: state.epoch + 1 })
      return tell(state, entry, hash, { kind: 'request', action: '', target: subject, reason })
    }
    case 'device':
      return register(state, author, unixMs, body, hash)
    case 'device-transfer':
      return transferDevice(state, author, unixMs, body, hash)
    case 'handover':
      return tell(state, entry, hash, { kind: 'handover', action: '', target: body.to, reason: '' })
    case 'proof':
      state.convicted.add(body.against)
      return tell(state, entry, hash, {
        kind: 'proof',
        action: body.evidence,
        target: body.against,
        reason: '',
      })
  }
  body satisfies never
}

function found(state: GovernanceState, entry: Entry, body: CharterBody, hash: string): void {
  if (state.base) return
  const terms = soundTerms(body.governance, entry.author)
  state.founder = entry.author
  state.base = { hash, terms }
  state.loosest = capsOf(terms)
  state.sampleFlop = trainingFlop(body.model)
  state.batchSize = body.terms.batchSize
  state.sealMembers = [entry.author]
  accountOf(state, entry.author).granted = founderGrant(state, state.loosest.lineageFlop)
  tell(state, entry, hash, { kind: 'charter', action: '', target: '', reason: body.title })
}

type Telling = Pick<TimelineRecord, 'kind' | 'action' | 'target' | 'reason'>

function tell(state: GovernanceState, { author, unixMs }: Entry, hash: string, telling: Telling): void {
  state.timeline.set(hash, { ...telling, author, unixMs, epoch: state.epoch + 1, sealedEffective: false })
}

function order(state: GovernanceState, entry: Entry, body: OrderBody, hash: string): void {
  const account = accountOf(state, entry.author)
  const times = countOrder(account.orderTimes, entry.unixMs)
  if (times) account.orderTimes = times
  const { action, target, reason } = body
  const telling: Telling = { kind: 'order', action, target, reason }
  move(state, entry, body, hash, telling, { idle: times === undefined, round: body.round })
}

function move(
  state: GovernanceState,
  entry: Entry & { readonly author: MemberId },
  body: MotionBody,
  hash: string,
  telling: Telling,
  { idle, round } = { idle: false, round: 0 },
): void {
  const { author, seq, unixMs } = entry
  state.motions.set(hash, { author, seq, unixMs, epoch: state.epoch + 1, idle, sealed: false, body })
  sign(state, hash, author, round, unixMs)
  tell(state, entry, hash, telling)
}
