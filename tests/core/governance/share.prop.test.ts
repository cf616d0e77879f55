// P3: the lineage's cap over all members, however they are split. Members know different seals, compute on what theirs allows
// without hearing of each other, and seals are made by whoever can be reached.
import { describe, expect, test } from 'vitest'
import { lineageUsed } from '../../../src/core/governance/share.ts'
import { limitsFor } from '../../../src/core/governance/standing.ts'
import type { Entry, EntryBody, ReceiptBody } from '../../../src/core/ledger/entry.ts'
import { createRng, type Rng } from '../../../src/core/num/rng.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import {
  applyEntry,
  cloneState,
  closeEpoch,
  nextSealMembers,
  type RoomState,
} from '../../../src/core/room/fold.ts'
import { entry, member } from '../ledger/fixtures.ts'
import { deviceOf, RoomScript, STEP_FLOP, T0 } from '../room/script.ts'

interface Link {
  readonly entry: Entry
  readonly hash: string
}

/** One room whose members may be parted. Seals form one chain: that is what agreement guarantees. */
class PartedRoom {
  /** What each member knows: the newest seal that reached it, and all that it wrote itself. */
  private readonly known = new Map<number, { sealed: RoomState; heads: Map<number, number> }>()
  private readonly chains = new Map<number, Link[]>()
  private sealed: RoomState
  private heads = new Map<number, number>()
  readonly steps = new Map<number, number>()
  private unixMs = T0
  private hashes = 0

  constructor(
    readonly cap: bigint,
    readonly members: number,
  ) {
    const script = new RoomScript({
      budget: { memberFlop: '0', roundFlop: '0', lineageFlop: cap.toString() },
    })
    this.sealed = script.state
    for (let i = 0; i < members; i++) {
      this.chains.set(i, [])
      this.known.set(i, { sealed: this.sealed, heads: this.heads })
      this.join(i)
    }
  }

  private write(author: number, body: EntryBody): void {
    const chain = this.chains.get(author)!
    const hash = (++this.hashes).toString(16).padStart(64, '0')
    chain.push({
      entry: { ...entry(member(author), chain.length + 1, '', body), unixMs: ++this.unixMs },
      hash,
    })
  }

  join(author: number): void {
    this.write(author, { kind: 'join', nickname: '', role: 'trainer', part: 0, dataRoot: '' })
    const registered = this.chains.get(author)!.some(({ entry: { body } }) => body.kind === 'device')
    if (registered) return
    this.write(author, {
      kind: 'device',
      device: deviceOf(author),
      label: '',
      backend: 'cpu',
      benchmarkFlops: (10n ** 13n).toString(),
      previous: '',
    })
  }

  leave(author: number): void {
    this.write(author, { kind: 'leave' })
  }

  /** The live state of one member: its seal and its own chain, nobody else's. */
  live(author: number): RoomState {
    const { sealed, heads } = this.known.get(author)!
    const state = cloneState(sealed)
    for (const each of this.chains.get(author)!.slice(heads.get(author) ?? 0))
      applyEntry(state, each.entry, each.hash)
    return state
  }

  /** As many steps as the member wants and its limits allow, and the receipt for them. */
  compute(author: number, wanted: number): void {
    const state = this.live(author)
    const use = { device: deviceOf(author), roomTime: this.unixMs, unreceiptedFlop: 0n }
    const { budgetFlop, standing } = limitsFor(state.governance, member(author), use)
    expect(standing).not.toBe('suspended')
    const steps = Math.min(wanted, Number((budgetFlop ?? 0n) / STEP_FLOP))
    if (steps <= 0) return
    this.steps.set(author, (this.steps.get(author) ?? 0) + steps)
    const script = Object.assign(Object.create(RoomScript.prototype) as RoomScript, { state })
    const body: ReceiptBody = script.receiptBody(author, steps)
    this.write(author, body)
  }

