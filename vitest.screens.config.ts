import { defineConfig } from 'vitest/config'

// The screens on acted rooms: one tab at a time and no clock that matters, so two files may run beside each other.
export default defineConfig({
  test: {
    include: ['tests/e2e/screens-*.spec.ts'],
    testTimeout: 180_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
  },
})
