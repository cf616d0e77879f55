// npm run audit -- FILE [--json] [--seal HASH] [--prove HASH | --consistency OLDER,NEWER]
// Checks an exported ledger or a proof file offline: what is proved, what is not, the first line that does not hold. With
// --seal the newest seal must be the one named. --prove and --consistency write a proof file from a sound, whole ledger.
// Exit code 0: sound, 1: broken, 2: no such file, or none of our formats.
import { open, writeFile } from 'node:fs/promises'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { verifySignature } from '../src/adapters/signer-webcrypto.ts'
import type { AuditReport, BrokenLine } from '../src/core/room/audit-report.ts'
import { createAudit } from '../src/core/room/audit.ts'
import { MAX_FILE_BYTES } from '../src/core/room/export-file.ts'
import { isProofFile, verifyProof, type ProofReport, type ProofSeal } from '../src/core/room/proof-file.ts'
import { makeProof, ProofRequestError, type ProofRequest } from './audit-prove.ts'
import { FAULTS, NOT_PROVED, PROVED } from './audit-words.ts'

const USAGE =
  'npm run audit -- FILE [--json] [--seal HASH] [--prove HASH | --consistency OLDER,NEWER]\n' +
  'FILE is an exported ledger (.ndjson) or a proof (.json) of a room.'

const OK = 0
const BROKEN = 1
const UNREADABLE = 2
const PIECE_BYTES = 1024 * 1024
/** How every exported ledger begins. */
const LEDGER_START = '{"format":"yoriai-ledger-'

interface Wish {
  readonly file: string
  readonly json: boolean
  /** The newest seal's hash as it is known from elsewhere; null without one. */
  readonly seal: string | null
  readonly proof: ProofRequest | null
}

async function main(args: readonly string[]): Promise<number> {
  const wish = parseWish(args)
  if (!wish) {
    console.error(USAGE)
    return UNREADABLE
  }
  const bytes = await readWhole(wish.file)
  if (!bytes) return UNREADABLE
  if (isProofFile(bytes)) return auditProof(bytes, wish)
  if (new TextDecoder().decode(bytes.subarray(0, LEDGER_START.length)) === LEDGER_START)
    return auditLedger(bytes, wish)
  console.error(`${wish.file} is neither an exported ledger nor a proof.`)
  return UNREADABLE
}

function parseWish(args: readonly string[]): Wish | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        seal: { type: 'string' },
        prove: { type: 'string' },
        consistency: { type: 'string' },
      },
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) return undefined
    const epochs = values.consistency === undefined ? null : /^(\d+),(\d+)$/.exec(values.consistency)
    if (values.consistency !== undefined && !epochs) return undefined
    const consistency: ProofRequest | null = epochs && {
      type: 'consistency',
      older: Number(epochs[1]),
      newer: Number(epochs[2]),
    }
    const proof: ProofRequest | null =
      values.prove === undefined ? consistency : { type: 'inclusion', entry: values.prove }
    return { file, json: values.json, seal: values.seal ?? null, proof }
  } catch {
    // An option that there is not: the usage says what there is.
    return undefined
  }
}

