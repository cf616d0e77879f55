// The profile of a plan: the room's own, or a control's.
import { createOneBit } from '../../core/compress/one-bit.ts'
import { createSparse } from '../../core/compress/sparse.ts'
import type { Profile } from '../../core/gossip/machine.ts'
import { ruleOf } from '../../core/robust/rules.ts'
import { createProfile } from '../../peer/profile.ts'
import { coordinateMedian, float32Codec, joinProfile } from './controls.ts'
import type { LabPlan } from './plan.ts'

export function profileOf({ exchange, terms }: LabPlan, parameters: number): Profile {
  switch (exchange) {
    case 'room':
      return createProfile(parameters, terms)
    case 'float32': {
      const rule = ruleOf(terms.rule, { trusted: terms.trusted === 'yes' })
      return joinProfile(float32Codec(parameters), rule, terms)
    }
    case 'median': {
      const codec = terms.profile === 'sparse' ? createSparse(parameters) : createOneBit(parameters)
      return joinProfile(codec, coordinateMedian, terms)
    }
  }
  exchange satisfies never
  throw new RangeError('unknown exchange')
}
