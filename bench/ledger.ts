// The ledger at the size that it has to bear: a room of 20 members and 100,000 entries, host-anchored and as a consortium.
// Rates are by processor time of all threads, so that other work on the machine does not count; where the system can, the
// process is pinned to one core besides. --entries N makes a shorter life, --mode host|consortium only one of the rooms.
import { execFileSync } from 'node:child_process'
import process from 'node:process'
import { parseArgs } from 'node:util'
import type { SealMode } from '../src/core/ledger/quorum.ts'
import { historyCost } from './ledger-history.ts'
import { arrive } from './ledger-joiner.ts'
import {
  archiveBytes,
  auditCost,
  documentBytes,
  foldCost,
  peerCost,
  proofCost,
  sealCost,
  snapshotBytes,
} from './ledger-measures.ts'
import { RoomLife } from './ledger-room.ts'
import { check, commitName, deviceName, figure, type Check, type Report } from './report.ts'

const MEMBERS = 20
const MANY_MEMBERS = 200
const ENTRIES = 100_000
const REPETITIONS = 9
const SEED = 'ledger-1'
const MB = 1e6

export async function run(args: readonly string[] = []): Promise<Report> {
  const { values } = parseArgs({
    args: [...args],
    options: { entries: { type: 'string', default: String(ENTRIES) }, mode: { type: 'string' } },
  })
  const modes = (['host', 'consortium'] as const).filter(mode => (values.mode ?? mode) === mode)
  const pinned = pinToOneCore()
  const checks: Check[] = []
  const more: Record<string, unknown> = {}
  for (const mode of modes) {
    const measured = await measure(mode, Number(values.entries))
    checks.push(...measured.checks.map(each => ({ ...each, name: `${mode}: ${each.name}` })))
    more[mode] = measured.more
  }
  return {
    bench: 'ledger',
    commit: commitName(),
    device: deviceName(pinned ? 'pinned to one core' : 'not pinned'),
    seeds: [SEED],
    checks,
    ...more,
  }
}

async function measure(
  mode: SealMode,
  entries: number,
): Promise<{ readonly checks: Check[]; readonly more: Record<string, unknown> }> {
  const life = new RoomLife({ mode, members: MEMBERS, entries, seed: SEED }).run()
  const { maker } = life
  const count = life.entries
  const seals = maker.epochs.length
  const kinds = [...life.kinds].sort((a, b) => b[1] - a[1])

  const { bytes: fileBytes, exported, audited } = await auditCost(maker)
  const peer = await peerCost(maker)
  const fold = await foldCost(maker)
  const documents = documentBytes(maker.epochs.map(epoch => epoch.entries))
  const arrival = await arrive(maker, life.identities)
  const snapshot = await snapshotBytes(maker)
  const archive = await archiveBytes(maker)
  const proof = await proofCost(maker, REPETITIONS)
  const seal = await sealCost(openFully(mode, MEMBERS), REPETITIONS)
  const stuck = documentBytes([openFully(mode, MEMBERS).fill('quota').maker.book.ledger.openEntries() ?? []])
  const crowd = openFully(mode, MANY_MEMBERS)
  const crowdSeal = await sealCost(crowd, REPETITIONS)
  const crowdSnapshot = await snapshotBytes(crowd.maker)

  // Last, since the room lives on in it.
  const history = await historyCost(life)

  const rate = (ms: number): number => (count / ms) * 1000
  const checks = [
    check('audit of the exported file', rate(audited.cpuMs), 'entries/s', '>=', 2_000),
    check("a member's path: check and admit", rate(peer.admitted.cpuMs), 'entries/s', '>=', 2_000),
    check('fold', (fold.applyMs + fold.closeMs) / 1000, 's', '<=', 1),
    check('document of the live epoch', documents / MB, 'MB', '<=', 2),
    check('a newcomer, besides entries since the seal', arrival.besides / 1000, 'kB', '<=', 200),
    figure('audit of the exported file, by the clock', rate(audited.wallMs), 'entries/s'),
    figure("a member's path, by the clock", rate(peer.admitted.wallMs), 'entries/s'),
    figure('fold: entries', fold.applyMs / 1000, 's'),
    figure('fold: closing of all epochs', fold.closeMs / 1000, 's'),
    figure('state hashes of all seals', fold.hashMs / 1000, 's'),
    figure('closing an epoch, judged and folded, each', peer.closedCpuMs / seals, 'ms'),
    figure(`proposal of a full epoch, ${MEMBERS} members`, seal.proposeMs, 'ms'),
    figure(`judgement of it, ${MEMBERS} members`, seal.judgeMs, 'ms'),
    figure(`proposal of a full epoch, ${MANY_MEMBERS} members`, crowdSeal.proposeMs, 'ms'),
    figure(`judgement of it, ${MANY_MEMBERS} members`, crowdSeal.judgeMs, 'ms'),
    figure(`snapshot, ${MEMBERS} members`, snapshot.plain / 1000, 'kB'),
    figure(`snapshot, ${MEMBERS} members, packed`, snapshot.packed / 1000, 'kB'),
    figure(`snapshot, ${MANY_MEMBERS} members`, crowdSnapshot.plain / 1000, 'kB'),
    figure(`snapshot, ${MANY_MEMBERS} members, packed`, crowdSnapshot.packed / 1000, 'kB'),
    figure('entries of an epoch', archive.plain / 1000, 'kB'),
    figure('archive of an epoch', archive.packed / 1000, 'kB'),
    figure('document where no quorum seals and every quota is used', stuck / MB, 'MB'),
    figure('memory of the book', (peer.heapAfter - peer.heapBefore) / MB, 'MB'),
    figure('memory of the book before a seal', (peer.heapFullest - peer.heapBefore) / MB, 'MB'),
    figure('proof of one entry', proof.bytes / 1000, 'kB'),
    figure('making it from leaf hashes', proof.makeMs, 'ms'),
    figure('verifying it', proof.verifyMs, 'ms'),
    figure('first page of the whole ledger', history.firstPageMs / 1000, 's'),
    figure('another page', history.pageMs, 'ms'),
    figure('a page after another seal', history.pageAfterSealMs, 'ms'),
    figure('searching a word', history.searchMs, 'ms'),
    figure('proof of one entry from the archive', history.proofMs / 1000, 's'),
    figure('memory while the whole ledger is in hand', history.heldBytes / MB, 'MB'),
    figure('exported file', fileBytes / MB, 'MB'),
    figure('export, by the clock', exported.wallMs / 1000, 's'),
    figure('audit, by the clock', audited.wallMs / 1000, 's'),
    figure('the newcomer stands with the others after', arrival.seconds, 's'),
  ]
  const more = {
    entries: count,
    seals,
    kinds: Object.fromEntries(kinds),
    newcomer: Object.fromEntries(arrival.bytes),
  }
  return { checks, more }
}

/** A room whose open epoch is as full as the seal machine lets it become. */
function openFully(mode: SealMode, members: number): RoomLife {
  return new RoomLife({ mode, members, entries: 0, seed: SEED }).run().fill()
}

/** All threads that there are, and those that come; false where there is no such tool. */
function pinToOneCore(): boolean {
  try {
    execFileSync('taskset', ['-a', '-c', '-p', '0', String(process.pid)], { stdio: 'ignore' })
    return true
  } catch {
    // reason: rates count processor time; pinning only makes the clock agree with it.
    return false
  }
}
