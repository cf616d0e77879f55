// One acted stay. Commands change the view the way the real session does; `push` lets a test change anything else.
import { swarmOf } from './fake-swarm.ts'
import type { Dataset } from '../../src/core/data/dataset.ts'
import type { Entry } from '../../src/core/ledger/entry.ts'
import type { AppraiserEvent, AppraiserHandle, AppraiserOptions } from '../../src/ports/appraiser.ts'
import type {
  ActionRefusal,
  ActionResult,
  GovernanceAction,
  ModelComparison,
} from '../../src/ports/governance-view.ts'
import type { LedgerPage, LedgerQuery, Trace } from '../../src/ports/ledger-view.ts'
import type {
  ExportedFile,
  JoinOptions,
  ModelExport,
  Prediction,
  Receipt,
  Refusal,
  Session,
  SessionView,
  WholeMeasure,
} from '../../src/ports/session.ts'
import type { RunAction, RunActionResult, RunRefusal } from '../../src/ports/runs-view.ts'
import { APPRAISAL, CURVE } from './fake-appraisal.ts'
import { governanceOf } from './fake-governance.ts'
import { lendingOf, runsOf } from './fake-runs.ts'
import { hashOf, ledgerRows, ledgerViewOf, NOW, pageOf, traceOf } from './fake-ledger.ts'
import { charterOf, historyOf, memberId, membersOf, samplesOf, type Scenario } from './fake-data.ts'

const REFUSALS: readonly Refusal[] = [
  { member: memberId(1), nickname: 'Kenji', reason: 'not-finite', count: 3, lastUnixMs: 1 },
  { member: memberId(2), nickname: 'Amélie', reason: 'outsized', count: 1, lastUnixMs: 1 },
  { member: null, nickname: '', reason: 'malformed', count: 12, lastUnixMs: 1 },
]

export class FakeSession implements Session {
  view: SessionView
  readonly #scenario: Scenario
  readonly #calls: string[]
  readonly #listeners = new Set<(view: SessionView) => void>()

  constructor(scenario: Scenario, options: JoinOptions, calls: string[]) {
    this.#scenario = scenario
    this.#calls = calls
    this.view = viewOf(scenario, options)
  }

