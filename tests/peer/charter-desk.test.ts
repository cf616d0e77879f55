import { describe, expect, test } from 'vitest'
import { createMemorySignaling } from '../../src/adapters/signaling-memory.ts'
import { systemClock } from '../../src/adapters/clock-system.ts'
import { entryBytes } from '../../src/core/ledger/chain.ts'
import { createRng } from '../../src/core/num/rng.ts'
import { CharterDesk, checkCharter } from '../../src/peer/charter-desk.ts'
import { foundRoom, type CharterEntry } from '../../src/peer/founding.ts'
import { decodePreview, encodePreview } from '../../src/protocol/preview.ts'
import { blobCharter } from '../../src/sim/blobs.ts'
import { createSimSigner } from '../../src/sim/sim-signer.ts'

const founder = createSimSigner('founder')
const newcomer = createSimSigner('newcomer')
const rng = createRng('desk')
const entropy = { bytes: (length: number) => Uint8Array.from({ length }, () => rng.below(256)) }
const wait = (ms: number): Promise<void> => new Promise(resolve => systemClock.after(ms, resolve))

/** What a newcomer at the desk learns when others in the room hold these charters. */
async function ask(
  room: CharterEntry['room'],
  held: readonly (CharterEntry | null)[],
): Promise<CharterEntry | undefined> {
  const network = createMemorySignaling()
  const desks = held.map(
    charter => new CharterDesk(network.connect(), room, founder, charter, () => undefined),
  )
  let learned: CharterEntry | undefined
  desks.push(new CharterDesk(network.connect(), room, newcomer, null, charter => (learned = charter)))
  await wait(50)
  for (const desk of desks) desk.close()
  return learned
}

describe('the charter before consent', () => {
  test('a newcomer gets it from anybody who holds it', async () => {
    const charter = await foundRoom(blobCharter(), founder, entropy, 1)
    expect(await ask(charter.room, [null, charter])).toEqual(charter)
    expect(await ask(charter.room, [null])).toBeUndefined()
  })

  test('a charter of another room, or signed by another, is none', async () => {
    const [ours, theirs] = [
      await foundRoom(blobCharter(), founder, entropy, 1),
      await foundRoom(blobCharter(), founder, entropy, 1),
    ]
    expect(await ask(ours.room, [theirs])).toBeUndefined()
    const forged = { ...ours, body: { ...ours.body, title: 'changed' } }
    expect(await ask(ours.room, [forged])).toBeUndefined()
    expect(await checkCharter(entryBytes(ours), ours.room, newcomer)).toEqual(ours)
    const usurped = await foundRoom({ ...blobCharter() }, newcomer, entropy, 1)
    expect(
      await checkCharter(entryBytes({ ...usurped, room: ours.room }), ours.room, newcomer),
    ).toBeUndefined()
  })
})

test('preview payloads: other channels and junk are nothing', () => {
  expect(decodePreview(encodePreview({ type: 'ask' }))).toEqual({ type: 'ask' })
  const charter = Uint8Array.of(1, 2, 3)
  expect(decodePreview(encodePreview({ type: 'answer', charter }))).toEqual({ type: 'answer', charter })
  for (const junk of [[], [1], [2], [2, 1, 0], [2, 3], [0x7b, 0x7d]])
    expect(decodePreview(Uint8Array.from(junk))).toBeUndefined()
})
