// Vite plugin: writes program-size.json beside the page, so that the green room can say what joining will download. Counts
// every script and the one WASM binary that a browser takes, gzip-compressed, without what the first screen has loaded.
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

/** The plain binary is for browsers without SIMD, which hardly anybody has. */
const TAKEN = /(\.js|-simd-[\w-]+\.wasm)$/

export function programSizePlugin(): Plugin {
  return {
    name: 'yoriai-program-size',
    apply: 'build',
    generateBundle(_, bundle) {
      const first = new Set<string>()
      const visit = (file: string): void => {
        const chunk = bundle[file]
        if (chunk?.type !== 'chunk' || first.has(file)) return
        first.add(file)
        chunk.imports.forEach(visit)
      }
      for (const [file, chunk] of Object.entries(bundle))
        if (chunk.type === 'chunk' && chunk.isEntry) visit(file)
      let lazyBytes = 0
      for (const [file, output] of Object.entries(bundle)) {
        if (first.has(file) || !TAKEN.test(file)) continue
        lazyBytes += gzipSync(output.type === 'chunk' ? output.code : output.source).length
      }
      this.emitFile({ type: 'asset', fileName: 'program-size.json', source: JSON.stringify({ lazyBytes }) })
    },
  }
}
