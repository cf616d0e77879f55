// Notes in a page, from before its first script, what it builds that computes or connects: workers and WebRTC connections.
import type { Page } from 'playwright'

interface Witnessed {
  /** Addresses of the workers' scripts. */
  readonly workers: readonly string[]
  readonly connections: number
}

declare global {
  interface Window {
    yoriaiWitness?: { workers: string[]; connections: number }
  }
}

/** For TabOptions.prepare. */
export async function witness(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const seen = { workers: [] as string[], connections: 0 }
    window.yoriaiWitness = seen
    window.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options)
        seen.workers.push(String(url))
      }
    }
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration)
        seen.connections++
      }
    }
  })
}

export async function witnessed(page: Page): Promise<Witnessed> {
  const seen = await page.evaluate(() => window.yoriaiWitness)
  if (!seen) throw new Error('the page was opened without its witness')
  return seen
}
