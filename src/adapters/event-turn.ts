// One turn of the event loop, as cheap as the platform allows: timers, messages and input get their chance, and the
// caller goes on. Browsers: a message to oneself, which unlike a timer is not clamped to four milliseconds. Node: an
// immediate, because Node drains up to a thousand messages of a port before it looks at anything else.

export interface EventTurn {
  /** Resolves after other tasks had their turn; at once when closed. */
  wait(): Promise<void>
  close(): void
}

export type OpenTurn = () => EventTurn

export function createEventTurn(): EventTurn {
  return typeof setImmediate === 'function' ? createImmediateTurn() : createMessageTurn()
}

function createImmediateTurn(): EventTurn {
  let closed = false
  return {
    wait: () => (closed ? Promise.resolve() : new Promise(resolve => setImmediate(resolve))),
    close() {
      closed = true
    },
  }
}

function createMessageTurn(): EventTurn {
  const channel = new MessageChannel()
  const waiting: (() => void)[] = []
  let closed = false
  channel.port1.onmessage = () => waiting.shift()?.()
  return {
    wait: () =>
      closed
        ? Promise.resolve()
        : new Promise(resolve => {
            waiting.push(resolve)
            channel.port2.postMessage(null)
          }),
    close() {
      closed = true
      channel.port1.close()
      channel.port2.close()
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}
