// What ended a stay, in a form that the screens have words for.
import type { SessionFault } from '../ports/session.ts'

export function faultOf(cause: unknown): SessionFault {
  return { kind: faultKind(cause), detail: cause instanceof Error ? cause.message : String(cause) }
}

function faultKind(cause: unknown): SessionFault['kind'] {
  const kind = cause instanceof Error && 'kind' in cause ? cause.kind : undefined
  if (kind === 'no-backend') return 'no-backend'
  const aboutData = cause instanceof Error && (cause.name === 'DataError' || kind === 'no-data')
  return aboutData ? 'data-unavailable' : 'trainer-crashed'
}