  push(patch: Partial<SessionView>): void {
    this.view = { ...this.view, ...patch }
    for (const listener of this.#listeners) listener(this.view)
  }

  subscribe(listener: (view: SessionView) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  setPaused(paused: boolean): void {
    this.#calls.push(`setPaused ${paused}`)
    this.push({ phase: paused ? 'paused' : 'training' })
  }

  setEffort(effort: number): void {
    this.#calls.push(`setEffort ${effort}`)
    this.push({ effort })
  }

  predict(sample: Float32Array): Promise<Prediction> {
    this.#calls.push('predict')
    const classes = charterOf(this.#scenario).classes.length
    const sum = Math.round(sample.reduce((total, value) => total + value, 0))
    return Promise.resolve({
      mine: peaked(classes, (sum + 3) % Math.min(3, classes), 0.55),
      swarm: peaked(classes, sum % classes, 0.93),
      start: peaked(classes, 4 % classes, 0.12),
    })
  }

  testSamples(offset: number, count: number): Promise<Dataset> {
    return Promise.resolve(samplesOf(this.#scenario, offset, count))
  }

  addExamples(data: Dataset): Promise<void> {
    this.#calls.push(`addExamples ${[...data.y].join()} ${data.x.length}`)
    return Promise.resolve()
  }

  exportModel(format: ModelExport): Promise<readonly ExportedFile[]> {
    this.#calls.push(`exportModel ${format}`)
    const file = (name: string): ExportedFile => ({
      name,
      mediaType: 'application/octet-stream',
      bytes: new Uint8Array(8),
    })
    return Promise.resolve(
      format === 'tfjs' ? [file('model.json'), file('weights.bin')] : [file('model.safetensors')],
    )
  }

  measureReconstruction(): Promise<null> {
    return Promise.resolve(null)
  }

  measureWhole(): Promise<WholeMeasure | null> {
    const { own, swarm } = this.view
    return Promise.resolve(own && swarm && { own, swarm })
  }

  act(action: GovernanceAction): Promise<ActionResult> {
    this.#calls.push(`act ${JSON.stringify(action)}`)
    const { act } = this.#scenario
    if (act === 'throws') return Promise.reject(new Error('acted'))
    return Promise.resolve(
      act === 'done'
        ? { status: 'done', hash: hashOf(7777) }
        : { status: 'refused', why: act as ActionRefusal },
    )
  }

  actRun(action: RunAction): Promise<RunActionResult> {
    this.#calls.push(`actRun ${JSON.stringify(action)}`)
    const { act } = this.#scenario
    if (act === 'throws') return Promise.reject(new Error('acted'))
    return Promise.resolve(
      act === 'done' ? { status: 'done', hash: hashOf(7778) } : { status: 'refused', why: act as RunRefusal },
    )
  }

  ledgerPage(query: LedgerQuery): Promise<LedgerPage> {
    this.#calls.push(`ledgerPage ${JSON.stringify(query)}`)
    return Promise.resolve(pageOf(this.#scenario, query))
  }

  proofOf(hash: string): Promise<ExportedFile | null> {
    this.#calls.push(`proofOf ${hash}`)
    return Promise.resolve(textFile(`yoriai-proof-${hash.slice(0, 8)}.json`, '{}'))
  }

  exportLedger(): Promise<ExportedFile> {
    this.#calls.push('exportLedger')
    return Promise.resolve(textFile('yoriai-ledger.jsonl', 'sound'))
  }

  trace(modelHash: string): Promise<Trace> {
    this.#calls.push(`trace ${modelHash}`)
    return Promise.resolve(traceOf(this.#scenario, modelHash))
  }

  compareModel(bytes: Uint8Array, name: string): Promise<ModelComparison> {
    this.#calls.push(`compareModel ${bytes.length} ${name}`)
    return Promise.resolve({
      status: 'compared',
      name,
      correlation: 0.91,
      threshold: 0.66,
      probe: { hits: 431, samples: 500 },
      chance: 0.16,
      findings: [
        {
          rule: 'R3',
          severity: 'alert',
          kind: 'same-function',
          first: name,
          second: 'Saturday workshop',
          correlation: 0.91,
          threshold: 0.66,
        },
      ],
    })
  }

  openCommitment(commitment: string): Promise<ExportedFile | null> {
    this.#calls.push(`openCommitment ${commitment}`)
    return Promise.resolve(textFile('yoriai-opening.json', '{}'))
  }

  appraise(options: AppraiserOptions, listener: (event: AppraiserEvent) => void): AppraiserHandle {
    this.#calls.push(`appraise ${options.qualityFloorMillionths}`)
    let ended = false
    void Promise.resolve().then(() => {
      if (ended) return
      listener({ type: 'progress', stage: 'labels', fraction: 0.4 })
      listener({ type: 'appraised', appraisal: APPRAISAL })
      for (const point of CURVE) listener({ type: 'point', point })
      listener({ type: 'finished', points: CURVE })
    })
    return { close: () => (ended = true) }
  }

  leave(): Promise<Receipt> {
    this.#calls.push('leave')
    this.push({ phase: 'left' })
    return Promise.resolve(receiptOf(this.view))
  }

  close(): void {
    this.#calls.push('close')
    this.#listeners.clear()
  }
}

function textFile(name: string, text: string): ExportedFile {
  return { name, mediaType: 'application/json', bytes: new TextEncoder().encode(text) }
}

function viewOf(scenario: Scenario, options: JoinOptions): SessionView {
  const charter = charterOf(scenario)
  const early = scenario.phase === 'joining' || scenario.phase === 'preparing'
  const round = early ? 0 : scenario.phase === 'finished' ? 60 : scenario.round
  const history = historyOf(round)
  const newest = history.at(-1)
  const watching = scenario.phase === 'watching' || options.role === 'watcher'
  const failed = scenario.phase === 'failed'
  return {
    link: options.link,
    self: memberId(0),
    nickname: options.nickname,
    phase: watching ? 'watching' : scenario.phase,
    fault: failed ? { kind: 'trainer-crashed', detail: 'worker ended with code 1' } : null,
    charter: scenario.phase === 'joining' ? null : charter,
    round,
    step: early || watching ? 0 : 13,
    stepsInRound: early || watching ? 0 : 20,
    totalSteps: round * 20,
    samplesSeen: round * 640,
    stepsPerSecond: early || watching ? 0 : 61.7,
    effort: 1,
    backend: early
      ? null
      : {
          backend: 'webgpu',
          adapter: 'Apple M2',
          software: false,
          stepsPerSecond: 412,
          trials: [
            { backend: 'webgpu', outcome: { status: 'ok', stepsPerSecond: 412, maxLossError: 3e-6 } },
            { backend: 'wasm', outcome: { status: 'ok', stepsPerSecond: 91, maxLossError: 1e-6 } },
            { backend: 'webgl', outcome: { status: 'incorrect', maxLossError: 0.02 } },
            { backend: 'reference', outcome: { status: 'ok', stepsPerSecond: 77, maxLossError: 0 } },
            { backend: 'cpu', outcome: { status: 'unavailable', reason: 'took longer than 2 s' } },
          ],
        },
    data:
      early || watching
        ? null
        : {
            source: scenario.task === 'own' ? 'own' : 'part',
            trainSamples: 17_840,
            testSamples: 10_000,
            perClass: charter.classes.map((_, i) => (i < 3 ? 5_900 - i * 40 : 0)),
            addedExamples: 2,
          },
    own:
      newest === undefined ? null : { loss: newest.ownLoss!, accuracy: newest.ownAccuracy!, samples: 1000 },
    swarm:
      newest === undefined
        ? null
        : { loss: newest.swarmLoss!, accuracy: newest.swarmAccuracy!, samples: 1000 },
    history,
    members: membersOf(scenario, options.nickname),
    traffic: {
      sentBytes: round * 39_000,
      receivedBytes: round * 41_500,
      updatesSent: round,
      updatesReceived: round * (scenario.members - 1),
      float32Bytes: round * 407_080 * 2 * (scenario.members - 1),
    },
    swarmView: swarmOf(scenario, round),
    refusals: scenario.trouble ? REFUSALS : [],
    signaling: scenario.trouble ? 'closed' : 'open',
    entries: ledgerRows(scenario).length,
    modelHash: round === 0 ? '' : '9f2c41d07ab35e1188c0d4f6a2b7e95310ce44d8f1a60b7722d95c3e08fa6b14',
    modelHashRound: Math.max(0, round - 1),
    ledger: ledgerViewOf(scenario),
    governance: governanceOf(scenario),
    runs: runsOf(scenario),
    lending: lendingOf(scenario),
  }
}

function peaked(classes: number, at: number, p: number): Float32Array {
  return Float32Array.from({ length: classes }, (_, i) => (i === at ? p : (1 - p) / (classes - 1)))
}

function receiptOf(view: SessionView): Receipt {
  const entry = (seq: number, body: Entry['body']): Entry => ({
    v: 2,
    room: view.link.room,
    author: view.self,
    seq,
    prev: seq === 0 ? '' : 'a'.repeat(64),
    unixMs: NOW + seq,
    body,
    sig: `${seq}` + 'R3vYq0TzN8sWb1LhXaAmK4vXo2nD7cTq9LrYh1BzEwS5uGfJp8iN0aVtCk3RdMkR3vYq0TzN8sWb1LhXaAmK',
  })
  const work = (fromRound: number, toRound: number): Entry['body'] => ({
    kind: 'receipt',
    lineage: hashOf(1),
    device: 'AAAAAAAAAAAAAAAAAAAAAA',
    licence: '',
    previous: '',
    fromRound,
    toRound,
    fromStep: fromRound * 20,
    toStep: toRound * 20,
    samples: (toRound - fromRound) * 640,
    flop: String((toRound - fromRound) * 390_000_000),
    wallMs: (toRound - fromRound) * 320,
    modelBefore: hashOf(300),
    modelAfter: view.modelHash,
    updates: toRound - fromRound,
    updatesRoot: hashOf(301),
    sentBytes: 1,
    receivedBytes: 1,
  })
  return {
    format: 'yoriai-receipt-2',
    room: view.link.room,
    member: view.self,
    entries: [
      entry(0, { kind: 'join', nickname: view.nickname, role: 'trainer', part: 0, dataRoot: '' }),
      entry(1, work(0, 10)),
      entry(2, work(10, 24)),
      entry(3, { kind: 'leave' }),
    ],
  }
}
