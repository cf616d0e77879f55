// Modified clients for the ledger's simulation. The real peer runs behind ports that alter, add or swallow what it says; the
// crook signs with its own key and knows nobody else's. Each kind counts what it did, so that a test can tell that it acts.
import { canonicalise } from '../../core/ledger/canonical.ts'
import { entryBytes, entryHash, hashOf, signingBytes } from '../../core/ledger/chain.ts'
import { decodeEntry, decodeProposal, decodeSealStatement, type Proposal } from '../../core/ledger/decode.ts'
import type { Entry, EntryBody } from '../../core/ledger/entry.ts'
import type { SealStatement } from '../../core/ledger/seal.ts'
import { signedText, statementText } from '../../core/room/signed-text.ts'
import { encodeBase64url } from '../../core/num/base64url.ts'
import type { MemberId, RoomId } from '../../core/num/ids.ts'
import type { Rng } from '../../core/num/rng.ts'
import type { Priority, Transport, TransportEvent } from '../../ports/transport.ts'
import { decodeMessage, encodeMessage, LIMITS, type PeerMessage } from '../../protocol/messages.ts'
import { readBlobs } from '../../protocol/records.ts'
import type { SimSigner } from '../sim-signer.ts'
import type { PeerPorts } from '../swarm.ts'

export const CROOKS = [
  'equivocator',
  'liar',
  'double-voter',
  'yes-sayer',
  'withholder',
  'replayer',
  'spammer',
  'forger',
  'pause-ignorer',
  'twin',
] as const
export type CrookKind = (typeof CROOKS)[number]

export interface CrookWorld {
  readonly rng: Rng
  readonly room: RoomId
  now(): number
  /** From when on this crook misbehaves. */
  readonly attackAt: number
  /** Each half of the room is told something else. */
  sideOf(member: MemberId): 0 | 1
  /** One more thing that it should not have done. */
  acted(): void
}

const encoder = new TextEncoder()
const NO_SEAL = '0'.repeat(64)
const REMEMBERED = 120

/** What a kind does with a message on its way out: undefined lets it pass. */
interface Habit {
  outgoing?(to: MemberId, message: PeerMessage): readonly PeerMessage[] | undefined
  incoming?(from: MemberId, message: PeerMessage): void
  proposal?(proposal: Proposal): void
}

export function crookPorts(kind: CrookKind, ports: PeerPorts, world: CrookWorld): PeerPorts {
  const habit = habitOf(kind, ports, world)
  const transport = new CrookTransport(ports.transport, habit)
  const { store } = ports
  if (!habit.proposal) return { ...ports, transport }
  return {
    ...ports,
    transport,
    store: {
      ...store,
      put(key, value) {
        // Votes are kept with the proposal that they are about: that is how the crook learns its own.
        if (key.startsWith('vote/'))
          for (const part of readBlobs(value.subarray(1), LIMITS.votes) ?? []) {
            const proposal = decodeProposal(part)
            if (proposal) habit.proposal!(proposal)
          }
        return store.put(key, value)
      },
    },
  }
}

class CrookTransport implements Transport {
  constructor(
    private readonly inner: Transport,
    private readonly habit: Habit,
  ) {}

  get self(): MemberId {
    return this.inner.self
  }

  links(): readonly MemberId[] {
    return this.inner.links()
  }

  send(to: MemberId, bytes: Uint8Array, priority: Priority): boolean {
    const message = this.habit.outgoing && decodeMessage(bytes)
    const instead = message && this.habit.outgoing!(to, message)
    if (!instead) return this.inner.send(to, bytes, priority)
    for (const altered of instead) this.inner.send(to, encodeMessage(altered), priority)
    return true
  }

  stats(member: MemberId): ReturnType<Transport['stats']> {
    return this.inner.stats(member)
  }

  ban(member: MemberId): void {
    this.inner.ban(member)
  }

