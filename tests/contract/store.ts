// What every Store does; run against each adapter.
import { expect, test } from 'vitest'
import type { Store } from '../../src/ports/store.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** `open` gives an empty store. */
export function storeContract(open: () => Promise<Store>): void {
  test('what was put comes back, also overwritten and after the source changed', async () => {
    const store = await open()
    const value = bytes('one')
    await store.put('a/1', value)
    value[0] = 0
    expect(await store.get('a/1')).toEqual(bytes('one'))
    await store.put('a/1', bytes('two'))
    expect(await store.get('a/1')).toEqual(bytes('two'))
    expect(await store.get('a/2')).toBeUndefined()
    store.close()
  })

  test('keys of a prefix, ascending, and no others', async () => {
    const store = await open()
    for (const key of ['entry/r/2', 'entry/r/10', 'entry/r/1', 'entry/s/1', 'entrance'])
      await store.put(key, bytes(key))
    expect(await store.keys('entry/r/')).toEqual(['entry/r/1', 'entry/r/10', 'entry/r/2'])
    expect(await store.keys('nothing/')).toEqual([])
    expect(await store.keys('')).toHaveLength(5)
    store.close()
  })

  test('delete and clear take what they name', async () => {
    const store = await open()
    for (const key of ['a/1', 'a/2', 'b/1']) await store.put(key, bytes(key))
    await store.delete('a/1')
    await store.delete('a/1')
    expect(await store.keys('')).toEqual(['a/2', 'b/1'])
    await store.clear('a/')
    expect(await store.keys('')).toEqual(['b/1'])
    await store.clear('')
    expect(await store.keys('')).toEqual([])
    store.close()
  })
}
