import { svelte } from '@sveltejs/vite-plugin-svelte'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { programSizePlugin } from './scripts/program-size.ts'
import { signalingPlugin } from './signaling/vite-plugin.ts'

export default defineConfig({
  base: './',
  plugins: [svelte(), signalingPlugin(), programSizePlugin()],
  resolve: {
    alias: {
      // simple-peer's normal entry expects Node's `global` and `Buffer`; its browser bundle does not.
      'simple-peer': 'simple-peer/simplepeer.min.js',
    },
  },
  worker: { format: 'es' },
  build: { target: 'es2022', manifest: true, chunkSizeWarningLimit: 1200 },
  server: { fs: { allow: [fileURLToPath(new URL('.', import.meta.url))] } },
})
