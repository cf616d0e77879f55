// What the entries mean: the charter, who is a member and in which part, and the work that each stated. A pure fold, so
// every holder of the same entries reads the same room.
import type { MemberId } from '../num/ids.ts'
import type { Ledger } from './chain.ts'
import type { CharterBody, JoinBody } from './entry.ts'

export interface Membership {
  readonly member: MemberId
  readonly nickname: string
  readonly role: JoinBody['role']
  readonly part: number
  readonly joinedUnixMs: number
  readonly present: boolean
  readonly steps: number
  readonly samples: number
  readonly flop: bigint
  readonly updates: number
}

export interface RoomFold {
  readonly charter: CharterBody | null
  readonly founder: MemberId | null
  /** Everyone who ever joined and did not equivocate. */
  readonly members: ReadonlyMap<MemberId, Membership>
}

export function foldRoom(ledger: Ledger): RoomFold {
  let charter: CharterBody | null = null
  let founder: MemberId | null = null
  const members = new Map<MemberId, Membership>()
  for (const author of ledger.authors()) {
    let membership: Membership | undefined
    for (const { body } of ledger.entriesOf(author)) {
      switch (body.kind) {
        case 'charter':
          charter = body
          founder = author
          break
        case 'join': {
          const { nickname, role, part, unixMs } = body
          const done = membership ?? { steps: 0, samples: 0, flop: 0n, updates: 0 }
          membership = { ...done, member: author, nickname, role, part, joinedUnixMs: unixMs, present: true }
          break
        }
        case 'work':
          if (membership) {
            membership = {
              ...membership,
              steps: membership.steps + body.steps,
              samples: membership.samples + body.samples,
              flop: membership.flop + BigInt(body.flop),
              updates: membership.updates + body.updates,
            }
          }
          break
        case 'leave':
          if (membership) membership = { ...membership, present: false }
          break
        default:
          body satisfies never
      }
    }
    if (membership && !ledger.forks.has(author)) members.set(author, membership)
  }
  return { charter, founder, members }
}
