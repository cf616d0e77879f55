// Rooms with sponsored runs as scripts: member 0 founds the room and sponsors, the others own data or lend compute.
import type {
  AssetBody,
  CapacityBody,
  MeasureBody,
  OfferBody,
  QuoteBody,
} from '../../../../src/core/ledger/entry.ts'
import { balanceOf } from '../../../../src/core/ledger/credits.ts'
import { lockedMicro } from '../../../../src/core/incentives/runs/mechanism.ts'
import type { RunRecord } from '../../../../src/core/incentives/runs/records.ts'
import type { RoomState } from '../../../../src/core/room/fold.ts'
import { member } from '../../ledger/fixtures.ts'
import { RoomScript, type Written } from '../../room/script.ts'

export const quoteBody: QuoteBody = {
  kind: 'quote',
  title: 'Digits',
  rewardMicro: '100000000',
  alphaMicro: '500000000',
  growthMillionths: 500_000,
  dataPriceMicro: '10000000',
  computePriceMicro: '1000000',
  unitSamples: 1_000,
  qualityFloorMillionths: 500_000,
  fineMillionths: 200_000,
  floorMillionths: 0,
  rounds: 20,
  remeasureRounds: 0,
  appraisers: 3,
  lending: 'any',
  centreRule: 'linearTarget',
  expiresUnixMs: 0,
}

export const rootOf = (index: number): string => (index + 1).toString(16).padStart(64, '0')

export class RunRoom extends RoomScript {
  /** Joined with data of its own. */
  owner(author: number, root = rootOf(author)): void {
    this.write(author, {
      kind: 'join',
      nickname: `m${author}`,
      role: 'trainer',
      part: author,
      dataRoot: root,
    })
  }

  quote(changes: Partial<QuoteBody> = {}, author = 0): Written {
    return this.write(author, { ...quoteBody, ...changes })
  }

  asset(author: number, changes: Partial<AssetBody> = {}): Written {
    return this.write(author, {
      kind: 'asset',
      root: rootOf(author),
      samples: 5_000,
      classes: [2_500, 2_500],
      appraisal: {
        completeMillionths: 1_000_000,
        duplicateMillionths: 0,
        nearDuplicateMillionths: 0,
        balanceMillionths: 1_000_000,
        noiseMillionths: 20_000,
        outlierMillionths: 0,
        driftMillionths: 10_000,
      },
      qualityMillionths: 900_000,
      consent: 'own',
      licence: '',
      ...changes,
    })
  }

  offer(author: number, run: string, asset: string, changes: Partial<OfferBody> = {}): Written {
    return this.write(author, {
      kind: 'offer',
      run,
      asset,
      qualityMillionths: 900_000,
      samples: 5_000,
      mode: 'local',
      ...changes,
    })
  }

  /** With data of its own, described and offered. */
  offering(author: number, run: string, changes: Partial<OfferBody> = {}): Written {
    this.owner(author)
    return this.offer(author, run, this.asset(author).hash, changes)
  }

  capacity(author: number, run: string, changes: Partial<CapacityBody> = {}): Written {
    return this.write(author, {
      kind: 'capacity',
      run,
      unitCostMillionths: 1_000_000,
      speedMilli: 10_000,
      modes: 'any',
      ...changes,
    })
  }

  begin(run: string, round = 5): Written {
    return this.write(0, { kind: 'begin', run, round })
  }

  measure(
    author: number,
    run: string,
    values: Readonly<Record<number, number>>,
    changes: Partial<MeasureBody> = {},
  ): Written {
    const rows = Object.entries(values)
      .map(([owner, nanoNats]) => ({ member: member(Number(owner)), nanoNats, halfWidth: 0 }))
      .sort((a, b) => (a.member < b.member ? -1 : 1))
    return this.write(author, {
      kind: 'measure',
      run,
      method: 'shapley',
      toRound: 25,
      rounds: 16,
      values: rows,
      ...changes,
    })
  }

  run(hash: string): RunRecord {
    const run = this.state.runs.runs.get(hash)
    if (!run) throw new Error(`no run ${hash}`)
    return run
  }

  balance(author: number): bigint {
    return balanceOf(this.state.credits, member(author))
  }

  get faults(): readonly string[] {
    return this.state.runs.rejected.map(({ why }) => why)
  }
}

/** Balances and what runs hold, micro-credits: always what the charter issued. */
export function totalMicro({ credits, runs }: RoomState): bigint {
  return [...credits.balances.values()].reduce((sum, micro) => sum + micro, lockedMicro(runs))
}
