import { createMemoryStore } from '../../src/adapters/store-memory.ts'
import { storeContract } from '../contract/store.ts'

storeContract(() => Promise.resolve(createMemoryStore()))
