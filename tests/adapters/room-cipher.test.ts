import { expect, test } from 'vitest'
import { SEAL_OVERHEAD_BYTES, createRoomCipher } from '../../src/adapters/room-cipher.ts'
import { createRng } from '../../src/core/num/rng.ts'
import type { RoomId } from '../../src/core/num/ids.ts'
import type { SocketId } from '../../src/ports/signaling.ts'
import { isRoomHash } from '../../src/protocol/signaling.ts'

const ROOM = 'AAECAwQFBgcICQoLDA0ODw' as RoomId
const OTHER_ROOM = 'AAECAwQFBgcICQoLDA0ODg' as RoomId
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i)
const [ANN, BEN] = ['a'.repeat(16), 'b'.repeat(16)] as SocketId[] as [SocketId, SocketId]

test('seals what the same link opens, differently every time', async () => {
  const cipher = await createRoomCipher(ROOM, KEY)
  const again = await createRoomCipher(ROOM, KEY)
  const payload = new TextEncoder().encode('an offer')
  const one = await cipher.seal(payload, ANN, BEN)
  const two = await cipher.seal(payload, ANN, BEN)
  expect(one).not.toEqual(two)
  expect(one.byteLength).toBe(payload.byteLength + SEAL_OVERHEAD_BYTES)
  expect(await again.open(one, ANN, BEN)).toEqual(payload)
  expect(await again.open(two, ANN, BEN)).toEqual(payload)
})

test('opens nothing from another key, room, sender, receiver, or with a bit changed', async () => {
  const cipher = await createRoomCipher(ROOM, KEY)
  const sealed = await cipher.seal(new Uint8Array(20), ANN, BEN)
  const otherKey = await createRoomCipher(
    ROOM,
    KEY.map(byte => byte ^ 1),
  )
  const otherRoom = await createRoomCipher(OTHER_ROOM, KEY)
  expect(await otherKey.open(sealed, ANN, BEN)).toBeUndefined()
  expect(await otherRoom.open(sealed, ANN, BEN)).toBeUndefined()
  expect(await cipher.open(sealed, BEN, ANN)).toBeUndefined()
  expect(await cipher.open(sealed, ANN, ANN)).toBeUndefined()
  const rng = createRng('bits')
  for (let i = 0; i < 50; i++) {
    const bent = sealed.slice()
    bent[rng.below(bent.length)]! ^= 1 << rng.below(8)
    expect(await cipher.open(bent, ANN, BEN)).toBeUndefined()
    expect(await cipher.open(sealed.subarray(0, rng.below(sealed.length)), ANN, BEN)).toBeUndefined()
  }
})

test('the room hash is one per room and key, and not the key', async () => {
  const cipher = await createRoomCipher(ROOM, KEY)
  expect(isRoomHash(cipher.roomHash)).toBe(true)
  expect((await createRoomCipher(ROOM, KEY)).roomHash).toBe(cipher.roomHash)
  expect((await createRoomCipher(OTHER_ROOM, KEY)).roomHash).not.toBe(cipher.roomHash)
  expect(Buffer.from(cipher.roomHash, 'base64url')).not.toEqual(Buffer.from(KEY))
})

test('refuses a key of another length', async () => {
  await expect(createRoomCipher(ROOM, KEY.subarray(1))).rejects.toMatchObject({ kind: 'bad-key' })
})
