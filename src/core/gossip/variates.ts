// Control variates without a server (SCAFFOLD option II, Karimireddy et al. 2020, section 4): c is the room's mean gradient
// and c_i the member's own, both estimated from what a member knows anyway, the mixed directions and its own local jobs, so
// that no byte more is sent. Local training adds c - c_i to every gradient and then walks where the room walks.
//
// Signs: a direction and an update are start minus end, so divided by steps and learning rate they are gradients. For
// plain SGD only: what Adam walks is no gradient. Not agreed on between members and no part of any state; a member that
// comes anew starts at zero and has no correction until it has done a job and seen a round.

export interface VariateOptions {
  /**
   * Weight of the newest estimate, (0, 1]: the rest is memory. One-bit directions are exact only in the sum over rounds
   * (error feedback), so single ones are mostly noise.
   */
  readonly rate: number
  /**
   * Part of c - c_i that is applied, (0, 1]. Below 1, what clipping and loss leave between c and the mean of all c_i dies
   * out as (1 - rate (1 - gain))^rounds; at 1 it stays for ever and pulls the whole room to one side.
   */
  readonly gain: number
}

export interface Variates {
  /** A local job's start minus its end, by the correction last asked for. Jobs without a step say nothing. */
  ownUpdate(update: Float32Array | Float64Array, steps: number, learningRate: number): void
  /** A round's mixed direction, before any outer step; `steps` is the mean of the steps behind its updates. */
  roundMixed(direction: Float64Array, steps: number, learningRate: number): void
  /**
   * What the next local job adds to every gradient; null while the member's own or the room's gradient is unknown. Read by
   * ownUpdate again: not to be changed or transferred away.
   */
  correction(): Float32Array | null
}

export function createVariates(parameters: number, { rate, gain }: VariateOptions): Variates {
  const room = new Float32Array(parameters)
  const own = new Float32Array(parameters)
  let rounds = 0
  let jobs = 0
  // Of the job that runs or ran last.
  let applied: Float32Array | null = null

  /** Memory starts as the plain mean of what has been seen, so the first estimates are not held for small by the zeros. */
  const weight = (seen: number): number => Math.max(rate, 1 / seen)

  return {
    ownUpdate(update, steps, learningRate) {
      checkLength(update.length, parameters)
      if (steps <= 0) return
      const w = weight(++jobs)
      const scale = 1 / (steps * learningRate)
      for (let i = 0; i < parameters; i++) {
        // The path's mean of steered gradients, and without the steering of plain ones.
        const gradient = update[i]! * scale - (applied === null ? 0 : applied[i]!)
        own[i] = own[i]! + w * (gradient - own[i]!)
      }
    },
    roundMixed(direction, steps, learningRate) {
      checkLength(direction.length, parameters)
      if (steps <= 0) return
      const w = weight(++rounds)
      const scale = 1 / (steps * learningRate)
      for (let i = 0; i < parameters; i++) room[i] = room[i]! + w * (direction[i]! * scale - room[i]!)
    },
    correction() {
      if (rounds === 0 || jobs === 0) return (applied = null)
      applied = new Float32Array(parameters)
      for (let i = 0; i < parameters; i++) applied[i] = gain * (room[i]! - own[i]!)
      return applied
    },
  }
}

function checkLength(length: number, parameters: number): void {
  if (length !== parameters) throw new RangeError(`${length} values for ${parameters} parameters`)
}
