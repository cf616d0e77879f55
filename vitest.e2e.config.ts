import { defineConfig } from 'vitest/config'

// Tests with several real tabs, other processes or a relay: one file at a time, since two cores are all that CI has.
export default defineConfig({
  test: {
    include: ['tests/**/*.spec.ts'],
    exclude: ['tests/e2e/screens-*.spec.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    pool: 'forks',
    fileParallelism: false,
    maxWorkers: 1,
  },
})
