// Acted rooms behind the Rooms port, for tests of the screens alone: every state on demand, nothing random, calls
// recorded. The scenario stands in the query string, so a test is a page load.
import type { OwnDataResult } from '../../src/ports/own-data.ts'
import type { GreenRoomChecks, JoinOptions, Preview, RoomLink, Rooms } from '../../src/ports/session.ts'
import { charterOf, LINK, type Scenario } from './fake-data.ts'
import { reportOf } from './fake-ledger.ts'
import { FakeSession } from './fake-session.ts'

export { readScenario } from './fake-data.ts'

export interface FakeRooms {
  readonly rooms: Rooms
  readonly calls: string[]
  session: FakeSession | null
}

const CHECKS: Record<Scenario['checks'], GreenRoomChecks> = {
  ok: {
    secureContext: true,
    webgpu: { status: 'ok', adapter: 'Apple M2' },
    webrtc: true,
    storage: { status: 'ok', freeBytes: 48e9 },
    ed25519: 'ok',
  },
  checking: {
    secureContext: true,
    webgpu: { status: 'checking', adapter: '' },
    webrtc: true,
    storage: { status: 'checking', freeBytes: null },
    ed25519: 'checking',
  },
  soft: {
    secureContext: true,
    webgpu: { status: 'software', adapter: 'SwiftShader' },
    webrtc: true,
    storage: { status: 'missing', freeBytes: null },
    ed25519: 'ok',
  },
  bad: {
    secureContext: false,
    webgpu: { status: 'missing', adapter: '' },
    webrtc: false,
    storage: { status: 'missing', freeBytes: null },
    ed25519: 'missing',
  },
}

export function createFakeRooms(scenario: Scenario): FakeRooms {
  const calls: string[] = []
  const preview = (): Preview => {
    switch (scenario.preview) {
      case 'found':
        return { status: 'found', charter: charterOf(scenario), size: scenario.members - 1 }
      case 'network':
      case 'room-full':
      case 'refused':
        return { status: 'failed', reason: scenario.preview }
      default:
        return { status: scenario.preview }
    }
  }
  const fake: FakeRooms = {
    calls,
    session: null,
    rooms: {
      createRoom(charter) {
        calls.push(`createRoom ${JSON.stringify(charter)}`)
        return Promise.resolve(LINK)
      },
      preview(_link: RoomLink, listener) {
        const timer = setTimeout(() => listener(preview()), 20)
        return () => clearTimeout(timer)
      },
      runChecks(listener) {
        listener(CHECKS.checking)
        const timer = setTimeout(() => listener(CHECKS[scenario.checks]), 20)
        return () => clearTimeout(timer)
      },
      async verifyLedger(bytes, progress) {
        calls.push(`verifyLedger ${bytes.length}`)
        progress(0.4)
        await new Promise(resolve => setTimeout(resolve, 20))
        progress(1)
        return reportOf(scenario, new TextDecoder().decode(bytes))
      },
      downloadBytes: () => Promise.resolve(3_400_000),
      loadOwnFiles({ files, labelColumn }): Promise<OwnDataResult> {
        calls.push(`loadOwnFiles ${files.map(file => file.name).join()} ${labelColumn ?? ''}`)
        return import('../../src/adapters/own-data.ts').then(adapter =>
          adapter.loadOwnFiles({ files, labelColumn, target: null }),
        )
      },
      join(options: JoinOptions) {
        calls.push(`join ${options.role} ${options.nickname} ${options.part}`)
        fake.session = new FakeSession(scenario, options, calls)
        return Promise.resolve(fake.session)
      },
      resumable: () => Promise.resolve(scenario.resumable ? resumableStay() : null),
      deleteEverything() {
        calls.push('deleteEverything')
        return Promise.resolve()
      },
    },
  }
  return fake
}

function resumableStay(): JoinOptions {
  return { link: LINK, nickname: 'Hana', role: 'trainer', part: 0, own: null }
}
