import { playwright } from '@vitest/browser-playwright'
import { defineConfig, mergeConfig } from 'vitest/config'
import { findChromium } from './scripts/chromium.mjs'
import viteConfig from './vite.config.ts'

// Tests inside a real Chromium, with WebGPU and WebGL over its software drivers where there is no GPU.
export default mergeConfig(
  viteConfig,
  defineConfig({
    // Found late, these would reload the page in the middle of a test.
    optimizeDeps: {
      include: [
        '@tensorflow/tfjs-core',
        '@tensorflow/tfjs-backend-cpu',
        '@tensorflow/tfjs-backend-wasm',
        '@tensorflow/tfjs-backend-webgl',
        '@tensorflow/tfjs-backend-webgpu',
        'idb',
        'simple-peer',
      ],
    },
    test: {
      include: ['tests/**/*.browser.test.ts'],
      testTimeout: 120_000,
      // Two cores: tests that time things must not run beside others.
      fileParallelism: false,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        instances: [{ browser: 'chromium' }],
        provider: playwright({
          launchOptions: {
            executablePath: await findChromium(),
            args: [
              ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
              '--enable-unsafe-webgpu',
              '--enable-unsafe-swiftshader',
              '--disable-background-networking',
              '--disable-component-update',
              '--disable-quic',
              '--disable-sync',
              '--no-first-run',
            ],
          },
        }),
      },
    },
  }),
)
