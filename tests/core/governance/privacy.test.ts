// P9: what a ledger entry can carry at all. Walks the decoder's own schemas, so a new field is judged without being listed
// here.
import { describe, expect, it } from 'vitest'
import { commitOwner, OWNER_SALT_BYTES, opensCommitment } from '../../../src/core/governance/identity.ts'
import { canonicalise } from '../../../src/core/ledger/canonical.ts'
import { decodeEntry } from '../../../src/core/ledger/decode.ts'
import type { EntryBody } from '../../../src/core/ledger/entry.ts'
import { bodies } from '../../../src/core/ledger/schema-entry.ts'
import { createBook, joinBody, memberAt, receiptBody } from './detectors-fixtures.ts'

/** As much of a valibot schema or action as the walk reads. */
interface Node {
  readonly type: string
  readonly pipe?: readonly Node[]
  readonly entries?: Readonly<Record<string, Node>>
  readonly options?: readonly unknown[]
  readonly item?: Node
  readonly literal?: unknown
  readonly requirement?: unknown
  readonly metadata?: { readonly maxLength?: number }
}

interface Leaf {
  readonly path: string
  readonly form: 'hash' | 'id' | 'number' | 'decimal' | 'name' | 'choice' | 'text'
  /** Characters at most. */
  readonly length: number
}

const MNIST_SAMPLE_BYTES = 784

/** Every value that a schema lets through, with its greatest length; throws where there is none. */
function leaves(node: Node, path: string): Leaf[] {
  const steps = flatten(node)
  const root = steps[0]!
  switch (root.type) {
    case 'strict_object':
      return Object.entries(root.entries!).flatMap(([key, child]) => leaves(child, `${path}.${key}`))
    case 'variant':
    case 'union':
      return (root.options as Node[]).flatMap(option => leaves(option, path))
    case 'array': {
      const most = steps.find(({ type }) => type === 'max_length')?.requirement
      if (typeof most !== 'number') throw new Error(`${path}: a list without end`)
      return leaves(root.item!, `${path}[]`).map(leaf => ({ ...leaf, length: leaf.length * most }))
    }
    case 'literal':
      return [{ path, form: 'choice', length: String(root.literal).length }]
    case 'picklist':
      return [
        { path, form: 'choice', length: Math.max(...root.options!.map(option => String(option).length)) },
      ]
    case 'number': {
      const bound = (type: string) => steps.find(step => step.type === type)?.requirement as number
      if (!steps.some(({ type }) => type === 'integer')) throw new Error(`${path}: a fraction`)
      const widest = Math.max(...['min_value', 'max_value'].map(type => String(bound(type)).length))
      if (!Number.isFinite(bound('max_value') - bound('min_value'))) throw new Error(`${path}: no bounds`)
      return [{ path, form: 'number', length: widest }]
    }
    case 'string':
      return [{ path, ...stringForm(steps, path) }]
  }
  throw new Error(`${path}: ${root.type} is not known here`)
}

function flatten(node: Node): Node[] {
  return node.pipe === undefined ? [node] : [...flattenRoot(node.pipe[0]!, node), ...node.pipe.slice(1)]
}

function flattenRoot(first: Node, node: Node): Node[] {
  return first === node || first.pipe === undefined ? [first] : flatten(first)
}

function stringForm(steps: readonly Node[], path: string): Pick<Leaf, 'form' | 'length'> {
  const pattern = steps.find(({ type }) => type === 'regex')?.requirement
  if (pattern instanceof RegExp) {
    const { source } = pattern
    if (!source.startsWith('^') || !source.endsWith('$') || /[*+]|\{\d+,\}/.test(source))
      throw new Error(`${path}: ${source} has no bound`)
    // The longest of letters that the pattern admits, tried out.
    for (let length = 1_024; length > 0; length--) {
      for (const letter of ['a', 'A', '1']) {
        const value = letter.repeat(length)
        if (pattern.test(value) || pattern.test(`${value.slice(1)}A`)) return { form: formOf(source), length }
      }
    }
    throw new Error(`${path}: ${source} admits nothing that was tried`)
  }
  const most = steps.find(({ metadata }) => metadata?.maxLength !== undefined)?.metadata?.maxLength
  if (most === undefined) throw new Error(`${path}: a text without end`)
  return { form: 'text', length: most }
}