  subscribe(listener: (event: TransportEvent) => void): () => void {
    return this.inner.subscribe(event => {
      if (event.type === 'message' && this.habit.incoming) {
        const message = decodeMessage(event.bytes)
        if (message) this.habit.incoming(event.from, message)
      }
      listener(event)
    })
  }

  close(): void {
    this.inner.close()
  }
}

function habitOf(kind: CrookKind, ports: PeerPorts, world: CrookWorld): Habit {
  switch (kind) {
    case 'equivocator':
      return equivocator(ports, world)
    case 'liar':
      return liar(ports, world)
    case 'double-voter':
      return doubleVoter(ports, world)
    case 'yes-sayer':
      return yesSayer(ports, world)
    case 'withholder':
      return withholder(ports, world)
    case 'replayer':
      return replayer(ports, world)
    case 'forger':
      return forger(ports, world)
    // These act by what they make the real peer do (run.ts), on plain ports.
    case 'spammer':
    case 'pause-ignorer':
    case 'twin':
      return {}
    default:
      return kind satisfies never
  }
}

/** One place of its chain gets two entries; each half of the room is told another. */
function equivocator({ transport, signer }: PeerPorts, world: CrookWorld): Habit {
  let chosen: { readonly hash: string; readonly other: Uint8Array } | undefined
  const told = new Set<0 | 1>()
  return {
    outgoing(to, message) {
      if (message.type !== 'entries' && message.type !== 'backlog') return undefined
      let altered = false
      const entries = message.entries.map(bytes => {
        const entry = decodeEntry(bytes)
        if (entry?.author !== signer.id || entry.seq < 2) return bytes
        if (!chosen && world.now() >= world.attackAt) {
          const [payee = signer.id] = transport.links()
          const body: EntryBody = { kind: 'transfer', to: payee, amountMicro: '1', memo: 'the other one' }
          chosen = { hash: entryHash(entry), other: entryBytes(signEntryNow({ ...entry, body }, signer)) }
        }
        if (chosen?.hash !== entryHash(entry)) return bytes
        const side = world.sideOf(to)
        told.add(side)
        if (told.size === 2) world.acted()
        if (side === 0) return bytes
        altered = true
        return chosen.other
      })
      return altered ? [{ ...message, entries }] : undefined
    },
  }
}

/** Where it proposes, half of the room gets another seal, just as sound. */
function liar({ transport, signer }: PeerPorts, world: CrookWorld): Habit {
  const others = new Map<string, Proposal>()
  const byHash = new Map<string, Proposal>()
  const lies = new Set<string>()
  return {
    proposal({ seal, heads }) {
      const other =
        seal.modelRound === -1
          ? { ...seal, unixMs: seal.unixMs + 1 }
          : { ...seal, modelRound: -1, modelHash: '' }
      others.set(hashOf(seal), { seal: other, heads })
      byHash.set(hashOf(other), { seal: other, heads })
    },
    outgoing(to, message) {
      if (message.type !== 'seal-statements' || world.sideOf(to) === 0) return undefined
      const altered = alterStatements(message, signer, statement => {
        const other = others.get(statement.seal)
        if (statement.phase === 'propose' && other) lies.add(statement.seal)
        if (!other || !lies.has(statement.seal)) return undefined
        if (statement.phase === 'propose') world.acted()
        return { ...statement, seal: hashOf(other.seal) }
      })
      return altered && [altered]
    },
    incoming(from, message) {
      const proposal = message.type === 'seal-want' ? byHash.get(message.seal) : undefined
      if (!proposal) return
      const { heads, seal } = proposal
      transport.send(
        from,
        encodeMessage({ type: 'seal', seal: encoder.encode(canonicalise({ heads, seal })) }),
        'control',
      )
    },
  }
}

