import { expect, it } from 'vitest'
import type { AuditReport } from '../../src/core/room/audit-report.ts'
import type { Rooms } from '../../src/ports/session.ts'
import { AuditRun, MAX_LEDGER_BYTES } from '../../src/state/audit-run.svelte.ts'
import { readScenario } from '../ui/fake-data.ts'
import { reportOf } from '../ui/fake-ledger.ts'

const scenario = readScenario(new URLSearchParams())

function runWith(verify: (text: string) => AuditReport | Error) {
  const seen: number[] = []
  const rooms = {
    verifyLedger(bytes: Uint8Array, progress: (fraction: number) => void) {
      progress(0.5)
      const result = verify(new TextDecoder().decode(bytes))
      return result instanceof Error ? Promise.reject(result) : Promise.resolve(result)
    },
  } as unknown as Rooms
  const run = new AuditRun(() => Promise.resolve(rooms))
  return { run, seen }
}
const file = (text: string) => new File([text], 'ledger.jsonl')

it('reports what the audit found, sound or broken', async () => {
  const { run } = runWith(text => reportOf(scenario, text))
  await run.ofFile(file('sound'))
  expect(run.state).toMatchObject({ status: 'done', report: { status: 'sound' } })
  await run.ofFile(file('broken'))
  expect(run.state).toMatchObject({ status: 'done', report: { firstBroken: { line: 48 } } })
  expect(run.progress).toBe(0.5)
  run.reset()
  expect(run.state).toEqual({ status: 'idle' })
})

it('tells a foreign file from a damaged ledger', async () => {
  const { run } = runWith(text => reportOf(scenario, text))
  await run.ofFile(file('not a ledger'))
  expect(run.state).toMatchObject({ status: 'problem', problem: 'not-a-ledger' })
})

it('refuses what is too big or empty before reading it', async () => {
  const { run } = runWith(() => new Error('must not be asked'))
  const huge = { name: 'x', size: MAX_LEDGER_BYTES + 1, arrayBuffer: () => Promise.reject(new Error()) }
  await run.ofFile(huge as unknown as File)
  expect(run.state).toEqual({ status: 'problem', problem: 'too-big', bytes: MAX_LEDGER_BYTES + 1 })
  await run.ofFile(file(''))
  expect(run.state).toMatchObject({ problem: 'empty' })
})

it('a file that cannot be read, an export and a worker that fail are told apart', async () => {
  const { run } = runWith(() => new Error('gone'))
  await run.ofFile({ name: 'x', size: 5, arrayBuffer: () => Promise.reject(new Error()) } as unknown as File)
  expect(run.state).toMatchObject({ problem: 'unreadable' })
  await run.ofFile(file('abc'))
  expect(run.state).toMatchObject({ problem: 'failed' })
  await run.ofExport(() => Promise.reject(new Error()))
  expect(run.state).toMatchObject({ problem: 'failed' })
})
