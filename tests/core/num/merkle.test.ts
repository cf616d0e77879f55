// RFC 9162 trees against the RFC's own recursion, its known values, and an adversary that edits, deletes, reorders and
// shows different trees to different people (P6 of the governance specification).
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entryBytes } from '../../../src/core/ledger/chain.ts'
import type { EntryBody } from '../../../src/core/ledger/entry.ts'
import { bytesToHex } from '../../../src/core/num/hex.ts'
import {
  appendLeaves,
  consistencyProof,
  EMPTY_ROOT,
  inclusionProof,
  leafHash,
  levelsOf,
  proofIn,
  rootOf,
  verifyConsistency,
  verifyInclusion,
  type CompactRange,
  type TreeHead,
} from '../../../src/core/num/merkle.ts'
import { createRng } from '../../../src/core/num/rng.ts'
import { chain, charterBody, FOUNDER, joinBody, workBody } from '../ledger/fixtures.ts'

const SIZES = 300
const data = Array.from({ length: SIZES }, (_, i) => new TextEncoder().encode(`entry ${i}`))
const leaves = data.map(leafHash)

const sha = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** MTH of section 2.1.1, word for word. */
function naiveRoot(items: readonly Uint8Array[]): Buffer {
  if (items.length === 0) return sha()
  if (items.length === 1) return sha(Uint8Array.of(0), items[0]!)
  const k = largestPowerBelow(items.length)
  return sha(Uint8Array.of(1), naiveRoot(items.slice(0, k)), naiveRoot(items.slice(k)))
}

/** PATH of section 2.1.3.1. */
function naivePath(index: number, items: readonly Uint8Array[]): string[] {
  if (items.length <= 1) return []
  const k = largestPowerBelow(items.length)
  const [left, right] = [items.slice(0, k), items.slice(k)]
  return index < k
    ? [...naivePath(index, left), naiveRoot(right).toString('hex')]
    : [...naivePath(index - k, right), naiveRoot(left).toString('hex')]
}

/** SUBPROOF of section 2.1.4.1. */
function naiveSubproof(size: number, items: readonly Uint8Array[], whole: boolean): string[] {
  if (size === items.length) return whole ? [] : [naiveRoot(items).toString('hex')]
  const k = largestPowerBelow(items.length)
  const [left, right] = [items.slice(0, k), items.slice(k)]
  return size <= k
    ? [...naiveSubproof(size, left, whole), naiveRoot(right).toString('hex')]
    : [...naiveSubproof(size - k, right, false), naiveRoot(left).toString('hex')]
}

function largestPowerBelow(n: number): number {
  let k = 1
  while (2 * k < n) k *= 2
  return k
}

const head = (size: number): TreeHead => ({ size, root: rootOf(leaves.slice(0, size)) })
const flip = (hex: string): string => (hex.startsWith('0') ? '1' : '0') + hex.slice(1)

describe('trees', () => {
  test('the root of nothing and of one entry', () => {
    expect(EMPTY_ROOT).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(rootOf([])).toBe(EMPTY_ROOT)
    expect(rootOf([leafHash(new Uint8Array(0))])).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
  })

  test(`roots of every size to ${SIZES}, at once and appended piece by piece`, () => {
    const rng = createRng('pieces')
    let grown: CompactRange = { frontier: [], size: 0, root: EMPTY_ROOT }
    while (grown.size < SIZES) {
      const piece = leaves.slice(grown.size, grown.size + rng.below(5))
      grown = appendLeaves(grown.frontier, grown.size, piece)!
      expect(grown.root).toBe(naiveRoot(data.slice(0, grown.size)).toString('hex'))
    }
    for (let size = 0; size <= SIZES; size++)
      expect(rootOf(leaves.slice(0, size))).toBe(naiveRoot(data.slice(0, size)).toString('hex'))
  })

  test.each([
    ['too few roots', [], 1],
    ['too many roots', [EMPTY_ROOT, EMPTY_ROOT], 2],
    ['a root that is no hash', ['ab'], 1],
    ['a root in capitals', [EMPTY_ROOT.toUpperCase()], 1],
    ['a negative size', [], -1],
    ['half an entry', [EMPTY_ROOT], 1.5],
    ['no number', [], NaN],
  ])('a frontier with %s is none', (_, frontier, size) =>
    expect(appendLeaves(frontier, size, [])).toBeUndefined(),
  )

  test('sizes beyond 32 bits', () => {
    const frontier = Array<string>(33).fill(EMPTY_ROOT)
    const grown = appendLeaves(frontier, 2 ** 33 - 1, [leaves[0]!])!
    expect(grown.frontier).toHaveLength(1)
    expect(appendLeaves(grown.frontier, 2 ** 33, [])?.root).toBe(grown.root)
  })
})

