import { createReferenceTrainer } from '../../src/adapters/trainer-reference.ts'
import { trainerContract } from '../contract/trainer.ts'

trainerContract('reference', async config => createReferenceTrainer(config), {
  backend: 'reference',
  models: ['logistic', 'mlp', 'cnn'],
})
