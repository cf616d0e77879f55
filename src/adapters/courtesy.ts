// Lent work goes first: between a step's forward pass and its update an owner waits at the other end of a link, so training of
// one's own in the same thread waits before its next step, and takes its turn while the owner computes. Without this each of
// a lent step's three requests would queue behind a whole step. Not for ever: an owner may have vanished in mid-step.
import type { SegmentEngine } from '../ports/segment.ts'
import { createEventTurn, type EventTurn } from './event-turn.ts'

/** The longest that own training waits for a lent step to go on. */
const LONGEST_MS = 100

export interface Courtesy {
  /** The engine, with its steps announced. */
  lent(engine: SegmentEngine): SegmentEngine
  /** Turns of the event loop that wait for lent steps under way. */
  openTurn(): EventTurn
}

export function createCourtesy(): Courtesy {
  const under = new Set<SegmentEngine>()
  const waiting = new Set<() => void>()
  const release = (engine: SegmentEngine): void => {
    if (!under.delete(engine) || under.size > 0) return
    for (const go of waiting) go()
  }
  const clear = (closing: Set<() => void>): Promise<void> =>
    new Promise(resolve => {
      const timer = setTimeout(() => {
        // Not once more for the same step.
        under.clear()
        go()
      }, LONGEST_MS)
      const go = (): void => {
        clearTimeout(timer)
        waiting.delete(go)
        closing.delete(go)
        resolve()
      }
      waiting.add(go)
      closing.add(go)
    })

  return {
    lent: engine => ({
      backend: engine.backend,
      begin(start) {
        release(engine)
        return engine.begin(start)
      },
      forward(input, count) {
        under.add(engine)
        return engine.forward(input, count)
      },
      backward: outputGradient => engine.backward(outputGradient),
      async apply() {
        try {
          await engine.apply()
        } finally {
          release(engine)
        }
      },
      read: () => engine.read(),
      close() {
        release(engine)
        engine.close()
      },
    }),
    openTurn() {
      const turn = createEventTurn()
      const own = new Set<() => void>()
      return {
        async wait() {
          await turn.wait()
          if (under.size > 0) await clear(own)
        },
        close() {
          turn.close()
          for (const go of own) go()
        },
      }
    },
  }
}