describe('P6 inclusion', () => {
  test('every entry of every size has a proof that holds for it alone', () => {
    for (let size = 1; size <= 70; size++) {
      const tree = head(size)
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(leaves.slice(0, size), index)
        expect(proof).toEqual(naivePath(index, data.slice(0, size)))
        expect(verifyInclusion(leaves[index]!, index, tree, proof)).toBe(true)
        expect(verifyInclusion(leaves[(index + 1) % SIZES]!, index, tree, proof)).toBe(false)
      }
    }
  })

  test('no other index, size, root, or proof holds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: SIZES }), fc.nat(), fc.nat(), (size, a, b) => {
        const index = a % size
        const leaf = leaves[index]!
        const tree = head(size)
        const proof = inclusionProof(leaves.slice(0, size), index)
        expect(verifyInclusion(leaf, index, tree, proof)).toBe(true)
        const at = b % proof.length
        const broken = proof.map((hash, i) => (i === at ? flip(hash) : hash))
        expect(verifyInclusion(leaf, index, tree, broken)).toBe(false)
        expect(verifyInclusion(leaf, (index + 1 + (b % (size - 1))) % size, tree, proof)).toBe(false)
        expect(verifyInclusion(leaf, index, { ...tree, root: flip(tree.root) }, proof)).toBe(false)
        expect(verifyInclusion(leaf, index, tree, proof.slice(1))).toBe(false)
        expect(verifyInclusion(leaf, index, tree, proof.slice(0, -1))).toBe(false)
        expect(verifyInclusion(leaf, index, tree, [...proof, tree.root])).toBe(false)
        expect(verifyInclusion(leaf, index, tree, [tree.root, ...proof])).toBe(false)
        expect(verifyInclusion(leaf, index, tree, [...proof.slice(1), proof[0]!.toUpperCase()])).toBe(false)
      }),
    )
  })

  test.each([-1, 0.5, 3, NaN, 2 ** 53])('no entry has the index %s of three', index =>
    expect(verifyInclusion(leaves[0]!, index, head(3), inclusionProof(leaves.slice(0, 3), 0))).toBe(false),
  )
})

describe('P6 consistency', () => {
  test('every size continues every size before it; nothing else continues', () => {
    for (let size = 0; size <= 64; size++) {
      const newer = head(size)
      for (let old = 0; old <= size; old++) {
        const older = head(old)
        const proof = consistencyProof(leaves.slice(0, size), old)
        if (old > 0) expect(proof).toEqual(naiveSubproof(old, data.slice(0, size), true))
        expect(verifyConsistency(older, newer, proof)).toBe(true)
        expect(verifyConsistency(older, newer, [...proof, newer.root])).toBe(false)
        if (proof.length > 0) expect(verifyConsistency(older, newer, proof.slice(0, -1))).toBe(false)
        if (old > 0) expect(verifyConsistency({ ...older, root: flip(older.root) }, newer, proof)).toBe(false)
        if (old !== size && old > 0)
          expect(verifyConsistency(older, { ...newer, root: flip(newer.root) }, proof)).toBe(false)
      }
    }
  })

  test('large sizes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: SIZES }), fc.nat(), fc.nat(), (size, a, b) => {
        const old = 1 + (a % size)
        const proof = consistencyProof(leaves.slice(0, size), old)
        expect(verifyConsistency(head(old), head(size), proof)).toBe(true)
        if (proof.length === 0) return
        const at = b % proof.length
        const broken = proof.map((hash, i) => (i === at ? flip(hash) : hash))
        expect(verifyConsistency(head(old), head(size), broken)).toBe(false)
      }),
    )
  })

  test('a proof must account for the whole of the second size', () => {
    // The proof from 4 to 6, offered for deeper trees under the very root that it leads to. (A tree of 7 or 8 has the same
    // depth: there only the seal, which signs the size, tells them apart.)
    const proof = consistencyProof(leaves.slice(0, 6), 4)
    const { root } = head(6)
    for (const size of [9, 12, 16, 33, 1_000, 2 ** 40])
      expect(verifyConsistency(head(4), { size, root }, proof)).toBe(false)
  })

  test('sizes at the edge', () => {
    expect(verifyConsistency(head(0), head(0), [])).toBe(true)
    expect(verifyConsistency(head(0), head(5), [])).toBe(true)
    expect(verifyConsistency({ size: 0, root: head(1).root }, head(5), [])).toBe(false)
    expect(verifyConsistency(head(0), head(5), [head(5).root])).toBe(false)
    expect(verifyConsistency(head(1), head(1), [])).toBe(true)
    expect(verifyConsistency(head(1), { size: 1, root: head(2).root }, [])).toBe(false)
    expect(verifyConsistency(head(5), head(4), consistencyProof(leaves.slice(0, 5), 4))).toBe(false)
    expect(verifyConsistency(head(3), head(5), [])).toBe(false)
    expect(verifyConsistency({ ...head(1), size: -1 }, head(5), [])).toBe(false)
    expect(verifyConsistency({ ...head(1), size: 1.5 }, head(5), [])).toBe(false)
  })
})

