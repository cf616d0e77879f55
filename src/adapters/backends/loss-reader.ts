// Reads the losses of training steps without stalling the device: logits are collected for a few milliseconds' worth
// of steps, read back as one tensor, and scored on the host. At most one group is in flight while the next is being
// submitted, so the device always has work and a stop or pause waits for at most two groups.
import type { Tensor2D } from '@tensorflow/tfjs-core'
import { scoreLogits } from '../../core/model/reference/loss.ts'
import type { DeviceSession } from './device-session.ts'

const GROUP_MS = 8
const MAX_GROUP = 32

export interface LossReader {
  /** Takes the logits over. `inStep` waits until the device has done this very step (needed to rest for real). */
  add(step: number, logits: Tensor2D, labels: Uint16Array, inStep: boolean): Promise<void>
  /** Until every loss is told. */
  drain(): Promise<void>
  /** Frees what was not read. */
  close(): void
}

interface Waiting {
  readonly step: number
  readonly logits: Tensor2D
  readonly labels: Uint16Array
}

export function createLossReader(
  device: DeviceSession,
  classes: number,
  onLoss: (step: number, loss: number) => void,
): LossReader {
  let group: Waiting[] = []
  let inFlight: Promise<void> | null = null
  let groupSize = 1
  let finishedAt = NaN

  const tell = (items: readonly Waiting[], values: Float32Array): void => {
    let at = 0
    for (const { step, labels } of items) {
      const size = labels.length * classes
      onLoss(
        step,
        scoreLogits(values.subarray(at, at + size), labels, labels.length, classes).loss / labels.length,
      )
      at += size
    }
  }

  const submit = async (items: readonly Waiting[]): Promise<void> => {
    const values = await device.readRows(items.map(({ logits }) => logits))
    const now = performance.now()
    const stepMs = (now - finishedAt) / items.length
    finishedAt = now
    // NaN after a rest or at the start leaves the size as it is.
    if (stepMs > 0) groupSize = Math.max(1, Math.min(MAX_GROUP, 2 * groupSize, Math.round(GROUP_MS / stepMs)))
    tell(items, values)
  }

  const flush = async (): Promise<void> => {
    if (group.length === 0) return
    const items = group
    group = []
    const before = inFlight
    inFlight = submit(items)
    // Whoever awaits it next sees the error; until then it is nobody's.
    inFlight.catch(() => undefined)
    await before
  }

  const drain = async (): Promise<void> => {
    await flush()
    await inFlight
    inFlight = null
    finishedAt = NaN
  }

  return {
    async add(step, logits, labels, inStep) {
      if (!device.backend.queued) {
        tell([{ step, logits, labels }], device.readNow(logits))
        return
      }
      group.push({ step, logits, labels: labels.slice() })
      if (inStep) await drain()
      else if (group.length >= groupSize) await flush()
    },
    drain,
    close() {
      device.free(group.map(({ logits }) => logits))
      group = []
    },
  }
}
