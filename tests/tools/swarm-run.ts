// One swarm from start to figures: real tabs join one room over real WebRTC, train, and are measured on everything held
// out; then one tab trains alone on the first part for as many steps. Prints nothing; progress goes to the caller.
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { lanAddresses, loadCertificate } from '../../signaling/certificate.ts'
import type { MetricPoint, SessionView } from '../../src/ports/session.ts'
import { imageDraft } from './drafts.ts'
import {
  createRig,
  createRoom,
  joinRoom,
  measureWhole,
  settle,
  sleep,
  waitForView,
  type Rig,
  type Tab,
} from './rig.ts'
import type { SwarmPlan } from './swarm-args.ts'

export interface SwarmMoment {
  readonly stage: 'joining' | 'training' | 'measuring' | 'alone'
  readonly seconds: number
  readonly members: readonly { readonly name: string; readonly view: SessionView | null }[]
}

export interface MemberResult {
  readonly name: string
  readonly classes: readonly number[]
  /** The room's model, measured in this tab. */
  readonly accuracy: number
  readonly ownAccuracy: number
  readonly samples: number
  readonly steps: number
  readonly backend: string
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly modelHash: string
  readonly modelHashRound: number
  readonly history: readonly MetricPoint[]
}

export interface SwarmResult {
  readonly rounds: number
  /** From the first step of the last tab to the end of training. */
  readonly seconds: number
  readonly members: readonly MemberResult[]
  readonly alone: {
    readonly accuracy: number
    readonly steps: number
    readonly history: readonly MetricPoint[]
  }
  readonly chromium: string
}

/** Lets the caller draw with the run's browser before it closes. */
export interface SwarmHooks {
  onMoment(moment: SwarmMoment): void
  onResult(result: SwarmResult, rig: Rig): Promise<void>
  readonly signal: AbortSignal
}

const NAMES = ['Aiko', 'Ben', 'Chidi', 'Dana', 'Emi', 'Farid', 'Greta', 'Hiro']
const POLL_MS = 500
const JOIN_LIMIT_MS = 120_000
const ALONE_LIMIT_MS = 600_000
const CERTIFICATES = fileURLToPath(new URL('../../.cert', import.meta.url))

export async function runSwarm(plan: SwarmPlan, hooks: SwarmHooks): Promise<SwarmResult> {
  const rig = await createRig(plan.https ? { tls: await certificate() } : {})
  const closeRig = (): void => void rig.close().catch(() => undefined)
  hooks.signal.addEventListener('abort', closeRig, { once: true })
  try {
    const result = await run(rig, plan, hooks)
    await hooks.onResult(result, rig)
    return result
  } finally {
    hooks.signal.removeEventListener('abort', closeRig)
    if (!hooks.signal.aborted) await rig.close()
  }
}

async function certificate() {
  return loadCertificate(path.resolve(CERTIFICATES), lanAddresses(), Date.now())
}

async function run(rig: Rig, plan: SwarmPlan, hooks: SwarmHooks): Promise<SwarmResult> {
  const { task, model, partition, rounds, seed } = plan
  const draft = { ...imageDraft({ task, model, partition, parts: plan.tabs, terms: { rounds } }), seed }
  const query = plan.backend === null ? '' : `?backend=${plan.backend}`
  const names = Array.from({ length: plan.tabs }, (_, i) => NAMES[i] ?? `Member ${i + 1}`)
  const tabs = await Promise.all(names.map(name => rig.openTab(name, { query })))
  const watch = startWatch(tabs, hooks)

  const link = await createRoom(tabs[0]!, draft)
  await Promise.all(tabs.map((tab, part) => joinRoom(tab, link, { part })))
  const hasStarted = ({ phase, step, totalSteps }: SessionView): boolean =>
    phase === 'finished' || (phase === 'training' && step + totalSteps > 0)
  await Promise.all(tabs.map(tab => waitForView(tab, 'the first step', hasStarted, JOIN_LIMIT_MS)))
  watch.enter('training')

  const startedAt = Date.now()
  const deadline = startedAt + 1000 * plan.seconds
  await watch.until(views => Date.now() >= deadline || views.every(view => view?.phase === 'finished'))
  const seconds = (Date.now() - startedAt) / 1000
  watch.enter('measuring')
  await settle(tabs)
  const members = []
  for (const tab of tabs) members.push(await measure(tab))
  const steps = Math.max(...members.map(member => member.steps))
  const reached = (await tabs[0]!.view())!.round
  await Promise.all(tabs.map(tab => tab.close()))

  watch.enter('alone')
  const hermit = await rig.openTab('alone', { query })
  watch.follow([hermit])
  const endless = { ...draft, terms: { ...draft.terms, rounds: 0 } }
  await joinRoom(hermit, await createRoom(hermit, endless), { part: 0 })
  await waitForView(hermit, 'as many steps', ({ totalSteps }) => totalSteps >= steps, ALONE_LIMIT_MS)
  await settle([hermit])
  const { own } = await measureWhole(hermit)
  const end = (await hermit.view())!
  watch.stop()
  return {
    rounds: reached,
    seconds,
    members,
    alone: { accuracy: own.accuracy, steps: end.totalSteps, history: end.history },
    chromium: rig.browser.version(),
  }
}

async function measure(tab: Tab): Promise<MemberResult> {
  const { own, swarm } = await measureWhole(tab)
  const view = (await tab.view())!
  return {
    name: tab.name,
    classes: (view.data?.perClass ?? []).flatMap((count, label) => (count > 0 ? [label] : [])),
    accuracy: swarm.accuracy,
    ownAccuracy: own.accuracy,
    samples: swarm.samples,
    steps: view.totalSteps,
    backend: view.backend?.backend ?? 'none',
    sentBytes: view.traffic.sentBytes,
    receivedBytes: view.traffic.receivedBytes,
    modelHash: view.modelHash,
    modelHashRound: view.modelHashRound,
    history: view.history,
  }
}

/** Looks at the tabs twice a second; a tab that fails ends the run with its reason. */
function startWatch(first: readonly Tab[], { onMoment, signal }: SwarmHooks) {
  const startedAt = Date.now()
  let tabs = first
  let stage: SwarmMoment['stage'] = 'joining'
  let views: (SessionView | null)[] = []
  let ended = false
  let failure: Error | undefined
  const look = async (): Promise<void> => {
    while (!ended && !signal.aborted) {
      const followed = tabs
      // A tab that is being closed cannot be read; the next look is at those that replace it.
      const read = await Promise.all(followed.map(tab => tab.view().catch(() => null)))
      if (followed === tabs) {
        views = read
        const fault = read.find(view => view?.phase === 'failed')?.fault
        if (fault) failure = new Error(`a tab failed: ${fault.kind} (${fault.detail})`)
        const members = followed.map(({ name }, i) => ({ name, view: read[i] ?? null }))
        onMoment({ stage, seconds: (Date.now() - startedAt) / 1000, members })
      }
      await sleep(POLL_MS)
    }
  }
  void look()
  return {
    enter(next: SwarmMoment['stage']): void {
      stage = next
    },
    follow(next: readonly Tab[]): void {
      tabs = next
    },
    async until(done: (views: readonly (SessionView | null)[]) => boolean): Promise<void> {
      while (!done(views)) {
        if (failure) throw failure
        signal.throwIfAborted()
        await sleep(POLL_MS / 2)
      }
    },
    stop(): void {
      ended = true
    },
  }
}
