// Carries out what a person orders: checks what can be checked before signing, so that nothing pointless enters the ledger,
// and turns it into one entry. Refusals are kinds; the screens word them. Openings of commitments stay on this device.
import { isGuardian, canHold, highestNonce } from '../core/governance/pause.ts'
import { derive } from '../core/governance/derived.ts'
import { commitOwner, OWNER_SALT_BYTES } from '../core/governance/identity.ts'
import { lineageOf, type GovernanceState } from '../core/governance/state.ts'
import { termsFault } from '../core/governance/terms.ts'
import { entryHash } from '../core/ledger/chain.ts'
import type { EntryBody } from '../core/ledger/entry.ts'
import { canonicalise } from '../core/ledger/canonical.ts'
import type { MemberId } from '../core/num/ids.ts'
import { encodeBase64url } from '../core/num/base64url.ts'
import type { ActionRefusal, ActionResult, GovernanceAction } from '../ports/governance-view.ts'
import type { ExportedFile } from '../ports/session.ts'
import type { Entropy } from '../ports/clock.ts'
import type { Store } from '../ports/store.ts'
import type { Citizen } from './citizen.ts'
import { LedgerRefusal } from './ledger-sync.ts'

const MAX_REASON = 280
const MAX_OWNER = 200
const DECIMAL = /^(?:0|[1-9][0-9]{0,29})$/

export interface DeskHost {
  readonly self: MemberId
  readonly store: Store
  readonly entropy: Entropy
  round(): number
  /** The own balance that a payment may use, micro-credits. */
  balance(): bigint
}

export class GovernanceDesk {
  /** Commitments whose openings this device holds. */
  readonly openings = new Set<string>()

  constructor(
    private readonly citizen: Citizen,
    private readonly host: DeskHost,
  ) {}

  async act(action: GovernanceAction): Promise<ActionResult> {
    const drafted = await this.draft(action)
    if (typeof drafted === 'string') return { status: 'refused', why: drafted }
    try {
      const entry = await this.citizen.append(drafted)
      return { status: 'done', hash: entryHash(entry) }
    } catch (cause) {
      if (cause instanceof LedgerRefusal) return { status: 'refused', why: 'ledger-full' }
      throw cause
    }
  }

  /** Salt and name behind a commitment that this member wrote, as a file for who may ask. */
  async openCommitment(commitment: string): Promise<ExportedFile | null> {
    const bytes = await this.host.store.get(this.openingKey(commitment))
    if (!bytes) return null
    return { name: `yoriai-opening-${commitment.slice(0, 12)}.json`, mediaType: 'application/json', bytes }
  }

  async restore(): Promise<void> {
    const prefix = this.openingKey('')
    for (const key of await this.host.store.keys(prefix)) this.openings.add(key.slice(prefix.length))
  }

  private get state(): GovernanceState {
    return this.citizen.book.live.governance
  }

