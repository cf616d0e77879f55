// The Merkle tree of RFC 9162 (section 2.1): roots, inclusion and consistency proofs, and a compact range that grows by
// appending. Leaves are entries of the ledger (canonical text, signature included) and chunks of a model state. Hashes
// are bytes inside and hexadecimal where they are stored or shown; what comes from outside may be malformed and then
// proves nothing.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from './hex.ts'

const HASH_BYTES = 32

/** SHA-256(00 || data). */
export function leafHash(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + data.length)
  bytes.set(data, 1)
  return sha256(bytes)
}

/** SHA-256(01 || left || right). */
function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + 2 * HASH_BYTES)
  bytes[0] = 1
  bytes.set(left, 1)
  bytes.set(right, 1 + HASH_BYTES)
  return sha256(bytes)
}

/** Root of the first `size` leaves. */
export interface TreeHead {
  readonly size: number
  /** Hex. */
  readonly root: string
}

/** Enough to append: hex roots of the perfect subtrees that the size is a sum of, largest first. */
export interface CompactRange extends TreeHead {
  readonly frontier: readonly string[]
}

export const EMPTY_ROOT = bytesToHex(sha256(new Uint8Array(0)))

/** The tree after the leaves (leafHash) are added to the one of `size`. Undefined if frontier and size disagree. */
export function appendLeaves(
  frontier: readonly string[],
  size: number,
  leaves: readonly Uint8Array[],
): CompactRange | undefined {
  if (!isCompactRange(frontier, size)) return undefined
  const nodes = frontier.map(hexToBytes)
  leaves.forEach((leaf, i) => grow(nodes, size + i, leaf))
  return { frontier: nodes.map(bytesToHex), size: size + leaves.length, root: bytesToHex(foldRight(nodes)) }
}

/** Adds a leaf to the perfect subtrees of `size` leaves: as many merge as the size ends in ones. */
function grow(nodes: Uint8Array[], size: number, leaf: Uint8Array): void {
  let node = leaf
  for (let bits = size; bits % 2 === 1; bits = half(bits)) node = nodeHash(nodes.pop()!, node)
  nodes.push(node)
}

/** Whether the frontier has the form that the size demands. */
function isCompactRange(frontier: readonly string[], size: number): boolean {
  if (!Number.isSafeInteger(size) || size < 0) return false
  let subtrees = 0
  for (let bits = size; bits > 0; bits = half(bits)) subtrees += bits % 2
  return frontier.length === subtrees && frontier.every(isHash)
}

function foldRight(nodes: readonly Uint8Array[]): Uint8Array {
  if (nodes.length === 0) return sha256(new Uint8Array(0))
  return nodes.reduceRight((right, left) => nodeHash(left, right))
}

/** Hex root over leaves (leafHash). */
export function rootOf(leaves: readonly Uint8Array[]): string {
  return bytesToHex(subtree(leaves, 0, leaves.length))
}

/** Audit path of a leaf, from the bottom, hex. Throws RangeError for an index outside. */
export function inclusionProof(leaves: readonly Uint8Array[], index: number): string[] {
  if (!(index >= 0 && index < leaves.length)) throw new RangeError(`no leaf ${index} of ${leaves.length}`)
  const path: Uint8Array[] = []
  let from = 0
  let to = leaves.length
  while (to - from > 1) {
    const middle = from + splitOf(to - from)
    if (index < middle) {
      path.push(subtree(leaves, middle, to))
      to = middle
    } else {
      path.push(subtree(leaves, from, middle))
      from = middle
    }
  }
  return path.reverse().map(bytesToHex)
}

/** All nodes of a tree, leaves (leafHash) first; a last one without a sibling moves up as it is. At least one leaf. */
export type Levels = readonly (readonly Uint8Array[])[]

/** For many audit paths of one tree: each then costs no hash. */
export function levelsOf(leaves: readonly Uint8Array[]): Levels {
  if (leaves.length === 0) throw new RangeError('a tree of nothing')
  const levels = [leaves]
  for (let below = leaves; below.length > 1;) {
    const level: Uint8Array[] = []
    for (let i = 0; i < below.length; i += 2) {
      const [left, right] = [below[i]!, below[i + 1]]
      level.push(right ? nodeHash(left, right) : left)
    }
    levels.push(level)
    below = level
  }
  return levels
}

