// This member's device in the registry: registers it with its measured rate, takes over one that was handed to it, and
// states a new rate before a receipt would outrun the old one.
import type { DeviceBody, EntryBody } from '../core/ledger/entry.ts'
import type { GovernanceState } from '../core/governance/state.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { BackendReport } from '../ports/trainer.ts'

/** A rate this much above what is registered is registered anew: receipts are refused at 1.2 times. */
const TOLERATED_PERCENT = 110n
/** Room for the next seconds to be faster still. */
const MARGIN_PERCENT = 125n

interface Held {
  readonly device: string
  /** Newest custody event: what the next one refers to. */
  readonly event: string
  /** 0n for one that was handed over and is not registered yet. */
  readonly benchmarkFlops: bigint
}

export class DeviceDesk {
  /** The custody that was looked at last, which only grows, and what it said. */
  private seen: { custody: GovernanceState['custody'] | null; size: number; given: Held | undefined } = {
    custody: null,
    size: 0,
    given: undefined,
  }

  constructor(
    private readonly self: MemberId,
    /** 16 bytes, base64url, made for this identity on this device. */
    private readonly ownDevice: string,
    private readonly state: () => GovernanceState,
    private readonly append: (body: EntryBody) => Promise<unknown>,
  ) {}

  /** The device that receipts name: one that was handed over to this member, else its own. */
  get device(): string {
    return this.held()?.device ?? this.ownDevice
  }

  /** Whether this member gave the device away. */
  isHandedOver(device: string): boolean {
    return this.state().accounts.get(this.self)?.devices.get(device)?.transferred ?? false
  }

  /** Newest custody event of the device; "" before it is registered. */
  get custody(): string {
    return this.held()?.event ?? ''
  }

  async register(report: BackendReport, benchmarkFlops: bigint): Promise<void> {
    if ((this.held()?.benchmarkFlops ?? 0n) < benchmarkFlops) await this.write(report, benchmarkFlops)
  }

  /** Before a receipt of this much work: its rate must stay within what is registered. */
  async keepUp(report: BackendReport, flop: bigint, wallMs: number): Promise<void> {
    if (wallMs <= 0) return
    const rate = (flop * 1000n) / BigInt(Math.max(1, Math.floor(wallMs)))
    if (rate * 100n <= (this.held()?.benchmarkFlops ?? 0n) * TOLERATED_PERCENT) return
    await this.write(report, (rate * MARGIN_PERCENT) / 100n)
  }

  private held(): Held | undefined {
    const { custody, accounts } = this.state()
    const mine: Held[] = [...(accounts.get(this.self)?.devices ?? [])].flatMap(
      ([device, { registration, transferred, benchmarkFlops }]) =>
        transferred ? [] : [{ device, event: registration, benchmarkFlops }],
    )
    const given = this.given(custody)
    if (given) return given
    // One that came from somebody else is the newer choice.
    return mine.find(({ device }) => device !== this.ownDevice) ?? mine[0]
  }

  /** One that was handed over to this member. Asked several times a second, in rooms of a thousand devices: looked up anew
   * when an event came. */
  private given(custody: GovernanceState['custody']): Held | undefined {
    if (this.seen.custody === custody && this.seen.size === custody.size) return this.seen.given
    let given: Held | undefined
    for (const [hash, { kind, holder, broken, device }] of custody) {
      if (kind !== 'transferred' || holder !== this.self || broken) continue
      const isTaken = [...custody.values()].some(({ previous }) => previous === hash)
      if (!isTaken) given ??= { device, event: hash, benchmarkFlops: 0n }
    }
    this.seen = { custody, size: custody.size, given }
    return given
  }

  private async write({ adapter, backend }: BackendReport, benchmarkFlops: bigint): Promise<void> {
    const held = this.held()
    const body: DeviceBody = {
      kind: 'device',
      device: held?.device ?? this.ownDevice,
      label: adapter.slice(0, 80),
      backend,
      benchmarkFlops: (benchmarkFlops > 0n ? benchmarkFlops : 1n).toString(),
      previous: held?.event ?? '',
    }
    await this.append(body)
  }
}