/** Half of the room gets another vote in the same place. */
function doubleVoter({ signer }: PeerPorts, world: CrookWorld): Habit {
  const seen: string[] = []
  return {
    incoming(_, message) {
      for (const { seal } of statementsOf(message)) remember(seen, seal)
    },
    outgoing(to, message) {
      if (message.type !== 'seal-statements' || world.sideOf(to) === 0) return undefined
      const altered = alterStatements(message, signer, statement => {
        if (statement.phase === 'propose') return undefined
        const none = statement.path === 'host' ? hashOf({ never: statement.seal }) : NO_SEAL
        const seal = seen.find(hash => hash !== statement.seal && hash !== NO_SEAL) ?? none
        if (seal === statement.seal) return undefined
        world.acted()
        return { ...statement, seal }
      })
      return altered && [altered]
    },
  }
}

/** Votes and commits for whatever anybody proposes, unread. */
function yesSayer({ transport, signer }: PeerPorts, world: CrookWorld): Habit {
  const said = new Set<string>()
  return {
    incoming(_, message) {
      for (const { author, phase, path, view, epoch, seal, v, room } of statementsOf(message)) {
        if (phase !== 'propose' || author === signer.id || said.has(`${path}/${seal}/${view}`)) continue
        said.add(`${path}/${seal}/${view}`)
        const phases = path === 'quorum' ? (['vote', 'commit'] as const) : (['vote'] as const)
        const statements = phases.map(each => {
          const unsigned = { v, room, epoch, path, phase: each, view, seal, author: signer.id } as const
          return encodeStatement(signStatementNow(unsigned, signer))
        })
        world.acted()
        for (const link of transport.links())
          transport.send(link, encodeMessage({ type: 'seal-statements', statements }), 'control')
      }
    },
    // What the real peer would have said in its place is not said.
    outgoing(_, message) {
      if (message.type !== 'seal-statements') return undefined
      const statements = message.statements.filter(bytes => decodeSealStatement(bytes)?.author !== signer.id)
      if (statements.length === message.statements.length) return undefined
      return statements.length > 0 ? [{ ...message, statements }] : []
    },
  }
}

/** Takes and never gives: no votes, no seals, nobody else's entries. */
function withholder({ signer }: PeerPorts, world: CrookWorld): Habit {
  return {
    outgoing(_, message) {
      switch (message.type) {
        case 'seal-statements':
        case 'seal':
        case 'certificates':
        case 'snapshot':
        case 'archive':
        case 'update':
          world.acted()
          return []
        case 'entries':
        case 'backlog': {
          const entries = message.entries.filter(bytes => decodeEntry(bytes)?.author === signer.id)
          if (entries.length === message.entries.length) return undefined
          world.acted()
          return entries.length > 0 ? [{ ...message, entries }] : []
        }
        default:
          return undefined
      }
    },
  }
}

/** Says again what others said long ago, orders and votes above all. */
function replayer({ transport }: PeerPorts, world: CrookWorld): Habit {
  const heard: PeerMessage[] = []
  let again = 0
  return {
    incoming(_, message) {
      const worth =
        message.type === 'entries' ||
        message.type === 'backlog' ||
        message.type === 'seal-statements' ||
        message.type === 'certificates'
      // The messages are views of arrays that are the receiver's.
      if (worth || (message.type === 'presence' && world.rng.next() < 0.02))
        remember(heard, decodeMessage(encodeMessage(message))!)
      if (world.now() < world.attackAt || world.now() < again || heard.length === 0) return
      again = world.now() + 400
      const old = heard[world.rng.below(heard.length)]!
      const links = transport.links()
      const to = links[world.rng.below(Math.max(1, links.length))]
      if (!to) return
      world.acted()
      transport.send(to, encodeMessage(old), 'control')
    },
  }
}