  /** A seal over what the reached ones hold; only they hear of it. */
  seal(reached: readonly number[]): void {
    const heads = new Map(this.heads)
    for (const author of reached) heads.set(author, this.chains.get(author)!.length)
    const state = cloneState(this.sealed)
    const sorted = [...reached].sort((a, b) => (member(a) < member(b) ? -1 : 1))
    for (const author of sorted)
      for (const each of this.chains.get(author)!.slice(this.heads.get(author) ?? 0))
        applyEntry(state, each.entry, each.hash)
    const anchor: MemberId = member(0)
    const members = nextSealMembers(state, reached.map(member), anchor, this.unixMs)
    closeEpoch(state, { epoch: state.governance.epoch + 1, unixMs: ++this.unixMs, members, anchor })
    this.sealed = state
    this.heads = heads
    for (const author of reached) this.known.set(author, { sealed: state, heads })
    const { accounts } = state.governance
    const granted = [...accounts.values()].reduce((sum, account) => sum + account.granted, 0n)
    expect(granted <= this.cap, 'grants within the cap').toBe(true)
  }

  get used(): bigint {
    return STEP_FLOP * BigInt([...this.steps.values()].reduce((a, b) => a + b, 0))
  }

  get sealedFlop(): bigint {
    return lineageUsed(this.sealed.governance)
  }
}

function some(count: number, rng: Rng, chance: number): number[] {
  return Array.from({ length: count }, (_, i) => i).filter(() => rng.next() < chance)
}

describe('P3 the cap of the lineage', () => {
  test('P3 is never exceeded under any partition of the members, with leaves, returns and newcomers', () => {
    let stalled = 0
    for (let seed = 0; seed < 60; seed++) {
      const rng = createRng(`share ${seed}`)
      const count = 2 + rng.below(7)
      const room = new PartedRoom(STEP_FLOP * BigInt(20 + rng.below(2_000)), count)
      for (let turn = 0; turn < 40; turn++) {
        const author = rng.below(count)
        const dice = rng.below(12)
        if (dice === 0) room.leave(author)
        else if (dice === 1) room.join(author)
        else if (dice < 5) room.seal([0, ...some(count, rng, rng.next()).filter(i => i !== 0)])
        else room.compute(author, rng.below(3) === 0 ? 1e6 : rng.below(50))
        expect(room.used <= room.cap, `seed ${seed}: ${room.used} of ${room.cap}`).toBe(true)
      }
      // Together again, everybody uses all it may until nothing moves.
      const all = Array.from({ length: count }, (_, i) => i)
      for (const i of all) room.join(i)
      for (let turn = 0; turn < 60; turn++) {
        room.seal(all)
        for (const i of all) room.compute(i, 1e6)
      }
      expect(room.used <= room.cap, `seed ${seed}: at the end`).toBe(true)
      room.seal(all)
      expect(room.sealedFlop, `seed ${seed}: all that was computed is sealed`).toBe(room.used)
      if (room.cap - room.used >= STEP_FLOP * BigInt(count)) stalled++
    }
    // And it can be used up to a step of each.
    expect(stalled).toBe(0)
  })

  test('P3 a lone member stops within one step of the cap', () => {
    const room = new PartedRoom(STEP_FLOP * 1_000n + 5n, 1)
    for (let turn = 0; turn < 40; turn++) {
      room.compute(0, 7 + turn * 31)
      room.seal([0])
    }
    expect(room.used).toBe(STEP_FLOP * 1_000n)
  })

  test('P3 a member that vanishes keeps what it was granted, and no more is lost with it', () => {
    const room = new PartedRoom(STEP_FLOP * 1_000n, 4)
    room.seal([0, 1, 2, 3])
    for (let turn = 0; turn < 40; turn++) {
      room.seal([0, 1, 2])
      for (const i of [0, 1, 2]) room.compute(i, 1e6)
    }
    const rest = room.cap - room.used
    expect(rest >= STEP_FLOP * 3n, 'the vanished one could still use its share').toBe(true)
    room.compute(3, 1e6)
    expect(room.used <= room.cap).toBe(true)
    expect(room.cap - room.used < STEP_FLOP * 4n).toBe(true)
  })
})

test('a newcomer waits for a seal; a receipt beyond the share is refused', () => {
  const script = new RoomScript({
    budget: { memberFlop: '0', roundFlop: '0', lineageFlop: (STEP_FLOP * 1_000n).toString() },
  })
  script.trainer(0)
  script.trainer(1)
  const standing = () =>
    limitsFor(script.state.governance, member(1), {
      device: deviceOf(1),
      roomTime: script.unixMs,
      unreceiptedFlop: 0n,
    }).standing
  expect(standing()).toBe('awaiting-share')
  script.close([0, 1])
  expect(standing()).toBe('good')
  script.receipt(1, 900)
  expect(standing()).toBe('suspended')
})
