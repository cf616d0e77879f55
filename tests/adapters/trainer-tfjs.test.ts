import { engine } from '@tensorflow/tfjs-core'
import { createTfjsTrainer } from '../../src/adapters/trainer-tfjs.ts'
import { trainerContract } from '../contract/trainer.ts'

const countTensors = (): number => engine().state.numTensors

for (const backend of ['wasm', 'cpu'] as const) {
  trainerContract(`tfjs ${backend}, Node`, config => createTfjsTrainer(config, backend), {
    backend,
    models: ['logistic', 'mlp', 'cnn'],
    side: backend === 'cpu' ? 8 : 12,
    countTensors,
  })
}