/** Changes others' entries and votes on their way, and invents some. Few enough not to be cut off at once. */
function forger({ signer }: PeerPorts, world: CrookWorld): Habit {
  const done = new Map<MemberId, number>()
  const may = (to: MemberId): boolean => {
    const count = done.get(to) ?? 0
    if (count >= 3 || world.now() < world.attackAt || world.rng.next() < 0.6) return false
    done.set(to, count + 1)
    world.acted()
    return true
  }
  return {
    outgoing(to, message) {
      if (message.type === 'entries' || message.type === 'backlog') {
        const at = message.entries.findIndex(bytes => decodeEntry(bytes)?.author !== signer.id)
        const entry = at === -1 ? undefined : decodeEntry(message.entries[at]!)
        if (!entry || !may(to)) return undefined
        const entries = [...message.entries]
        // Another's entry with a changed word, or a next entry of somebody else under the crook's own signature.
        const isAltered = world.rng.next() < 0.5
        entries[at] = entryBytes(
          isAltered
            ? { ...entry, unixMs: entry.unixMs + 1 }
            : signEntryNow(
                {
                  ...entry,
                  seq: entry.seq + 1,
                  prev: entryHash(entry),
                  body: { kind: 'transfer', to: signer.id, amountMicro: '1000', memo: 'mine' },
                },
                signer,
              ),
        )
        return [{ ...message, entries }]
      }
      if (message.type === 'seal-statements') {
        const at = message.statements.findIndex(bytes => decodeSealStatement(bytes)?.author !== signer.id)
        const statement = at === -1 ? undefined : decodeSealStatement(message.statements[at]!)
        if (!statement || !may(to)) return undefined
        const statements = [...message.statements]
        statements[at] = encodeStatement({ ...statement, view: statement.view + 1 })
        return [{ ...message, statements }]
      }
      return undefined
    },
  }
}

/** Signs a chain of entries beyond what one author may add to an epoch. */
export function spam(
  first: { seq: number; prev: string; unixMs: number },
  count: number,
  to: MemberId,
  world: CrookWorld,
  signer: SimSigner,
): Uint8Array[] {
  const chain: Uint8Array[] = []
  let { prev } = first
  for (let i = 0; i < count; i++) {
    const body: EntryBody = { kind: 'transfer', to, amountMicro: '1', memo: '' }
    const { seq, unixMs } = first
    const entry = signEntryNow(
      { v: 2, room: world.room, author: signer.id, seq: seq + i, prev, unixMs, body, sig: '' },
      signer,
    )
    prev = entryHash(entry)
    chain.push(entryBytes(entry))
  }
  return chain
}

function alterStatements(
  message: PeerMessage & { type: 'seal-statements' },
  signer: SimSigner,
  alter: (statement: SealStatement) => Omit<SealStatement, 'sig'> | undefined,
): PeerMessage | undefined {
  let altered = false
  const statements = message.statements.map(bytes => {
    const statement = decodeSealStatement(bytes)
    const other = statement?.author === signer.id ? alter(statement) : undefined
    if (!other) return bytes
    altered = true
    return encodeStatement(signStatementNow(other, signer))
  })
  return altered ? { ...message, statements } : undefined
}

function statementsOf(message: PeerMessage): SealStatement[] {
  if (message.type !== 'seal-statements') return []
  return message.statements.flatMap(bytes => decodeSealStatement(bytes) ?? [])
}

function signEntryNow(entry: Entry, signer: SimSigner): Entry {
  const signature = signer.signNow(signedText('entry', entry.room, signingBytes(entry)))
  return { ...entry, sig: encodeBase64url(signature) }
}

function signStatementNow({ ...unsigned }: Omit<SealStatement, 'sig'>, signer: SimSigner): SealStatement {
  const { v, room, epoch, path, phase, view, seal, author } = unsigned
  const bare = { v, room, epoch, path, phase, view, seal, author }
  return { ...bare, sig: encodeBase64url(signer.signNow(statementText(bare))) }
}

function encodeStatement(statement: SealStatement): Uint8Array {
  return encoder.encode(canonicalise(statement))
}

function remember<T>(items: T[], item: T): void {
  items.push(item)
  if (items.length > REMEMBERED) items.shift()
}
