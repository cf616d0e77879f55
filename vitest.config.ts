import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vitest/config'

// Node side: unit, property, contract and simulation tests. The browser side has its own file (vitest.browser.config.ts).
export default defineConfig({
  plugins: [svelte()],
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/**/*.browser.test.ts', 'node_modules/**'],
    testTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // Simulations make and forget much: with the usual young generation a seventh of their time is collecting.
    execArgv: ['--max-semi-space-size=64'],
  },
})
