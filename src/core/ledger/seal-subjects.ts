// Seals that a member has to judge in an epoch: asked for by hash, checked once their content is here, checked again when it
// lacked entries. Bounded; what the member stands by is never forgotten.
import { ASK_AGAIN_MS, type SealEffect, type SealVerdict } from './seal-events.ts'
import type { Seal } from './seal.ts'

const MAX_SUBJECTS = 64

interface Subject {
  seal: Seal | null
  verdict: 'unasked' | 'asked' | SealVerdict
  fetchedAt: number
}

export class SealSubjects {
  private readonly subjects = new Map<string, Subject>()

  constructor(
    /** Whether a seal can be one of this epoch, by what everybody can see of it. */
    private readonly fits: (seal: Seal) => boolean,
    private readonly isBoundTo: (hash: string) => boolean,
  ) {}

  sealOf(hash: string): Seal | null {
    return this.subjects.get(hash)?.seal ?? null
  }

  verdictOn(hash: string): Subject['verdict'] {
    return this.subjects.get(hash)?.verdict ?? 'unasked'
  }

  /** Gets and checks a seal that this member has to judge. */
  consider(hash: string, now: number, effects: SealEffect[]): void {
    let subject = this.subjects.get(hash)
    if (!subject) {
      subject = { seal: null, verdict: 'unasked', fetchedAt: -Infinity }
      this.subjects.set(hash, subject)
      if (this.subjects.size > MAX_SUBJECTS) this.forgetOne(hash)
    }
    if (!subject.seal) {
      if (now - subject.fetchedAt < ASK_AGAIN_MS) return
      subject.fetchedAt = now
      effects.push({ type: 'fetch', seal: hash })
    } else if (subject.verdict === 'unasked') {
      subject.verdict = 'asked'
      effects.push({ type: 'check', seal: hash })
    }
  }

  /** Content of a seal that was asked for; of any if `unasked`. */
  learn(seal: Seal, hash: string, unasked = false): void {
    let subject = this.subjects.get(hash)
    if (!subject) {
      if (!unasked) return
      subject = { seal: null, verdict: 'unasked', fetchedAt: -Infinity }
      this.subjects.set(hash, subject)
    }
    if (subject.seal) return
    subject.seal = seal
    if (!this.fits(seal)) subject.verdict = 'bad'
  }

  /** The own seal needs no check. */
  approve(hash: string): void {
    const subject = this.subjects.get(hash)
    if (subject && subject.verdict !== 'bad') subject.verdict = 'good'
  }

  judge(hash: string, verdict: SealVerdict): void {
    const subject = this.subjects.get(hash)
    if (subject?.verdict === 'asked') subject.verdict = verdict
  }

  recheck(): void {
    for (const subject of this.subjects.values())
      if (subject.verdict === 'missing') subject.verdict = 'unasked'
  }

  fetchAgainAt(): number {
    let at = Infinity
    for (const { seal, fetchedAt } of this.subjects.values())
      if (!seal) at = Math.min(at, fetchedAt + ASK_AGAIN_MS)
    return at
  }

  private forgetOne(except: string): void {
    for (const hash of this.subjects.keys())
      if (hash !== except && !this.isBoundTo(hash)) {
        this.subjects.delete(hash)
        return
      }
  }
}
