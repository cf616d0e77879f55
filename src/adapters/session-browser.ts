// A stay in a tab: links in the page, peer and trainer in a worker each, joined by message ports. The page only relays
// and shows. Everything is freed by close(), whichever part fails first.
import type { AppraiserHandle } from '../ports/appraiser.ts'
import type { ActionResult, GovernanceAction } from '../ports/governance-view.ts'
import type { CharterEntry } from '../peer/founding.ts'
import { CharterDesk } from '../peer/charter-desk.ts'
import type { JoinOptions, Session, SessionFault, SessionView } from '../ports/session.ts'
import type { Signaling } from '../ports/signaling.ts'
import type { Signer } from '../ports/signer.ts'
import type { Transport } from '../ports/transport.ts'
import type { FromPeer, PeerCall, PeerCalls, ToPeer } from '../workers/peer-messages.ts'
import type { PageToTrainer } from '../workers/trainer-messages.ts'
import { workerAppraiser } from './appraiser-browser.ts'
import { serveTransport } from './transport-port.ts'

const LINGER_MS = 1_000

export interface SessionParts {
  readonly options: JoinOptions
  readonly charter: CharterEntry
  readonly signer: Signer
  readonly slot: string
  readonly signaling: Signaling
  readonly transport: Transport
  readonly dataUrl: string
  readonly backend: string | null
}

