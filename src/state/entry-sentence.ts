// A ledger entry as one sentence. Texts that members wrote (reasons, labels, memos) are quoted, so that nobody takes them
// for words of the program.
import { isRunBody, type EntryBody } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'
import { shortHash } from './people.ts'
import { runSentence } from './run-sentence.ts'
import type { Sayer } from './sayer.ts'

export function sentenceOf(author: MemberId, body: EntryBody, sayer: Sayer): string {
  if (isRunBody(body)) return runSentence(author, body, sayer)
  const { people, words, f } = sayer
  const { says } = words
  const who = people.who(author)
  switch (body.kind) {
    case 'charter':
      return says.charter(who, words.quote(body.title))
    case 'amend':
      return says.amend(who, words.quote(body.reason))
    case 'join':
      return body.role === 'trainer'
        ? says.joinTrainer(who, body.nickname)
        : says.joinWatcher(who, body.nickname)
    case 'leave':
      return says.leave(who)
    case 'evict':
      return says.evict(who, people.whom(body.member), words.quote(body.reason))
    case 'handover':
      return says.handover(who, people.whom(body.to))
    case 'vouch':
      return says.vouch(who, people.whom(body.subject), String(body.level))
    case 'request':
      return says.request(who, people.whom(body.subject), words.quote(body.reason))
    case 'device': {
      const say = body.previous === '' ? says.device : says.deviceAgain
      return say(who, words.quote(body.label), f.flops(BigInt(body.benchmarkFlops)))
    }
    case 'device-transfer':
      return says.deviceTransfer(who, people.whom(body.to))
    case 'licence':
      return says.licence(who, people.whom(body.subject), f.flop(BigInt(body.budgetFlop)))
    case 'receipt':
      return says.receipt(
        who,
        f.int(body.toStep - body.fromStep),
        f.flop(BigInt(body.flop)),
        f.int(body.fromRound),
        f.int(body.toRound),
      )
    case 'order': {
      const reason = words.quote(body.reason)
      if (body.action === 'revoke') return says.orderRevoke(who, revoked(body.target, sayer), reason)
      return body.action === 'pause' ? says.orderPause(who, reason) : says.orderResume(who, reason)
    }
    case 'hold':
      return says.hold(who, words.quote(body.reason))
    case 'endorse':
      return says.endorse(who, signed(body.subject, sayer))
    case 'transfer': {
      const amount = words.credits(f.credits(BigInt(body.amountMicro)))
      const whom = people.whom(body.to)
      return body.memo === ''
        ? says.transfer(who, whom, amount)
        : says.transferMemo(who, whom, amount, words.quote(body.memo))
    }
    case 'proof':
      return says.proof(who, people.whom(body.against))
  }
  body satisfies never
  return ''
}

/** A licence is named by its 64 hex digits, a member by the 43 letters of the key. */
export function revoked(target: string, { people, words }: Pick<Sayer, 'people' | 'words'>): string {
  return /^[0-9a-f]{64}$/u.test(target)
    ? words.says.licenceOf(shortHash(target))
    : people.whom(target as MemberId)
}

function signed(subject: string, { motions, words }: Sayer): string {
  const motion = motions.find(({ hash }) => hash === subject)
  if (motion === undefined) return words.says.entry(shortHash(subject))
  if (motion.kind !== 'order') return words.signs[motion.kind]
  const { action } = motion
  return action === 'pause' || action === 'resume' || action === 'revoke'
    ? words.signs[action]
    : words.says.entry(shortHash(subject))
}
