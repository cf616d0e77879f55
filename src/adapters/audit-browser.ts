// Rooms.verifyLedger in a worker of its own, which ends with the answer. Needs Ed25519 in WebCrypto, no room, no network.
// Rejects only if the program itself fails (the worker's script cannot be loaded, or a bug): a file that is no ledger is a
// broken one.
import type { AuditReport } from '../core/room/audit-report.ts'
import type { AuditAnswer, AuditQuestion } from '../workers/audit.worker.ts'

/** @param progress gets the fraction of the bytes that were checked */
export async function verifyLedgerInWorker(
  bytes: Uint8Array,
  progress: (fraction: number) => void,
): Promise<AuditReport> {
  const worker = new Worker(new URL('../workers/audit.worker.ts', import.meta.url), { type: 'module' })
  try {
    return await new Promise<AuditReport>((resolve, reject) => {
      worker.onerror = event => reject(new Error(event.message))
      worker.onmessage = ({ data }: MessageEvent<AuditAnswer>) => {
        switch (data.type) {
          case 'progress':
            return progress(data.fraction)
          case 'report':
            return resolve(data.report)
          case 'crashed':
            return reject(new Error(data.message))
          default:
            data satisfies never
        }
      }
      // A copy is handed over: the caller may still want to save what it had verified.
      const question: AuditQuestion = { bytes: new Uint8Array(bytes) }
      worker.postMessage(question, [question.bytes.buffer])
    })
  } finally {
    worker.terminate()
  }
}
