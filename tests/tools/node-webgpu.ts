// WebGPU in Node: Dawn, over any Vulkan driver. Where the machine has none, the software driver and the loader that
// every Chromium ships serve, so that GPU code runs for real on machines without a GPU. Call before tfjs' WebGPU
// backend is loaded. Never skips: no adapter is an error.
import { existsSync, realpathSync } from 'node:fs'
import os from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { findChromium } from '../../scripts/chromium.mjs'

/** Puts navigator.gpu and the WebGPU globals in place. `hardware` tries the machine's own drivers first. */
export async function installNodeWebgpu(driver: 'hardware' | 'software'): Promise<GPU> {
  const { create, globals } = await import('webgpu')
  Object.assign(globalThis, globals)
  let gpu = driver === 'hardware' ? create([]) : null
  if (gpu === null || (await gpu.requestAdapter()) === null) {
    await useChromiumVulkan()
    gpu = create([])
  }
  if ((await gpu.requestAdapter()) === null)
    throw new Error('no WebGPU adapter, not even the software one of Chromium')
  const { navigator } = globalThis as { navigator?: object }
  if (navigator === undefined)
    Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true })
  else Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true })
  return gpu
}

async function useChromiumVulkan(): Promise<void> {
  const executable = realpathSync(await findChromium())
  const folders = [
    dirname(executable),
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/opt/google/chrome',
  ]
  const folder = folders.find(candidate => existsSync(join(candidate, 'vk_swiftshader_icd.json')))
  if (folder === undefined) throw new Error(`no software Vulkan driver in ${folders.join(', ')}`)
  process.env['VK_ICD_FILENAMES'] = join(folder, 'vk_swiftshader_icd.json')
  const loader = join(folder, 'libvulkan.so.1')
  if (existsSync(loader)) keepLoaded(loader)
}

/**
 * Maps a shared library into the process, so that whoever asks for it by name later finds it: the search path of
 * libraries is fixed at process start. Node refuses a library that is not an add-on, but what is mapped stays.
 */
function keepLoaded(library: string): void {
  const stayMapped = 0x1000 // RTLD_NODELETE of Linux, which Node does not name
  try {
    process.dlopen({ exports: {} }, library, os.constants.dlopen.RTLD_NOW | stayMapped)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_DLOPEN_FAILED') throw error
  }
}
