// The checks of the green room: what this browser can do, found out without computing anything or talking to anybody.
import type { GreenRoomChecks } from '../ports/session.ts'

/** Calls back at once and after each finding; returns the end of it. */
export function runGreenRoomChecks(listener: (checks: GreenRoomChecks) => void): () => void {
  let ended = false
  let checks: GreenRoomChecks = {
    secureContext: globalThis.isSecureContext,
    webgpu: { status: 'checking', adapter: '' },
    webrtc: typeof RTCPeerConnection === 'function',
    storage: { status: 'checking', freeBytes: null },
    ed25519: 'checking',
  }
  const found = (finding: Partial<GreenRoomChecks>): void => {
    checks = { ...checks, ...finding }
    if (!ended) listener(checks)
  }
  found({})
  void findAdapter().then(webgpu => found({ webgpu }))
  void findStorage().then(storage => found({ storage }))
  void findEd25519().then(ed25519 => found({ ed25519 }))
  return () => {
    ended = true
  }
}

async function findAdapter(): Promise<GreenRoomChecks['webgpu']> {
  try {
    const adapter = await navigator.gpu.requestAdapter()
    if (!adapter) return { status: 'missing', adapter: '' }
    const { vendor, architecture, description, device, isFallbackAdapter } = adapter.info
    const name = description || [vendor, architecture || device].filter(part => part !== '').join(' ')
    const software = isFallbackAdapter || /swiftshader|llvmpipe/i.test(`${name} ${architecture}`)
    return { status: software ? 'software' : 'ok', adapter: name }
  } catch {
    // No navigator.gpu, or a driver that refuses: the CPU takes over.
    return { status: 'missing', adapter: '' }
  }
}

async function findStorage(): Promise<GreenRoomChecks['storage']> {
  try {
    await new Promise<void>((resolve, reject) => {
      const probe = indexedDB.open('yoriai-probe')
      probe.onsuccess = () => {
        probe.result.close()
        indexedDB.deleteDatabase('yoriai-probe')
        resolve()
      }
      probe.onerror = () => reject(new Error('indexedDB refused'))
    })
    const { quota, usage } = await navigator.storage.estimate()
    return { status: 'ok', freeBytes: quota === undefined ? null : quota - (usage ?? 0) }
  } catch {
    // Private windows: the room works, a reload forgets it.
    return { status: 'missing', freeBytes: null }
  }
}

async function findEd25519(): Promise<GreenRoomChecks['ed25519']> {
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
    return 'ok'
  } catch {
    // No secure context, or a browser from before 2025.
    return 'missing'
  }
}
