// A peer as a screen shows it: plain data, structured-clone safe, built anew for every view.
import type { MemberId } from '../core/num/ids.ts'
import type { MemberView, SessionView } from '../ports/session.ts'
import type { Peer } from './peer.ts'
import { swarmView } from './swarm-view.ts'
import { governanceView, ledgerView } from './public-view.ts'

const SILENT_AFTER_MS = 6_000

export function buildView(peer: Peer): SessionView {
  const { machine, training, options } = peer
  const nicknameOf = (member: MemberId): string => peer.citizen.members.get(member)?.nickname ?? ''
  return {
    link: options.link,
    self: peer.self,
    nickname: options.nickname,
    phase: peer.phase,
    fault: peer.fault,
    charter: peer.charter,
    round: machine.round,
    step: training?.step ?? 0,
    stepsInRound: training?.stepsInRound ?? 0,
    totalSteps: training?.totalSteps ?? 0,
    samplesSeen: training?.totalSamples ?? 0,
    stepsPerSecond: training?.stepsPerSecond ?? 0,
    effort: peer.effort,
    backend: peer.trainer?.report ?? null,
    data: peer.seat.summary,
    own: peer.gauge.own,
    swarm: peer.gauge.swarm,
    history: peer.gauge.history,
    members: members(peer),
    traffic: {
      sentBytes: peer.wire.traffic.sentBytes,
      receivedBytes: peer.wire.traffic.receivedBytes,
      updatesSent: peer.wire.updates.sentUpdates,
      updatesReceived: peer.wire.updates.receivedUpdates,
      float32Bytes: peer.float32Bytes,
    },
    swarmView: swarmView(peer),
    refusals: peer.wire.refusals.list(nicknameOf),
    signaling: 'open',
    entries: peer.book.sealedEntries + peer.book.ledger.size,
    ledger: ledgerView(peer),
    governance: governanceView(peer),
    runs: peer.runs.desk.view(),
    lending: peer.lendingView(),
    modelHash: machine.window.baseHash,
    modelHashRound: machine.window.base.round,
  }
}

function members(peer: Peer): MemberView[] {
  const now = peer.deps.clock.now()
  const links = new Set(peer.deps.transport.links())
  return [...peer.citizen.members.values()]
    .map(({ member, nickname, role, part, present, steps }): MemberView => {
      const self = member === peer.self
      const held = peer.wire.presence.all.get(member)
      const heard = held !== undefined && now - held.heardAt < SILENT_AFTER_MS
      const statement = held?.statement
      // In a crowd most are never heard: the ledger says that they are here.
      const unheard = peer.citizen.isInCrowd ? (role === 'trainer' ? 'training' : 'watching') : 'gone'
      const told = heard && statement ? statement.status : unheard
      return {
        id: member,
        nickname,
        self,
        role,
        status: self ? peer.status : present ? told : 'gone',
        part,
        round: self ? peer.machine.round : (statement?.round ?? 0),
        accuracy: self ? (peer.gauge.own?.accuracy ?? null) : (statement?.accuracy ?? null),
        stepsPerSecond: self ? (peer.training?.stepsPerSecond ?? 0) : (statement?.stepsPerSecond ?? 0),
        linked: self || links.has(member),
        steps: Math.max(steps, self ? (peer.training?.totalSteps ?? 0) : (statement?.steps ?? 0)),
      }
    })
    .sort(
      (a, b) =>
        Number(b.self) - Number(a.self) ||
        Number(a.status === 'gone') - Number(b.status === 'gone') ||
        (a.id < b.id ? -1 : 1),
    )
}
