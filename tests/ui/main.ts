// Mounts the screens on acted rooms, for tests of the screens alone. Never part of the shipped program: index.html at
// the root is its only entry.
import { mount } from 'svelte'
import { workerLab } from '../../src/adapters/lab-browser.ts'
import { openWorkerMarket } from '../../src/adapters/market-lab-browser.ts'
import { App } from '../../src/state/app.svelte.ts'
import Root from '../../src/ui/App.svelte'
import { createFakeRooms, type FakeRooms, readScenario } from './fake-rooms.ts'

declare global {
  interface Window {
    /** For tests: what the screens did, and a way to change the acted room under them. */
    fake: FakeRooms
  }
}

window.fake = createFakeRooms(readScenario(new URLSearchParams(location.search)))
const labFails = new URLSearchParams(location.search).has('labfails')
const app = new App(() => Promise.resolve(window.fake.rooms), {
  swarm: () => (labFails ? Promise.reject(new Error('no lab')) : Promise.resolve(workerLab)),
  market: () => (labFails ? Promise.reject(new Error('no lab')) : Promise.resolve(openWorkerMarket)),
})
mount(Root, { target: document.getElementById('app')!, props: { app } })
