// Where a bundler puts the WASM backend's binaries. Browser only: Node finds them beside the package itself.
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'

export const wasmBinaries = {
  'tfjs-backend-wasm.wasm': plain,
  'tfjs-backend-wasm-simd.wasm': simd,
  // Threads are switched off (open-backend.ts), so this name is never asked for; the map must be complete all the same.
  'tfjs-backend-wasm-threaded-simd.wasm': simd,
}