/** Resolves with the first view. */
export function openSession(parts: SessionParts): Promise<Session> {
  const { options, charter, signer, slot, signaling, transport, dataUrl, backend } = parts
  const trainerWorker = new Worker(new URL('../workers/trainer.worker.ts', import.meta.url), {
    type: 'module',
  })
  const peerWorker = new Worker(new URL('../workers/peer.worker.ts', import.meta.url), { type: 'module' })
  const links = new MessageChannel()
  const training = new MessageChannel()
  const desk = new CharterDesk(signaling, options.link.room, signer, charter, () => undefined)
  serveTransport(transport, links.port1)
  const tellTrainer = (message: PageToTrainer, transfer: Transferable[] = []): void =>
    trainerWorker.postMessage(message, transfer)
  tellTrainer({ type: 'connect', port: training.port1 }, [training.port1])

  const listeners = new Set<(view: SessionView) => void>()
  const calls = new Map<number, { resolve: (value: unknown) => void; reject: (cause: Error) => void }>()
  let latest: SessionView | undefined
  let introductions: SessionView['signaling'] = signaling.state
  let nextCall = 0
  let closed = false
  /** The server's word that this member may not come in; links that exist go on. */
  let refusal: SessionFault | null = null

  const tell = (message: ToPeer, transfer: Transferable[] = []): void =>
    peerWorker.postMessage(message, transfer)
  const publish = (): void => {
    if (!latest || closed) return
    latest = { ...latest, signaling: introductions, fault: latest.fault ?? refusal }
    for (const listener of listeners) listener(latest)
  }
  // A server that is being redialled is out of reach all the same: newcomers cannot join until it answers.
  const unsubscribe = signaling.subscribe(event => {
    const { type } = event
    if (event.type === 'closed' && event.reason !== 'network') refusal = { kind: event.reason, detail: '' }
    if (type !== 'open' && type !== 'closed') return
    introductions = type
    publish()
  })

  const call = <Name extends keyof PeerCalls>(
    name: Name,
    ...args: Parameters<PeerCalls[Name]>
  ): Promise<ReturnType<PeerCalls[Name]>> =>
    new Promise((resolve, reject) => {
      const id = nextCall++
      calls.set(id, { resolve: value => resolve(value as ReturnType<PeerCalls[Name]>), reject })
      tell({ type: 'call', id, call: { name, args } as PeerCall })
    })

  /** An order that stops the room with this member's word alone stops its own job on the straight way, like its own pause. */
  const act = async (action: GovernanceAction): Promise<ActionResult> => {
    const { phase, governance } = latest!
    const alone = action.type === 'hold' || (action.type === 'order' && governance.terms.quorum === 1)
    const stops = action.type === 'hold' || (action.type === 'order' && action.action === 'pause')
    const direct = stops && alone && governance.isGuardian && phase === 'training'
    if (direct) tellTrainer({ type: 'setPaused', paused: true })
    const result = await call('act', action)
    const runs = latest!.phase === 'training' && latest!.governance.compute.status === 'running'
    if (direct && result.status === 'refused' && runs) tellTrainer({ type: 'setPaused', paused: false })
    return result
  }

  const close = (): void => {
    if (closed) return
    closed = true
    removeEventListener('pagehide', close)
    unsubscribe()
    desk.close()
    tell({ type: 'close' })
    transport.close()
    signaling.close()
    trainerWorker.terminate()
    // The peer says its last words through the transport's port; then it ends itself.
    setTimeout(() => peerWorker.terminate(), 500)
    for (const { reject } of calls.values()) reject(new Error('the room was closed'))
    calls.clear()
  }
  addEventListener('pagehide', close)

  return new Promise((resolve, reject) => {
    const crashed = (event: ErrorEvent): void => {
      const detail = event.message || 'a worker could not start'
      if (!latest) {
        close()
        reject(new Error(detail))
        return
      }
      latest = { ...latest, phase: 'failed', fault: { kind: 'trainer-crashed', detail } }
      publish()
    }
    trainerWorker.onerror = event => {
      if (latest) tell({ type: 'trainer-crashed', detail: event.message || 'the training worker ended' })
      else crashed(event)
    }
    peerWorker.onerror = crashed
    peerWorker.onmessage = ({ data }: MessageEvent<FromPeer>) => {
      if (data.type === 'answer') {
        calls.get(data.id)?.resolve(data.value)
        calls.delete(data.id)
        return
      }
      if (data.type === 'not-started') {
        close()
        reject(new Error(data.message))
        return
      }
      if (data.type === 'failed') {
        calls.get(data.id)?.reject(new Error(data.message))
        calls.delete(data.id)
        return
      }
      const first = latest === undefined
      latest = data.view
      publish()
      if (first) resolve(session)
    }
    const { link, nickname, role, part, own } = options
    tell(
      {
        type: 'start',
        transport: links.port2,
        trainer: training.port2,
        options: { link, nickname, role, part, own },
        charter,
        slot,
        dataUrl,
        backend,
      },
      [links.port2, training.port2],
    )
    const session: Session = {
      get view() {
        // reason: the session is handed out only after the first view came.
        return latest!
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      setPaused(paused) {
        const { phase, governance } = latest!
        // Straight to the trainer too: "within one step" must not wait until the peer has mixed a round. Going on is for
        // the peer to say where the room as a whole stands still.
        const mayTell = paused || governance.compute.status === 'running'
        if (mayTell && (phase === 'training' || phase === 'paused'))
          tellTrainer({ type: 'setPaused', paused })
        tell({ type: 'paused', paused })
      },
      setEffort: effort => tell({ type: 'effort', effort }),
      predict: sample => call('predict', sample),
      addExamples: data => call('addExamples', data),
      testSamples: (offset, count) => call('testSamples', offset, count),
      exportModel: format => call('exportModel', format),
      measureWhole: () => call('measureWhole'),
      measureReconstruction: () => call('measureReconstruction'),
      act: action => act(action),
      actRun: action => call('actRun', action),
      ledgerPage: query => call('ledgerPage', query),
      proofOf: hash => call('proofOf', hash),
      exportLedger: () => call('exportLedger'),
      trace: modelHash => call('trace', modelHash),
      compareModel: (bytes, name) => call('compareModel', bytes, name),
      openCommitment: commitment => call('openCommitment', commitment),
      appraise(options, listener) {
        let run: AppraiserHandle | null = null
        let ended = false
        call('ownSamples').then(
          samples => {
            if (ended) return
            if (samples) run = workerAppraiser.start(samples, options, listener)
            else listener({ type: 'refused', refusal: { kind: 'no-samples' } })
          },
          (cause: unknown) => {
            if (!ended) listener({ type: 'crashed', message: String(cause) })
          },
        )
        return {
          close() {
            ended = true
            run?.close()
          },
        }
      },
      async leave() {
        const receipt = await call('leave')
        // The leave entry is on its way through the page's links: they linger a moment before everything is freed.
        setTimeout(close, LINGER_MS)
        return receipt
      },
      close,
    }
  })
}
