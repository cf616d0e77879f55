import { expect, test } from 'vitest'
import { openIndexedDbStore } from '../../src/adapters/store-indexeddb.ts'
import { storeContract } from '../contract/store.ts'

let databases = 0
storeContract(() => openIndexedDbStore(`store-contract-${databases++}`))

test('rows outlive the connection', async () => {
  const first = await openIndexedDbStore('store-reopened')
  await first.put('k', Uint8Array.of(1, 2))
  first.close()
  const second = await openIndexedDbStore('store-reopened')
  expect(await second.get('k')).toEqual(Uint8Array.of(1, 2))
  second.close()
})
