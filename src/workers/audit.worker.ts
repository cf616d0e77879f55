// Audits an exported ledger away from the page: a large one takes half a minute. One file, one answer; the page ends the
// worker.
import { verifySignature } from '../adapters/signer-webcrypto.ts'
import type { AuditReport } from '../core/room/audit-report.ts'
import { createAudit } from '../core/room/audit.ts'

export interface AuditQuestion {
  readonly bytes: Uint8Array<ArrayBuffer>
}

export type AuditAnswer =
  | { readonly type: 'progress'; readonly fraction: number }
  | { readonly type: 'report'; readonly report: AuditReport }
  | { readonly type: 'crashed'; readonly message: string }

/** Read at once; between pieces the page hears how far it is. */
const PIECE_BYTES = 256 * 1024

self.onmessage = async ({ data: { bytes } }: MessageEvent<AuditQuestion>) => {
  try {
    const audit = createAudit(verifySignature)
    for (let at = 0; at < bytes.length && !audit.isBroken; at += PIECE_BYTES) {
      await audit.push(bytes.subarray(at, at + PIECE_BYTES))
      answer({ type: 'progress', fraction: Math.min(1, (at + PIECE_BYTES) / bytes.length) })
    }
    answer({ type: 'report', report: await audit.finish() })
  } catch (error) {
    answer({ type: 'crashed', message: String(error) })
  }
}

function answer(message: AuditAnswer): void {
  self.postMessage(message)
}
