import { expect, it } from 'vitest'
import type { TableSchema } from '../../src/core/data/table-schema.ts'
import { loadTable } from '../../src/core/data/table.ts'
import { decodeSchema } from '../../src/core/data/table-schema.ts'
import { decodeForm, emptyForm, encodeForm } from '../../src/state/table-form.ts'

const schema: TableSchema = {
  format: 'yoriai-table-1',
  label: 'class',
  columns: [
    { type: 'number', name: 'size', mean: '10', std: '4' },
    { type: 'category', name: 'colour', values: ['red', 'blue'] },
  ],
}

it('standardises numbers and sets one place for a category', () => {
  expect([...encodeForm(schema, [16, 'blue'])]).toEqual([1.5, 0, 1, 0])
})

it('takes the mean for a missing number and the place for unknown for a missing category', () => {
  expect([...encodeForm(schema, emptyForm(schema))]).toEqual([0, 0, 0, 1])
})

it('pulls in absurd numbers as the loader does', () => {
  expect(encodeForm(schema, [1e30, 'red'])[0]).toBe(20)
})

it('reads a sample back into the form', () => {
  expect(decodeForm(schema, encodeForm(schema, [16, 'red']))).toEqual([16, 'red'])
  expect(decodeForm(schema, encodeForm(schema, [null, '']))).toEqual([10, ''])
})

it('encodes a row exactly as the loader of files does', () => {
  const rows = Array.from({ length: 60 }, (_, i) => `${i},${i % 2 ? 'red' : 'blue'},${i % 3 ? 'a' : 'b'}`)
  const table = loadTable(['size,colour,class', ...rows].join('\n'), 'rows.csv', {
    labelColumn: 'class',
    room: null,
    seed: 'test',
  })
  const loaded = decodeSchema(table.schema)
  const width = table.train.x.length / table.train.y.length
  for (let i = 0; i < table.train.y.length; i++) {
    const sample = table.train.x.subarray(i * width, (i + 1) * width)
    const again = encodeForm(loaded, decodeForm(loaded, sample))
    again.forEach((value, at) => expect(value).toBeCloseTo(sample[at]!, 4))
  }
})
