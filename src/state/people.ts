// Members by name, as sentences need them: "You" at the beginning, "you" inside, a nickname where one is known, else the
// first letters of the key. A nickname is what somebody calls themselves; two may choose the same one, so doubles carry
// their key's first letters.
import type { MemberId } from '../core/num/ids.ts'
import type { MemberView } from '../ports/session.ts'
import type { LedgerWords } from './oversight.ts'

export interface People {
  /** At the beginning of a sentence. */
  readonly who: (member: MemberId) => string
  /** Anywhere else. */
  readonly whom: (member: MemberId) => string
  /** Without any address, for tables and choices. */
  readonly plain: (member: MemberId) => string
  /** All names in a row, without any address. */
  readonly names: (members: readonly MemberId[]) => string
  /** Inside a sentence: some, and how many more. */
  readonly list: (members: readonly MemberId[]) => string
}

const KEY_CHARS = 6
const MAX_LISTED = 5

export function peopleOf(members: readonly MemberView[], self: MemberId | null, words: LedgerWords): People {
  const names = new Map(members.map(({ id, nickname }) => [id, nickname]))
  const counts = new Map<string, number>()
  for (const name of names.values()) counts.set(name, (counts.get(name) ?? 0) + 1)
  const plain = (member: MemberId): string => {
    const name = names.get(member) ?? ''
    if (name === '') return shortKey(member)
    return (counts.get(name) ?? 0) > 1 ? `${name} (${shortKey(member)})` : name
  }
  const named = (member: MemberId): string => words.person(plain(member))
  const whom = (member: MemberId): string => (member === self ? words.youObject : named(member))
  return {
    plain,
    whom,
    who: member => (member === self ? words.you : named(member)),
    names: members => members.map(plain).join(words.comma),
    list(members) {
      const shown = members.slice(0, MAX_LISTED).map(whom)
      const rest = members.length - shown.length
      if (rest > 0) shown.push(words.others(rest, String(rest)))
      const last = shown.pop() ?? ''
      return shown.length === 0 ? last : `${shown.join(words.comma)}${words.and}${last}`
    },
  }
}

export function shortKey(key: string): string {
  return `${key.slice(0, KEY_CHARS)}…`
}

/** Hex hashes as people compare them: the first eight digits. */
export function shortHash(hash: string): string {
  return hash.slice(0, 8)
}