  private async draft(action: GovernanceAction): Promise<EntryBody | ActionRefusal> {
    const { self } = this.host
    const { members } = this.citizen
    const round = this.host.round()
    switch (action.type) {
      case 'hold': {
        if (!isGuardian(this.state, self)) return 'not-guardian'
        if (!canHold(this.state, self, this.citizen.time.ownUnixMs())) return 'too-soon'
        return isReason(action.reason) ? { kind: 'hold', reason: action.reason.trim(), round } : 'invalid'
      }
      case 'order': {
        if (!isGuardian(this.state, self)) return 'not-guardian'
        if (!isReason(action.reason)) return 'invalid'
        const isPaused = this.citizen.compute().status === 'paused'
        if (action.action === 'resume' && !isPaused) return 'not-paused'
        if (action.action === 'pause' && isPaused) return 'already-paused'
        if ((action.action === 'revoke') !== (action.target !== '')) return 'invalid'
        return {
          kind: 'order',
          action: action.action,
          target: action.target,
          reason: action.reason.trim(),
          nonce: highestNonce(this.state) + 1,
          round,
          expiresUnixMs: 0,
        }
      }
      case 'endorse': {
        const motion = this.state.motions.get(action.subject)
        if (!motion || motion.sealed) return 'nothing-to-sign'
        const signed = this.state.signatures.get(action.subject)?.has(self) ?? false
        if (signed) return 'already-signed'
        const mayEvict = this.citizen.book.genesis.members.includes(self)
        const may = motion.body.kind === 'evict' ? mayEvict : isGuardian(this.state, self)
        return may ? { kind: 'endorse', subject: action.subject, round } : 'not-guardian'
      }
      case 'licence': {
        const { subject, devices, budgetFlop, rateFlops, notBeforeUnixMs, expiresUnixMs } = action
        if (!isGuardian(this.state, self)) return 'not-guardian'
        if (!members.has(subject)) return 'not-member'
        const sound =
          devices.length >= 1 &&
          devices.length <= 16 &&
          DECIMAL.test(budgetFlop) &&
          DECIMAL.test(rateFlops) &&
          notBeforeUnixMs < expiresUnixMs
        if (!sound) return 'invalid'
        const highest = [...this.state.motions.values()].flatMap(({ body }) =>
          body.kind === 'licence' && body.subject === subject ? [body.counter] : [],
        )
        const counter = Math.max(0, this.state.highWater.get(subject)?.counter ?? 0, ...highest) + 1
        const lineage = lineageOf(this.state)
        return {
          kind: 'licence',
          subject,
          devices: [...new Set(devices)].sort(),
          lineage,
          budgetFlop,
          rateFlops,
          notBeforeUnixMs,
          expiresUnixMs,
          counter,
        }
      }
      case 'vouch':
        return this.vouch(action)
      case 'amend': {
        const terms = derive(this.state).terms
        if (!terms || !isGuardian(this.state, self)) return 'not-guardian'
        const sound = termsFault(action.governance) === null && isReason(action.reason)
        // How a room is sealed is what its seals rest on: it stays.
        if (!sound || action.governance.sealing !== terms.terms.sealing) return 'invalid'
        return {
          kind: 'amend',
          previous: terms.hash,
          governance: action.governance,
          reason: action.reason.trim(),
        }
      }
      case 'evict': {
        if (!this.citizen.book.genesis.members.includes(self)) return 'not-member'
        if (!members.has(action.member) || action.member === self) return 'not-member'
        return isReason(action.reason)
          ? { kind: 'evict', member: action.member, reason: action.reason.trim() }
          : 'invalid'
      }
      case 'handover':
        if (this.citizen.book.genesis.anchor !== self) return 'not-anchor'
        return members.has(action.to) && action.to !== self
          ? { kind: 'handover', to: action.to }
          : 'not-member'
      case 'transfer-device': {
        // Work on it so far is stated while it is still this member's.
        await this.citizen.stateReceipt().catch(() => undefined)
        const { device, custody } = this.citizen.devices
        if (!members.has(action.to) || action.to === self) return 'not-member'
        return custody === ''
          ? 'invalid'
          : { kind: 'device-transfer', device, to: action.to, previous: custody }
      }
      case 'request': {
        if (!members.has(action.subject)) return 'not-member'
        const sound = /^[0-9a-f]{64}$/.test(action.commitment) && isReason(action.reason)
        const { subject, commitment, reason } = action
        return sound ? { kind: 'request', subject, commitment, reason: reason.trim() } : 'invalid'
      }
      case 'pay': {
        if (!members.has(action.to) || action.to === self) return 'not-member'
        if (!DECIMAL.test(action.amountMicro) || action.amountMicro === '0' || action.memo.length > 120)
          return 'invalid'
        if (BigInt(action.amountMicro) > this.host.balance()) return 'insufficient'
        return { kind: 'transfer', to: action.to, amountMicro: action.amountMicro, memo: action.memo.trim() }
      }
      default:
        return action satisfies never
    }
  }

  private async vouch({
    subject,
    level,
    owner,
    expiresUnixMs,
  }: GovernanceAction & { type: 'vouch' }): Promise<EntryBody | ActionRefusal> {
    const { self, entropy, store } = this.host
    if (level === 1 && !isGuardian(this.state, self)) return 'not-guardian'
    const issuers = derive(this.state).terms?.terms.issuers ?? []
    if (level === 2 && !issuers.includes(self)) return 'not-issuer'
    if (!this.citizen.members.has(subject)) return 'not-member'
    if (owner.length > MAX_OWNER) return 'invalid'
    let commitment = ''
    if (owner.trim() !== '') {
      const salt = entropy.bytes(OWNER_SALT_BYTES)
      commitment = commitOwner(salt, owner.trim())
      const opening = canonicalise({
        commitment,
        format: 'yoriai-opening-2',
        name: owner.trim(),
        salt: encodeBase64url(salt),
      })
      try {
        await store.put(this.openingKey(commitment), new TextEncoder().encode(opening))
        this.openings.add(commitment)
      } catch {
        // A commitment that nobody can open would be worth nothing.
        return 'storage-full'
      }
    }
    return { kind: 'vouch', subject, level, owner: commitment, expiresUnixMs }
  }

  private openingKey(commitment: string): string {
    return `opening/${this.citizen.book.charter.room}/${commitment}`
  }
}

function isReason(text: string): boolean {
  const trimmed = text.trim()
  return trimmed !== '' && trimmed.length <= MAX_REASON
}