async function readWhole(file: string): Promise<Uint8Array | undefined> {
  try {
    await using handle = await open(file)
    const { size } = await handle.stat()
    if (size <= MAX_FILE_BYTES) return await handle.readFile()
    console.error(`${file} is longer than ${MAX_FILE_BYTES} bytes.`)
  } catch (cause) {
    console.error(`${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  return undefined
}

async function auditLedger(bytes: Uint8Array, { json, seal, proof, file }: Wish): Promise<number> {
  const started = performance.now()
  const audit = createAudit(verifySignature)
  for (let at = 0; at < bytes.length && !audit.isBroken; at += PIECE_BYTES)
    await audit.push(bytes.subarray(at, at + PIECE_BYTES))
  const report = await audit.finish()
  const isExpected = seal === null || report.lastSeal?.hash === seal
  if (json) console.log(toJson({ ...report, ...(seal === null ? {} : { isExpected }) }))
  else {
    printLedger(report, (performance.now() - started) / 1000)
    if (!isExpected) console.log(`\nThe newest seal is not ${seal}.`)
  }
  if (report.status === 'broken' || !isExpected) return BROKEN
  if (!proof) return OK
  try {
    const made = makeProof(bytes, proof)
    await writeFile(made.name, made.bytes)
    if (!json) console.log(`\nWritten: ${made.name}`)
    return OK
  } catch (cause) {
    if (!(cause instanceof ProofRequestError)) throw cause
    console.error(`No proof from ${file}: ${cause.message}`)
    return UNREADABLE
  }
}

async function auditProof(bytes: Uint8Array, { json, seal }: Wish): Promise<number> {
  const report = await verifyProof(bytes, verifySignature)
  const isExpected = seal === null || (report.status === 'sound' && report.seal.hash === seal)
  if (json) console.log(toJson({ ...report, ...(seal === null ? {} : { isExpected }) }))
  else {
    printProof(report, seal !== null && isExpected)
    if (!isExpected) console.log(`\nThe seal is not ${seal}.`)
  }
  return report.status === 'sound' && isExpected ? OK : BROKEN
}

function printLedger(report: AuditReport, seconds: number): void {
  const { firstBroken, lastSeal } = report
  say('room', report.room ?? 'unknown')
  if (report.title !== '') say('title', report.title)
  if (report.founder) say('founder', report.founder)
  if (report.fromEpoch > 0) say('begins after', `seal ${report.fromEpoch}`)
  say('entries', `${report.entries}, ${report.sealedEntries} sealed, by ${report.authors} authors`)
  say('signatures', `${report.signatures} checked, in ${seconds.toFixed(1)} s`)
  say('seals', String(report.seals))
  if (lastSeal) {
    say('newest seal', `epoch ${lastSeal.epoch}, ${new Date(lastSeal.unixMs).toISOString()}`)
    say('  hash', lastSeal.hash)
    say('  root', lastSeal.root)
  }
  section(`balances (micro-credits, ${report.issuedMicro} issued)`, report.balances, each => [
    each.micro,
    each.nickname,
    each.member,
  ])
  section('computing (FLOP)', report.compute, each => [each.flop, each.nickname, each.member])
  section('broken rules', report.violations, each => [each.kind, each.member, each.receipt])
  section('contradicted themselves', report.convicted, each => [each])
  section('proved', report.proved, each => [PROVED[each]])
  section('not proved', report.notProved, each => [NOT_PROVED[each]])
  console.log(firstBroken ? `\nBROKEN: ${brokenText(firstBroken)}` : '\nSOUND: every line holds.')
}

function brokenText({ line, fault, author, seq, epoch }: BrokenLine): string {
  const entry = author === null ? '' : `, entry ${seq} of ${author}`
  const where = epoch === null ? '' : `, epoch ${epoch}`
  return `line ${line}${entry}${where}: ${FAULTS[fault]} (${fault}). The lines before it hold.`
}

function printProof(report: ProofReport, isSealKnown: boolean): void {
  if (report.status === 'broken') {
    console.log(`BROKEN: ${FAULTS[report.fault]} (${report.fault}).`)
    return
  }
  say('room', report.room)
  say('title', report.title)
  say('founder', report.founder)
  if (report.proves === 'inclusion') {
    say('entry', `${report.hash}, ${report.entry.body.kind}, ${report.entry.seq} of ${report.entry.author}`)
    say('contents', JSON.stringify(report.entry.body))
    printSeal('seal', report.seal)
    console.log(
      `\nSOUND: the entry is number ${report.index} of the ${report.seal.size} that this seal names.`,
    )
  } else {
    printSeal('older seal', report.older)
    printSeal('newer seal', report.seal)
    console.log('\nSOUND: all that the older seal names stands unchanged at the beginning of the newer one.')
  }
  if (!isSealKnown)
    console.log(
      'Not proved: that those who signed the seal were the room’s sealing members. Compare its hash with one that you know\n' +
        '(--seal HASH), or audit the whole ledger.',
    )
}

function printSeal(name: string, { epoch, hash, root, size, unixMs, signers }: ProofSeal): void {
  say(name, `epoch ${epoch}, ${size} entries, ${new Date(unixMs).toISOString()}`)
  say('  hash', hash)
  say('  root', root)
  for (const signer of signers) say('  signed by', signer)
}

function say(name: string, value: string): void {
  console.log(`${name.padEnd(14)}${plain(value)}`)
}

function section<T>(
  title: string,
  items: readonly T[],
  row: (item: T) => readonly (string | bigint)[],
): void {
  if (items.length === 0) return
  console.log(`\n${title}`)
  for (const item of items) console.log(`  ${row(item).map(String).map(plain).join('  ')}`)
}

/** Names are other people's text: what could steer a terminal is shown, not sent. */
function plain(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, character => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

function toJson(report: object): string {
  return JSON.stringify(report, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}

process.exitCode = await main(process.argv.slice(2))
