// Composition root: builds the program and mounts it. Everything that a room needs (links, ledger, trainer) loads after
// the first screen, behind the one lazy import below.
import { mount } from 'svelte'
import { App } from './state/app.svelte.ts'
import Root from './ui/App.svelte'

const app = new App(
  async () => {
    const { createRooms } = await import('./adapters/rooms-browser.ts')
    return createRooms()
  },
  {
    swarm: async () => (await import('./adapters/lab-browser.ts')).workerLab,
    market: async () => (await import('./adapters/market-lab-browser.ts')).openWorkerMarket,
  },
  mayResume,
)

/** An interrupted stay leaves its trace in the tab's own storage, which throws where storage is blocked. */
function mayResume(): boolean {
  try {
    return sessionStorage.length > 0
  } catch {
    return false
  }
}

declare global {
  interface Window {
    /** The console's window into the program: `yoriai.stay.view` is what the screens are fed. */
    yoriai?: App
  }
}
window.yoriai = app

const target = document.getElementById('app')
if (target === null) throw new Error('index.html has no #app')
mount(Root, { target, props: { app } })
