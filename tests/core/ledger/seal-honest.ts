// An honest member of a simulated room: a machine, what it keeps through restarts, and the little of a peer that it needs.
import { areContradicting } from '../../../src/core/ledger/evidence.ts'
import { SealMachine, type SealEffect, type SealEvent } from '../../../src/core/ledger/seal-machine.ts'
import type { Certificate, Seal, SealStatement } from '../../../src/core/ledger/seal.ts'
import type { MemberId } from '../../../src/core/num/ids.ts'
import { groundOf, name, ROOM, sealHash, type Actor, type Ground, type Message } from './seal-fixtures.ts'
import type { World } from './seal-network.ts'

export class Honest implements Actor {
  machine!: SealMachine
  up = true
  entries = 1
  /** Survives restarts: certificates, own statements with what belongs to them. */
  readonly chain: Certificate[] = []
  private kept: { statement: SealStatement; seal: Seal | null; evidence: readonly SealStatement[] }[] = []
  private life = 0
  private present = ''
  private wanted = -1
  private wakeAt = Infinity
  private contents = new Map<string, Seal>()
  private heardHostAt: number

  constructor(
    private readonly world: World,
    readonly index: number,
  ) {
    this.heardHostAt = world.now
    this.boot()
  }

  get self(): MemberId {
    return name(this.index)
  }

  get ground(): Ground {
    const last = this.chain[this.chain.length - 1]
    if (!last) return this.world.genesis
    return groundOf(last.seal)
  }

  stop(): void {
    this.up = false
    this.life++
  }

  start(): void {
    this.up = true
    this.boot()
  }

  beat(): void {
    const { world } = this
    if (world.rng.next() < world.churn) {
      this.stop()
      world.at(world.rng.next() * 20_000, () => {
        if (!this.up && !world.gone.has(this.index)) this.start()
      })
      return
    }
    if (world.rng.next() < 0.3) {
      this.entries = Math.max(this.entries, ++world.entries)
      world.broadcast(this.index, { type: 'entries', entries: this.entries })
    }
    const present = world.presentAt(this.index)
    if (present.join() !== this.present) {
      this.present = present.join()
      this.step({ type: 'present', members: present })
    }
    if (present.includes(this.ground.anchor)) {
      this.heardHostAt = world.now
      this.step({ type: 'host-heard' })
    }
    if (this.self !== this.ground.anchor)
      world.longestSilence = Math.max(world.longestSilence, world.now - this.heardHostAt)
    this.tellWant()
    const others = present.filter(member => member !== this.self)
    if (others.length === 0) return
    const to = world.indexOf(others[world.rng.below(others.length)]!)
    const { entries, machine } = this
    world.send(this.index, to, { type: 'status', epoch: this.ground.epoch, digest: machine.digest, entries })
  }

  receive(from: number, message: Message): void {
    switch (message.type) {
      case 'statements':
        for (const statement of message.statements)
          if (this.machine.isNews(statement)) this.step({ type: 'statement', statement })
        break
      case 'want': {
        const seal = this.contents.get(message.hash)
        if (seal) this.world.send(this.index, from, { type: 'seal', seal, hash: message.hash })
        break
      }
      case 'seal':
        this.contents.set(message.hash, message.seal)
        this.step({ type: 'seal', seal: message.seal, hash: message.hash })
        break
      case 'certificate':
        this.hear(message.certificate)
        break
      case 'entries':
        this.gain(message.entries)
        break
      case 'status':
        this.answer(from, message)
        break
      default:
        message satisfies never
    }
  }

  private gain(entries: number): void {
    if (entries <= this.entries) return
    this.entries = entries
    this.step({ type: 'recheck' })
    this.tellWant()
  }

  private answer(from: number, status: Message & { type: 'status' }): void {
    const { world } = this
    this.gain(status.entries)
    if (status.epoch < this.ground.epoch) {
      const certificate = this.chain[status.epoch]!
      world.send(this.index, from, { type: 'certificate', certificate })
    } else if (status.epoch === this.ground.epoch) {
      if (status.digest !== this.machine.digest)
        world.send(this.index, from, { type: 'statements', statements: this.machine.statements })
      const certificate = this.chain[this.chain.length - 1]
      // Both claim the same epoch: let each see the other's seal, should they differ.
      if (certificate && world.rng.next() < 0.2)
        world.send(this.index, from, { type: 'certificate', certificate })
    }
  }

