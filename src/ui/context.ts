// How components reach the program without passing it through every level.
import { getContext, setContext } from 'svelte'
import type { App } from '../state/app.svelte.ts'

const KEY = Symbol('app')

export function provideApp(app: App): void {
  setContext(KEY, app)
}

/** To be called while a component is being created. */
export function useApp(): App {
  return getContext<App>(KEY)
}
