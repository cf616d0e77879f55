import { describe, expect, it } from 'vitest'
import { traceModel } from '../../../src/core/room/trace.ts'
import {
  createBook,
  deviceAt,
  deviceBody,
  GUARDIAN,
  hashAt,
  joinBody,
  memberAt,
  receiptBody,
} from '../governance/detectors-fixtures.ts'

const [anna, ben, late] = [memberAt(1), memberAt(2), memberAt(3)]

function room() {
  const book = createBook()
  const devices = [anna, ben].map((member, i) =>
    book.add(member, { ...deviceBody, device: deviceAt(i + 1) }, 0, 1),
  )
  const unused = book.add(late, { ...deviceBody, device: deviceAt(9) })
  const joins = [anna, ben].map((member, part) =>
    book.add(member, { ...joinBody, part, dataRoot: hashAt(50 + part) }, 0, 1),
  )
  const licence = book.add(
    GUARDIAN,
    {
      kind: 'licence',
      subject: anna,
      devices: [deviceAt(1)],
      lineage: '*',
      budgetFlop: '1000',
      rateFlops: '0',
      notBeforeUnixMs: 0,
      expiresUnixMs: 9,
      counter: 1,
    },
    0,
    1,
  )
  const model = hashAt(77)
  const receipts = [
    book.receipt(anna, 1, { licence: licence.hash }, 1),
    book.receipt(ben, 1, { device: deviceAt(2) }, 1),
    book.receipt(anna, 2, { licence: licence.hash, modelAfter: model }, 2),
    book.receipt(ben, 2, { device: deviceAt(2), modelAfter: model }, 2),
  ]
  book.add(late, { ...joinBody, part: 7, dataRoot: hashAt(58) })
  const after = book.receipt(late, 9, {
    device: deviceAt(9),
    fromRound: 5,
    toRound: 6,
    modelBefore: hashAt(80),
    modelAfter: hashAt(81),
  })
  return { book, devices, joins, licence, model, receipts, unused, after }
}

describe('trace', () => {
  it('P8 leads from a model hash to every receipt, licence, device and data root in one query', () => {
    const { book, devices, joins, licence, model, receipts } = room()
    const trace = traceModel(book.rows, model)
    expect(trace.round).toBe(2)
    expect(trace.receipts).toEqual(receipts)
    expect(trace.licences).toEqual([licence])
    expect(trace.devices).toEqual(devices)
    expect(trace.joins).toEqual(joins)
    const roots = trace.joins.map(({ entry: { body } }) => (body.kind === 'join' ? body.dataRoot : ''))
    expect(roots).toEqual([hashAt(50), hashAt(51)])
    expect(trace.epochs).toEqual([1, 2])
  })

  it('includes whoever joined later once the model is a later one', () => {
    const { book, after, unused } = room()
    const trace = traceModel(book.rows, hashAt(81))
    expect(trace.receipts).toContain(after)
    expect(trace.devices).toContain(unused)
    expect(trace.receipts).toHaveLength(5)
  })

  it('starts from a seal where no receipt names the model', () => {
    const { book, receipts } = room()
    const trace = traceModel(book.rows, hashAt(99), [{ epoch: 3, modelRound: 2, modelHash: hashAt(99) }])
    expect(trace.receipts).toEqual(receipts)
    expect(trace.epochs).toEqual([1, 2, 3])
  })

  it('leaves out other lineages, and finds nothing for an unknown hash or none', () => {
    const { book, model, receipts } = room()
    book.add(memberAt(5), { ...receiptBody, lineage: 'other' })
    expect(traceModel(book.rows, model).receipts).toEqual(receipts)
    for (const unknown of [hashAt(12_345), '']) {
      const trace = traceModel(book.rows, unknown, [{ epoch: 1, modelRound: -1, modelHash: '' }])
      expect(trace).toMatchObject({
        round: -1,
        receipts: [],
        licences: [],
        devices: [],
        joins: [],
        epochs: [],
      })
    }
  })
})
