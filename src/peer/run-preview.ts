// Sponsored runs as they would be if the room were sealed now: what members signed since the last seal counts on screens and in
// checks before signing, as transfers do. Made anew only when something was signed or somebody came or went.
import { closeRuns } from '../core/incentives/runs/closing.ts'
import { cloneRuns } from '../core/incentives/runs/mechanism.ts'
import type { RunsState } from '../core/incentives/runs/records.ts'
import { previewBalances } from '../core/ledger/credits.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { RoomBook } from './room-book.ts'

export interface RunPreview {
  readonly runs: RunsState
  readonly balances: ReadonlyMap<MemberId, bigint>
}

export class RunPreviews {
  private kept: { readonly key: string; readonly preview: RunPreview } | null = null

  constructor(
    private readonly book: RoomBook,
    private readonly present: () => readonly MemberId[],
    private readonly unixMs: () => number,
  ) {}

  now(): RunPreview {
    const { live, ledger, sealedEntries, takenBack } = this.book
    const present = this.present()
    // Expiry is told by seals: minutes are enough here.
    const minute = Math.floor(this.unixMs() / 60_000)
    const key = `${sealedEntries}/${ledger.size}/${takenBack}/${minute}/${present.join()}`
    if (this.kept?.key === key) return this.kept.preview
    const runs = cloneRuns(live.runs)
    const balances = new Map(previewBalances(live.credits))
    closeRuns(
      runs,
      {
        epoch: live.governance.epoch + 1,
        unixMs: this.unixMs(),
        members: present,
        anchor: this.book.genesis.anchor,
      },
      {
        balanceOf: member => balances.get(member) ?? 0n,
        add: (member, micro) => void balances.set(member, (balances.get(member) ?? 0n) + micro),
        cutOf: member => live.credits.cuts.get(member) ?? Infinity,
      },
    )
    const preview = { runs, balances }
    this.kept = { key, preview }
    return preview
  }
}
