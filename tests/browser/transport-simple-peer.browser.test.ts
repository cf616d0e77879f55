import { openConnections } from '../../src/adapters/link-webrtc.ts'
import { describeTransport } from '../contract/transport.ts'
import { createRtcRoom, QUICK } from './transport-room.ts'

describeTransport('simple-peer', {
  graceMs: QUICK.graceMs,
  lossMs: QUICK.silenceMs + QUICK.graceMs + QUICK.pingMs,
  async createFixture() {
    const room = createRtcRoom()
    return {
      join: () => room.join(),
      cut: room.cut,
      restore: room.restore,
      openLinks: openConnections,
      destroy: async () => undefined,
    }
  },
})
