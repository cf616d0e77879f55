// The trainer in the page of a real Chromium, on every backend that it has. WebGPU without an adapter fails here.
import { engine } from '@tensorflow/tfjs-core'
import { createTfjsTrainer } from '../../src/adapters/trainer-tfjs.ts'
import { trainerContract } from '../contract/trainer.ts'

const countTensors = (): number => engine().state.numTensors

trainerContract('tfjs wasm, Chromium', config => createTfjsTrainer(config, 'wasm'), {
  backend: 'wasm',
  models: ['logistic', 'mlp', 'cnn'],
  countTensors,
})

trainerContract('tfjs webgl, Chromium', config => createTfjsTrainer(config, 'webgl'), {
  backend: 'webgl',
  models: ['logistic', 'mlp', 'cnn'],
  side: 8,
  countTensors,
})

trainerContract('tfjs webgpu, Chromium', config => createTfjsTrainer(config, 'webgpu'), {
  backend: 'webgpu',
  models: ['logistic', 'mlp', 'cnn'],
  side: 6,
  // The count over 1,000 steps is taken in Node, over the same software driver.
})