  private hear(certificate: Certificate): void {
    const { seal } = certificate
    const { ground } = this
    if (seal.epoch > ground.epoch + 1) return
    if (seal.epoch <= ground.epoch && sealHash(seal) === sealHash(this.chain[seal.epoch - 1]!.seal)) return
    const parent = seal.epoch === 1 ? this.world.genesis : groundOf(this.chain[seal.epoch - 2]!.seal)
    if (seal.previous !== parent.hash || !this.world.isSound(certificate, parent)) return
    if (seal.epoch === ground.epoch + 1) this.stand(certificate)
    else this.step({ type: 'final', certificate })
  }

  private stand(certificate: Certificate): void {
    this.world.recordFinal(certificate, this.index)
    this.chain.push(certificate)
    this.entries = Math.max(this.entries, certificate.seal.size)
    this.kept = []
    this.contents.set(sealHash(certificate.seal), certificate.seal)
    this.step({ type: 'final', certificate })
    this.tellWant()
    this.world.broadcast(this.index, { type: 'certificate', certificate })
  }

  private tellWant(): void {
    const open = this.entries - this.ground.size
    if (open === this.wanted) return
    this.wanted = open
    this.step({ type: 'want', open, openBytes: open * 400, urgent: true, members: 4 })
  }

  private boot(): void {
    const { world, ground } = this
    const { mode } = world.options
    this.machine = new SealMachine({ room: ROOM, self: this.self, mode, ...ground, rules: world.rules })
    this.contents = new Map()
    this.present = ''
    this.wanted = -1
    this.wakeAt = Infinity
    this.heardHostAt = world.now
    const seals = this.kept.flatMap(({ seal }) => (seal ? [{ seal, hash: sealHash(seal) }] : []))
    for (const { seal, hash } of seals) this.contents.set(hash, seal)
    const statements = this.kept.flatMap(({ statement, evidence }) => [statement, ...evidence])
    this.step({ type: 'restore', statements, seals })
  }

  step(event: SealEvent): void {
    const { world } = this
    for (const effect of this.machine.step(event, world.now)) this.perform(effect)
    const at = this.machine.wakeAt(world.now)
    if (at >= this.wakeAt && this.wakeAt > world.now) return
    this.wakeAt = at
    const { life } = this
    if (at !== Infinity)
      world.at(Math.max(1, at - world.now), () => {
        if (this.life === life && this.up && this.wakeAt === at) {
          this.wakeAt = Infinity
          this.step({ type: 'tick' })
        }
      })
  }

  private perform(effect: SealEffect): void {
    const { world } = this
    switch (effect.type) {
      case 'prepare': {
        const { ground, entries } = this
        if (entries <= ground.size) return
        const anchor = effect.newAnchor ?? ground.anchor
        const present = world.presentAt(this.index)
        const seal = world.seal(ground, { entries, present, anchor }, `by ${this.index}`)
        const hash = sealHash(seal)
        this.contents.set(hash, seal)
        this.later(() => this.step({ type: 'candidate', seal, hash }))
        break
      }
      case 'fetch':
        for (let i = 0; i < 2; i++) {
          const to = world.rng.below(world.members.length)
          if (to !== this.index) world.send(this.index, to, { type: 'want', hash: effect.seal })
        }
        break
      case 'check':
        this.later(() => {
          const seal = this.contents.get(effect.seal)
          if (!seal) return
          const verdict =
            seal.state === 'wrong' || !world.isWithinAssumption(seal.members)
              ? 'bad'
              : seal.size > this.entries
                ? 'missing'
                : 'good'
          this.step({ type: 'checked', hash: effect.seal, verdict })
        })
        break
      case 'say': {
        const { statement: unsigned, seal, evidence } = effect
        const statement: SealStatement = { ...unsigned, sig: '' }
        this.later(() => {
          this.kept.push({ statement, seal, evidence })
          this.step({ type: 'statement', statement })
          world.broadcast(this.index, { type: 'statements', statements: [statement] })
        })
        break
      }
      case 'final':
        if (effect.certificate.seal.epoch === this.ground.epoch + 1) this.stand(effect.certificate)
        break
      case 'equivocation':
        if (!areContradicting(effect.first, effect.second)) throw new Error('a proof that proves nothing')
        if (!world.isByzantine(world.indexOf(effect.first.author)))
          throw new Error(`honest ${effect.first.author} convicted: ${JSON.stringify(effect)}`)
        world.proofs.push([effect.first, effect.second])
        break
      default:
        effect satisfies never
    }
  }

  /** Signing, storing and judging take a moment now and then, in which a restart forgets them. */
  private later(act: () => void): void {
    const { life } = this
    const delay = this.world.rng.next() < 0.7 ? 0 : this.world.rng.next() * 40
    this.world.at(delay, () => {
      if (this.life === life) act()
    })
  }
}

/** Knows what all others know, speaks to each as it likes. */
