// Appraises the tab's own training data away from the page, which ends this worker. One data set, one appraisal. Only
// numbers are said: events of the port have no place for a sample.
import { appraiseData } from '../adapters/appraise-data.ts'
import type { AppraiserEvent, AppraiserOptions, OwnSamples } from '../ports/appraiser.ts'

export interface AppraiseOrder {
  readonly type: 'start'
  readonly samples: OwnSamples
  readonly options: AppraiserOptions
}

self.onmessage = ({ data: order }: MessageEvent<AppraiseOrder>) => {
  try {
    for (const event of appraiseData(order.samples, order.options)) answer(event)
  } catch (error) {
    answer({ type: 'crashed', message: String(error) })
  }
}

function answer(event: AppraiserEvent): void {
  self.postMessage(event)
}