function formOf(source: string): Leaf['form'] {
  if (source === '^[0-9a-f]{64}$') return 'hash'
  if (source.includes('1-9')) return 'decimal'
  return source.includes('{1,') ? 'name' : 'id'
}

const fieldsOf = (kind: EntryBody['kind']): Leaf[] => leaves(bodies[kind] as unknown as Node, kind)
const encode = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalise(value))

describe('privacy', () => {
  it('P9 every field of every kind of entry is bounded', () => {
    for (const kind of Object.keys(bodies) as EntryBody['kind'][]) {
      const fields = fieldsOf(kind)
      expect(fields.length, kind).toBeGreaterThan(0)
      for (const { path, length } of fields) expect(length, path).toBeLessThanOrEqual(80_000)
    }
  })

  it('P9 receipts and joins have hashes, counts and names, and no room for a sample', () => {
    const receipt = fieldsOf('receipt')
    expect(new Set(receipt.map(({ path }) => path.slice(8)))).toEqual(new Set(Object.keys(receiptBody)))
    expect(receipt.filter(({ form }) => form === 'text')).toEqual([])
    const join = fieldsOf('join')
    expect(new Set(join.map(({ path }) => path.slice(5)))).toEqual(new Set(Object.keys(joinBody)))
    expect(join.filter(({ form }) => form === 'text').map(({ path }) => path)).toEqual(['join.nickname'])
    for (const { path, length } of [...receipt, ...join]) expect(length, path).toBeLessThanOrEqual(64)
    // A field of 64 hexadecimal digits has 32 bytes: all of them together hold less than one picture.
    const bytes = receipt.reduce((sum, { form, length }) => sum + (form === 'hash' ? length / 2 : length), 0)
    expect(bytes).toBeLessThan(MNIST_SAMPLE_BYTES)
  })

  it('P9 the decoder refuses receipts and joins that carry a picture in any field, or in one more', () => {
    const picture = Array.from({ length: MNIST_SAMPLE_BYTES }, (_, i) => i % 256)
    const carriers: readonly unknown[] = [
      picture,
      picture.join(','),
      Buffer.from(picture).toString('base64url'),
      Buffer.from(picture).toString('hex'),
      BigInt(`0x1${Buffer.from(picture).toString('hex')}`).toString(),
      { x: picture },
    ]
    for (const body of [receiptBody, joinBody]) {
      const { entry } = createBook().add(memberAt(1), body)
      expect(decodeEntry(encode(entry)), body.kind).toEqual(entry)
      for (const carrier of carriers) {
        for (const field of [...Object.keys(body), 'pixels'])
          expect(
            decodeEntry(encode({ ...entry, body: { ...body, [field]: carrier } })),
            field,
          ).toBeUndefined()
      }
    }
  })

  it('P9 an owner commitment opens with its salt and name only', () => {
    const salt = new Uint8Array(OWNER_SALT_BYTES).map((_, i) => i * 7)
    const name = '株式会社 Example'
    const commitment = commitOwner(salt, name)
    expect(commitment).toMatch(/^[0-9a-f]{64}$/)
    expect(opensCommitment(commitment, salt, name)).toBe(true)
    expect(opensCommitment(commitment, salt, `${name}.`)).toBe(false)
    for (let bit = 0; bit < 8 * OWNER_SALT_BYTES; bit++) {
      const other = salt.slice()
      other[bit >> 3]! ^= 1 << (bit & 7)
      expect(opensCommitment(commitment, other, name)).toBe(false)
    }
    for (const length of [0, OWNER_SALT_BYTES - 1, OWNER_SALT_BYTES + 1])
      expect(opensCommitment(commitment, new Uint8Array(length), name)).toBe(false)
    // Equal owners under different salts do not show as equal.
    expect(commitOwner(salt.slice().reverse(), name)).not.toBe(commitment)
  })
})
