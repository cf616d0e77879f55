// What the entries mean: the charter, who is a member and in which part, and the work that each stated. A pure fold over
// each author's chain, so every holder of the same entries reads the same room. Entries are applied as they are admitted.
import type { MemberId } from '../num/ids.ts'
import type { CharterBody, Entry, JoinBody } from './entry.ts'

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

export class RoomFold {
  charter: CharterBody | null = null
  founder: MemberId | null = null
  /** Everyone who ever joined and did not equivocate. */
  readonly members = new Map<MemberId, Membership>()
  private readonly expelled = new Set<MemberId>()

  /** Entries of one author come in the order of their chain. */
  apply({ author, body }: Entry): void {
    if (this.expelled.has(author)) return
    const known = this.members.get(author)
    switch (body.kind) {
      case 'charter':
        this.charter = body
        this.founder = author
        break
      case 'join': {
        const { nickname, role, part, unixMs } = body
        const work = known ?? { steps: 0, samples: 0, flop: 0n, updates: 0 }
        this.members.set(author, {
          ...work,
          member: author,
          nickname,
          role,
          part,
          joinedUnixMs: unixMs,
          present: true,
        })
        break
      }
      case 'work':
        if (known) {
          this.members.set(author, {
            ...known,
            steps: known.steps + body.steps,
            samples: known.samples + body.samples,
            flop: known.flop + BigInt(body.flop),
            updates: known.updates + body.updates,
          })
        }
        break
      case 'leave':
        if (known) this.members.set(author, { ...known, present: false })
        break
      default:
        body satisfies never
    }
  }

  /** For good: whoever signed two entries for one place is no member. */
  expel(author: MemberId): void {
    this.expelled.add(author)
    this.members.delete(author)
  }
}