/** As inclusionProof. */
export function proofIn(levels: Levels, index: number): string[] {
  const size = levels[0]!.length
  if (!(isIndex(index) && index < size)) throw new RangeError(`no leaf ${index} of ${size}`)
  const path: string[] = []
  let at = index
  for (const level of levels) {
    const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
    if (sibling) path.push(bytesToHex(sibling))
    at = half(at)
  }
  return path
}

/** That the leaf (leafHash) is the index-th of the tree (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  tree: TreeHead,
  proof: readonly string[],
): boolean {
  if (!isIndex(index) || !isIndex(tree.size) || index >= tree.size || !proof.every(isHash)) return false
  let fn = index
  let sn = tree.size - 1
  let node = leaf
  for (const step of proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      node = nodeHash(hexToBytes(step), node)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else node = nodeHash(node, hexToBytes(step))
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && bytesToHex(node) === tree.root
}

/** That the tree of `oldSize` leaves is a beginning of this one, hex. Throws RangeError for sizes that do not fit. */
export function consistencyProof(leaves: readonly Uint8Array[], oldSize: number): string[] {
  if (!(oldSize >= 0 && oldSize <= leaves.length)) throw new RangeError(`${oldSize} of ${leaves.length}`)
  // Everything continues the empty tree, and a tree continues itself: nothing to show.
  if (oldSize === 0 || oldSize === leaves.length) return []
  const path: Uint8Array[] = []
  let from = 0
  let to = leaves.length
  let known = true
  while (oldSize !== to) {
    const middle = from + splitOf(to - from)
    if (oldSize <= middle) {
      path.push(subtree(leaves, middle, to))
      to = middle
    } else {
      path.push(subtree(leaves, from, middle))
      from = middle
      known = false
    }
  }
  // The old root itself is the verifier's own where the old tree is one perfect subtree.
  if (!known) path.push(subtree(leaves, from, to))
  return path.reverse().map(bytesToHex)
}

/** RFC 9162 section 2.1.4.2; the proof must account for the whole of the second size. */
export function verifyConsistency(older: TreeHead, newer: TreeHead, proof: readonly string[]): boolean {
  if (!isIndex(older.size) || !isIndex(newer.size) || older.size > newer.size) return false
  if (!isHash(older.root) || !isHash(newer.root) || !proof.every(isHash)) return false
  if (older.size === newer.size) return proof.length === 0 && older.root === newer.root
  if (older.size === 0) return proof.length === 0 && older.root === EMPTY_ROOT
  let fn = older.size - 1
  let sn = newer.size - 1
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)]
  // A perfect subtree has its root left out of the proof.
  const [start, ...steps] = fn === 0 ? [older.root, ...proof] : proof
  if (start === undefined) return false
  let oldNode = hexToBytes(start)
  let newNode = oldNode
  for (const step of steps) {
    if (sn === 0) return false
    const sibling = hexToBytes(step)
    if (fn % 2 === 1 || fn === sn) {
      oldNode = nodeHash(sibling, oldNode)
      newNode = nodeHash(sibling, newNode)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)]
    } else newNode = nodeHash(newNode, sibling)
    ;[fn, sn] = [half(fn), half(sn)]
  }
  return sn === 0 && bytesToHex(oldNode) === older.root && bytesToHex(newNode) === newer.root
}

/** Root of the leaves from `from` to before `to`. */
function subtree(leaves: readonly Uint8Array[], from: number, to: number): Uint8Array {
  const nodes: Uint8Array[] = []
  for (let i = from; i < to; i++) grow(nodes, i - from, leaves[i]!)
  return foldRight(nodes)
}

/** Largest power of two below n, for n above 1. */
function splitOf(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

const half = (n: number): number => Math.floor(n / 2)
const isIndex = (n: number): boolean => Number.isSafeInteger(n) && n >= 0
const isHash = (text: string): boolean => /^[0-9a-f]{64}$/.test(text)
