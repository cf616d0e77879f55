// Entries offered by hash: fetched once, from who answers; given to nobody who was not told of them.
import { describe, expect, test } from 'vitest'
import { entryHash, Ledger } from '../../src/core/ledger/chain.ts'
import type { Entry } from '../../src/core/ledger/entry.ts'
import { encodeBase64url } from '../../src/core/num/base64url.ts'
import type { MemberId, RoomId } from '../../src/core/num/ids.ts'
import type { PeerContext } from '../../src/peer/context.ts'
import { EntryOffers } from '../../src/peer/entry-offers.ts'
import { signEntry } from '../../src/peer/entry-signing.ts'
import { decodeMessage, encodeMessage, LIMITS, type PeerMessage } from '../../src/protocol/messages.ts'
import { createSimSigner } from '../../src/sim/sim-signer.ts'
import { VirtualClock } from '../../src/sim/virtual-clock.ts'

const ROOM = encodeBase64url(new Uint8Array(16)) as RoomId
const [first, second, third] = ['first', 'second', 'third'].map(name => createSimSigner(name).id) as [
  MemberId,
  MemberId,
  MemberId,
]

async function madeEntry(author: string): Promise<Entry> {
  return signEntry(new Ledger(ROOM), { kind: 'leave' }, 1, createSimSigner(author))
}

function scene() {
  const clock = new VirtualClock()
  let links = [first, second, third]
  const said: { readonly to: MemberId; readonly message: PeerMessage }[] = []
  const given: { readonly to: MemberId; readonly hashes: readonly string[] }[] = []
  const held = new Set<string>()
  const signer = createSimSigner('self')
  const context: PeerContext = {
    room: ROOM,
    self: signer.id,
    transport: {
      self: signer.id,
      links: () => links,
      send: () => true,
      stats: () => undefined,
      ban: () => undefined,
      subscribe: () => () => undefined,
      close: () => undefined,
    },
    signer,
    clock,
    checked: undefined,
    // Over the wire's own layout, which has limits.
    send: (to, message) => {
      const decoded = decodeMessage(encodeMessage(message))
      if (!decoded) throw new Error('a message that nobody can read')
      said.push({ to, message: decoded })
      return true
    },
    refuse: () => undefined,
    strike: () => undefined,
  }
  const offers = new EntryOffers(
    context,
    (_, hash) => held.has(hash),
    (to, entries) => void (entries.length > 0 && given.push({ to, hashes: entries.map(entryHash) })),
  )
  const asked = (): [MemberId, readonly string[]][] =>
    said
      .splice(0)
      .flatMap(({ to, message }) =>
        message.type === 'entries-get' ? [[to, message.hashes] as [MemberId, readonly string[]]] : [],
      )
  const wait = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 250) {
      await clock.run(clock.now() + 250)
      offers.tick()
    }
  }
  return {
    offers,
    held,
    said,
    given,
    asked,
    wait,
    lose: (gone: MemberId) => void (links = links.filter(link => link !== gone)),
  }
}

describe('fetching', () => {
  const [a, b] = ['aa'.repeat(32), 'bb'.repeat(32)]

  test('the first that tells is asked, once; the others only when it does not answer, one after the other', async () => {
    const { offers, asked, wait } = scene()
    offers.onHave(first, [a, b])
    offers.onHave(second, [a])
    offers.onHave(third, [a])
    expect(asked()).toEqual([[first, [a, b]]])
    offers.arrived(b)
    await wait(1_000)
    expect(asked()).toEqual([[second, [a]]])
    await wait(1_000)
    expect(asked()).toEqual([[third, [a]]])
    offers.arrived(a)
    await wait(20_000)
    expect(asked()).toEqual([])
  })

  test('what is here or came a moment ago, whatever it was worth, is not asked for', async () => {
    const { offers, held, asked, wait } = scene()
    held.add(a)
    offers.onHave(first, [a, b])
    offers.arrived(b)
    offers.onHave(second, [a, b])
    expect(asked()).toEqual([[first, [b]]])
    await wait(31_000)
    offers.onHave(second, [b])
    expect(asked()).toEqual([[second, [b]]])
  })

  test('who has gone is not asked; what nobody gives is given up', async () => {
    const { offers, asked, wait, lose } = scene()
    offers.onHave(first, [a])
    offers.onHave(second, [a])
    lose(first)
    asked()
    await wait(1_000)
    expect(asked()).toEqual([[second, [a]]])
    lose(second)
    await wait(60_000)
    expect(asked()).toEqual([])
  })

  test('a flood of offers is remembered only so far', async () => {
    const { offers, asked } = scene()
    for (let k = 0; k < 20; k++)
      offers.onHave(
        first,
        Array.from({ length: LIMITS.offered }, (_, i) =>
          (LIMITS.offered * k + i).toString(16).padStart(64, '0'),
        ),
      )
    expect(asked().flatMap(([, hashes]) => hashes)).toHaveLength(2_048)
  })
})

describe('giving', () => {
  test('what was offered is given, to a link at most twice, and for half a minute', async () => {
    const { offers, said, given, wait } = scene()
    const entry = await madeEntry('author')
    const hash = entryHash(entry)
    offers.onGet(second, [hash])
    expect(given).toEqual([])
    offers.offer(first, [entry])
    expect(said).toEqual([{ to: first, message: { type: 'entries-have', hashes: [hash] } }])
    for (let k = 0; k < 5; k++) offers.onGet(first, [hash])
    offers.onGet(second, [hash])
    expect(given).toEqual([first, first, second].map(to => ({ to, hashes: [hash] })))
    await wait(31_000)
    offers.onGet(third, [hash])
    expect(given).toHaveLength(3)
  })
})
