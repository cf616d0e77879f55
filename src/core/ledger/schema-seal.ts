// Shapes of what a signature covers and of seals (entry.ts, seal.ts) as schemas. Order and counts are checked here; whether
// statements suffice for a seal is the rule of agreement's question.
import * as v from 'valibot'
import type { Canonical } from './canonical.ts'
import {
  ascending,
  hash,
  hashOrNone,
  instant,
  int,
  isAscending,
  member,
  room,
  signature,
  u32,
} from './fields.ts'
import type { SealStatement } from './seal.ts'

export const MAX_HEADS = 5_000
export const MAX_SEALING_MEMBERS = 1_000
const MAX_STATEMENTS = 1_024
/** Roots of perfect subtrees: one for each bit of a size. */
const MAX_FRONTIER = 53

export const signedHead = v.strictObject({
  v: v.literal(2),
  room,
  author: member,
  seq: u32,
  prev: hashOrNone,
  unixMs: instant,
  bodyHash: hash,
  sig: signature,
})

export const sealStatement = v.strictObject({
  v: v.literal(2),
  room,
  epoch: u32,
  path: v.picklist(['host', 'quorum']),
  phase: v.picklist(['propose', 'vote', 'commit']),
  view: u32,
  seal: hash,
  author: member,
  sig: signature,
})

export const seal = v.pipe(
  v.strictObject({
    v: v.literal(2),
    room,
    epoch: int(1, 0xffffffff),
    previous: hash,
    unixMs: instant,
    size: int(1, Number.MAX_SAFE_INTEGER),
    root: hash,
    heads: hash,
    state: hash,
    members: ascending(member, 1, MAX_SEALING_MEMBERS),
    anchor: member,
    modelRound: int(-1, 0xffffffff),
    modelHash: hashOrNone,
  }),
  v.check(({ modelRound, modelHash }) => modelRound < 0 === (modelHash === '')),
  v.description('modelRound is -1 exactly when modelHash is empty'),
)

export const certificate = v.strictObject({
  seal,
  statements: v.pipe(
    v.array(sealStatement),
    v.minLength(1),
    v.maxLength(MAX_STATEMENTS),
    v.check(statements =>
      statements.every((each, i) => i === 0 || compareStatements(statements[i - 1]!, each) < 0),
    ),
    v.description('Ascending by path, phase, view, author; texts in UTF-16 order'),
  ),
})

/** The one order of a certificate: by path, phase, view and author, texts in UTF-16 order. */
export function compareStatements(a: SealStatement, b: SealStatement): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1
  if (a.phase !== b.phase) return a.phase < b.phase ? -1 : 1
  if (a.view !== b.view) return a.view - b.view
  return a.author === b.author ? 0 : a.author < b.author ? -1 : 1
}

const sealedHead = v.strictTuple([member, u32, hash])

export const sealedHeads = v.pipe(
  v.array(sealedHead),
  v.maxLength(MAX_HEADS),
  v.check(heads => isAscending(heads.map(([author]) => author))),
  v.description('Author, sequence, hash; ascending by author'),
)

export const proposal = v.strictObject({ seal, heads: sealedHeads })

export const snapshot = v.strictObject({
  heads: sealedHeads,
  frontier: v.pipe(v.array(hash), v.maxLength(MAX_FRONTIER)),
  // The reader has found it canonical; its shape is the mechanisms' own.
  state: v.custom<Canonical>(value => value !== undefined),
})
