import { MessageChannel } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { createMemoryNetwork } from '../../src/adapters/transport-memory.ts'
import { createPortTransport, serveTransport } from '../../src/adapters/transport-port.ts'
import type { MemberId } from '../../src/core/num/ids.ts'
import type { Transport } from '../../src/ports/transport.ts'
import { describeTransport, record } from '../contract/transport.ts'

const GRACE_MS = 400
const memberId = (n: number): MemberId => `m${n}`.padEnd(43, '_') as MemberId

/** Node's ports are those of the browser but for their types. */
function ports(): [MessagePort, MessagePort] {
  const { port1, port2 } = new MessageChannel()
  return [port1, port2] as unknown as [MessagePort, MessagePort]
}

function throughPort(transport: Transport): Promise<Transport> {
  const [page, worker] = ports()
  serveTransport(transport, page)
  return createPortTransport(worker)
}

describeTransport('port over memory', {
  graceMs: GRACE_MS,
  lossMs: GRACE_MS,
  async createFixture() {
    const network = createMemoryNetwork({ graceMs: GRACE_MS })
    let members = 0
    return {
      join: () => throughPort(network.transport(memberId(members++))),
      cut: (a, b) => network.disconnect(a.self, b.self),
      restore: (a, b) => network.connect(a.self, b.self),
      openLinks: () => network.openLinks(),
      destroy: async () => undefined,
    }
  },
})

test('what happens before anybody listens is told to the first who does, and links() fits it', async () => {
  const network = createMemoryNetwork()
  const a = await throughPort(network.transport(memberId(0)))
  const b = network.transport(memberId(1))
  await new Promise(resolve => setTimeout(resolve, 30))
  b.send(a.self, Uint8Array.of(1, 2, 3), 'control')
  await new Promise(resolve => setTimeout(resolve, 30))
  const seen = record(a)
  expect(a.links()).toEqual([])
  await seen.until('the message', () => seen.messagesFrom(b.self).length === 1)
  expect(seen.events.map(event => event.type)).toEqual(['up', 'message'])
  expect(a.links()).toEqual([b.self])
  a.close()
  b.close()
})

test('one array may be sent to many and stays the sender’s', async () => {
  const network = createMemoryNetwork()
  const [a, b, c] = [0, 1, 2].map(n => network.transport(memberId(n))) as [Transport, Transport, Transport]
  const [fromB, fromC] = [record(b), record(c)]
  const ported = await throughPort(a)
  const seen = record(ported)
  await seen.until('two links', () => ported.links().length === 2)
  const bytes = new Uint8Array(100).fill(7)
  expect(ported.send(b.self, bytes, 'bulk')).toBe(true)
  expect(ported.send(c.self, bytes, 'bulk')).toBe(true)
  expect(bytes.byteLength).toBe(100)
  await fromB.until('b has it', () => fromB.messagesFrom(a.self).length === 1)
  await fromC.until('c has it', () => fromC.messagesFrom(a.self).length === 1)
  for (const transport of [ported, b, c]) transport.close()
})
