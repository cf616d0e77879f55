// An entry of a sponsored round as one sentence.
import type { RunBody } from '../core/ledger/entry.ts'
import type { MemberId } from '../core/num/ids.ts'
import type { Sayer } from './sayer.ts'

export function runSentence(author: MemberId, body: RunBody, { people, words, f }: Sayer): string {
  const { says } = words
  const who = people.who(author)
  const quality = (millionths: number): string => f.percent(millionths / 1e6)
  switch (body.kind) {
    case 'asset':
      return says.asset(who, f.int(body.samples), quality(body.qualityMillionths))
    case 'quote': {
      const reward = words.credits(f.credits(BigInt(body.rewardMicro)))
      return says.quote(who, words.quote(body.title), reward)
    }
    case 'offer':
      return says.offer(who, f.int(body.samples), quality(body.qualityMillionths))
    case 'capacity':
      return says.capacity(who, f.decimal(body.speedMilli / 1000, 1))
    case 'withdraw':
      return says.withdraw(who)
    case 'begin':
      return says.begin(who)
    case 'contract':
      return says.contract(who)
    case 'exposure':
      return says.exposure(who, f.int(body.limit))
    case 'deletion':
      return says.deletion(who)
    case 'service':
      return says.service(who, says.jobs(body.jobs, f.int(body.jobs)))
    case 'measure': {
      const owners = says.owners(body.values.length, f.int(body.values.length))
      const say = body.method === 'drops' ? says.measureDrops : says.measureShapley
      return say(who, owners, f.int(body.toRound))
    }
    case 'abort':
      return says.abort(who, words.quote(body.reason))
    default:
      return body satisfies never
  }
}