describe('P6 the log', () => {
  const entries = chain(FOUNDER, [charterBody, joinBody, ...Array<EntryBody>(30).fill(workBody)])
  const encoded = entries.map(entryBytes)
  const rootOfLog = (log: readonly Uint8Array[]): string => rootOf(log.map(leafHash))
  const root = rootOfLog(encoded)

  test('any edit of any byte is detected', () => {
    const [first] = encoded
    for (let at = 0; at < first!.length; at++) {
      const edited = first!.slice()
      edited[at]! ^= 1
      expect(rootOfLog([edited, ...encoded.slice(1)])).not.toBe(root)
    }
    for (const [i, bytes] of encoded.entries()) {
      const edited = bytes.slice()
      edited[i]! ^= 128
      expect(rootOfLog(encoded.with(i, edited))).not.toBe(root)
    }
  })

  test('any deletion is detected', () => {
    for (let i = 0; i < encoded.length; i++) expect(rootOfLog(encoded.toSpliced(i, 1))).not.toBe(root)
  })

  test('any reordering is detected', () => {
    for (let i = 0; i < encoded.length; i++)
      for (let k = i + 1; k < encoded.length; k++)
        expect(rootOfLog(encoded.with(i, encoded[k]!).with(k, encoded[i]!))).not.toBe(root)
  })

  test('a split view is detected: no proof joins trees that part before the older one ends', () => {
    const hashes = encoded.map(leafHash)
    for (let parted = 0; parted < 20; parted++) {
      const lie = hashes.with(parted, leafHash(Uint8Array.of(parted)))
      const shown: TreeHead = { size: 20, root: rootOf(hashes.slice(0, 20)) }
      const later: TreeHead = { size: lie.length, root: rootOf(lie) }
      for (const proof of [consistencyProof(lie, 20), consistencyProof(hashes, 20)])
        expect(verifyConsistency(shown, later, proof)).toBe(false)
    }
    const shown: TreeHead = { size: 20, root: rootOf(hashes.slice(0, 20)) }
    expect(verifyConsistency(shown, { size: hashes.length, root }, consistencyProof(hashes, 20))).toBe(true)
  })

  test('a leaf can not pass for an inner node', () => {
    const [a, b] = leaves as [Uint8Array, Uint8Array]
    const forged = new Uint8Array(64)
    forged.set(a)
    forged.set(b, 32)
    expect(rootOf([leafHash(forged)])).not.toBe(rootOf([a, b]))
  })

  test('proofs in a log of 1,000 entries verify in less than 50 ms', () => {
    const log = Array.from({ length: 1_000 }, (_, i) => leafHash(new TextEncoder().encode(`line ${i}`)))
    const tree: TreeHead = { size: 1_000, root: rootOf(log) }
    const older: TreeHead = { size: 777, root: rootOf(log.slice(0, 777)) }
    const inclusion = inclusionProof(log, 640)
    const consistency = consistencyProof(log, 777)
    const started = performance.now()
    expect(verifyInclusion(log[640]!, 640, tree, inclusion)).toBe(true)
    expect(verifyConsistency(older, tree, consistency)).toBe(true)
    expect(performance.now() - started).toBeLessThan(50)
  })
})

test('all levels at once give the same root and the same audit paths, for every size to 70', () => {
  for (let size = 1; size <= 70; size++) {
    const some = leaves.slice(0, size)
    const levels = levelsOf(some)
    expect(levels.at(-1)).toHaveLength(1)
    expect(bytesToHex(levels.at(-1)![0]!)).toBe(rootOf(some))
    for (let i = 0; i < size; i++) expect(proofIn(levels, i)).toEqual(inclusionProof(some, i))
    expect(() => proofIn(levels, size)).toThrow(RangeError)
    expect(() => proofIn(levels, 0.5)).toThrow(RangeError)
  }
  expect(() => levelsOf([])).toThrow(RangeError)
})
