export interface PreparedTask {
  readonly task: string
  readonly status: 'fresh' | 'written'
  readonly folder: string
}

/** See prepare-data.mjs. Rejects with PrepareDataError. */
export function prepareData(options?: {
  readonly root?: string
  readonly out?: string
  readonly tasks?: readonly string[]
  readonly force?: boolean
  readonly log?: (line: string) => void
}): Promise<PreparedTask[]>

export class PrepareDataError extends Error {
  readonly kind: 'missing-package' | 'bad-source' | 'unknown-task'
}
