// Opens one tfjs backend in this realm: loads its code, sets the flags that its known faults call for, makes it the
// current one and says what it runs on. tfjs has one engine per realm, so one backend is open at a time; a closed one
// stays warm until another is opened. Throws TrainerError 'no-backend' where the machine has none.
import {
  backend,
  enableProdMode,
  engine,
  env,
  findBackendFactory,
  getBackend,
  registerBackend,
  removeBackend,
  setBackend,
} from '@tensorflow/tfjs-core'
import { type BackendName, TrainerError } from '../../ports/trainer.ts'
import { registerWasmConvGradient } from './wasm-conv-gradient.ts'

export type TfjsBackend = Exclude<BackendName, 'reference'>

export interface OpenBackend {
  readonly name: TfjsBackend
  readonly adapter: string
  /** A rasteriser on the CPU that poses as a GPU. */
  readonly software: boolean
  /** Work is queued: submitting returns at once, reading a value back waits. */
  readonly queued: boolean
  /** Most values that one tensor may hold on this device. */
  readonly maxTensorSize: number
  /** Resolves (never rejects) when the device is gone, and what was on it with it. */
  readonly lost: Promise<void>
  /** Dispose tensors first: those of a lost device go with it. */
  close(): void
}

type Description = Omit<OpenBackend, 'name' | 'close'>

type Warm = { readonly name: TfjsBackend; readonly description: Description; isLost: boolean }

/** The backend of this realm while anybody uses it, and how many do. */
let current: {
  readonly name: TfjsBackend
  readonly warm: Promise<Warm>
  users: number
  isLost: boolean
} | null = null
/** Closed but kept with its compiled shaders, in case the same one is wanted again. */
let idle: Warm | null = null

/** Several may use one backend at a time, each for itself; another backend only when all have closed theirs. */
export async function openBackend(name: TfjsBackend): Promise<OpenBackend> {
  if (current !== null && !current.isLost && current.name !== name)
    throw new TrainerError('no-backend', 'another backend is open in this realm')
  const used =
    current !== null && !current.isLost ? current : { name, warm: wakeUp(name), users: 0, isLost: false }
  current = used
  used.users++
  const leave = (): void => {
    used.users--
    if (used.users === 0 && current === used) current = null
  }
  try {
    const warm = await used.warm
    void warm.description.lost.then(() => (used.isLost = true))
    let closed = false
    return {
      name,
      ...warm.description,
      close() {
        if (closed) return
        closed = true
        leave()
        if (current !== null) return
        if (warm.isLost) discard(name)
        else idle = warm
      },
    }
  } catch (cause) {
    leave()
    if (current === null) discard(name)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TrainerError('no-backend', `${name}: ${reason}`, { cause })
  }
}

async function wakeUp(name: TfjsBackend): Promise<Warm> {
  const before = idle
  idle = null
  if (before !== null && before.name === name && !before.isLost) return before
  if (before !== null) discard(before.name)
  enableProdMode()
  const describe = await load(name)
  if (!(await setBackend(name)) || getBackend() !== name) throw new Error('initialisation failed')
  const opened = { name, description: describe(), isLost: false }
  void opened.description.lost.then(() => (opened.isLost = true))
  return opened
}

// A removed backend loses its factory too; the package registers it only once, when its code loads.
const factories = new Map<TfjsBackend, ReturnType<typeof findBackendFactory>>()

function restoreFactory(name: TfjsBackend): void {
  const { registryFactory } = engine()
  if (name in registryFactory) factories.set(name, findBackendFactory(name))
  const factory = factories.get(name)
  if (factory === undefined) throw new Error('not supported here')
  if (!(name in registryFactory)) registerBackend(name, factory)
}

function discard(name: TfjsBackend): void {
  if (name in engine().registryFactory) removeBackend(name)
}

/** Makes the backend available to setBackend; what it returns describes it once it is the current one. */
async function load(name: TfjsBackend): Promise<() => Description> {
  switch (name) {
    case 'webgpu':
      return loadWebgpu()
    case 'webgl':
      return loadWebgl()
    case 'wasm':
      return loadWasm()
    case 'cpu':
      await import('@tensorflow/tfjs-backend-cpu')
      restoreFactory('cpu')
      return () => onCpu('JavaScript on the CPU')
  }
}

const neverLost = new Promise<void>(() => undefined)

function onCpu(adapter: string): Description {
  return { adapter, software: false, queued: false, maxTensorSize: 2 ** 28, lost: neverLost }
}

async function loadWasm(): Promise<() => Description> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm')
  // Minified threaded WASM hangs in cross-origin isolated pages.
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false)
  if (env().getBool('IS_BROWSER')) {
    const { wasmBinaries } = await import('./wasm-binaries.ts')
    setWasmPaths(wasmBinaries)
  }
  restoreFactory('wasm')
  registerWasmConvGradient()
  const simd = await env().getAsync('WASM_HAS_SIMD_SUPPORT')
  return () => onCpu(simd ? 'WebAssembly with SIMD' : 'WebAssembly')
}

async function loadWebgl(): Promise<() => Description> {
  const { MathBackendWebGL } = await import('@tensorflow/tfjs-backend-webgl')
  // Whether a software rasteriser is fast enough is for measurement to say.
  env().set('SOFTWARE_WEBGL_ENABLED', true)
  restoreFactory('webgl')
  return () => {
    const webgl = backend()
    if (!(webgl instanceof MathBackendWebGL)) throw new Error('not the WebGL backend')
    const { gl } = webgl.gpgpu
    const info = gl.getExtension('WEBGL_debug_renderer_info')
    const renderer = String(gl.getParameter(info === null ? gl.RENDERER : info.UNMASKED_RENDERER_WEBGL))
    const extent = env().getNumber('WEBGL_MAX_TEXTURE_SIZE')
    return {
      ...named(renderer, false),
      queued: true,
      maxTensorSize: Math.min(extent * extent, 2 ** 26),
      lost: new Promise(resolve => {
        gl.canvas.addEventListener('webglcontextlost', () => resolve(), { once: true })
      }),
    }
  }
}

async function loadWebgpu(): Promise<() => Description> {
  const gpu = (globalThis.navigator as Navigator | undefined)?.gpu
  if (gpu === undefined) throw new Error('not supported here')
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' })
  if (adapter === null) throw new Error('no adapter')
  const { info } = adapter
  const name =
    [info.description, info.device, info.architecture, info.vendor].find(text => text !== '') ?? 'GPU'
  const adapterName = named(name, info.isFallbackAdapter === true)
  const { WebGPUBackend } = await import('@tensorflow/tfjs-backend-webgpu')
  // Software adapters choke on the fused convolution shader: measured three times slower.
  env().set('WEBGPU_CONV_SEPARATE_IM2COL_SHADER', adapterName.software)
  restoreFactory('webgpu')
  return () => {
    const webgpu = backend()
    if (!(webgpu instanceof WebGPUBackend)) throw new Error('not the WebGPU backend')
    const { device } = webgpu
    return {
      ...adapterName,
      queued: true,
      maxTensorSize: Math.floor(device.limits.maxStorageBufferBindingSize / 4),
      lost: device.lost.then(() => undefined),
    }
  }
}

function named(adapter: string, fallback: boolean): { readonly adapter: string; readonly software: boolean } {
  const software = fallback || /swiftshader|llvmpipe|lavapipe|softpipe|basic render|software/i.test(adapter)
  return { adapter: software && !/software/i.test(adapter) ? `${adapter} (software)` : adapter, software }
}
