// Holds the compiler to "every kind has its words": each dictionary section must cover its union exactly. Also the one
// place that turns a loader's problem into a sentence.
import type { DataErrorKind } from '../core/data/error.ts'
import type { PresetName } from '../core/model/presets.ts'
import type { DataWords } from '../i18n/en-errors.ts'
import type { Format } from '../i18n/format.ts'
import type { OwnDataProblem } from '../ports/own-data.ts'
import type { ComputeState } from '../ports/governance-view.ts'
import type { MemberView, Phase, Preview, RefusalReason, SessionFault } from '../ports/session.ts'
import type { BackendName } from '../ports/trainer.ts'
import type { LinkFault } from './link.ts'
import type { Dictionary } from './settings.svelte.ts'

export type AppFault =
  | 'create'
  | 'join'
  | 'leave-failed'
  | 'export-failed'
  | 'predict-failed'
  | 'add-failed'
  | 'trace-failed'
  | 'open-failed'
  | 'delete-failed'
  | 'unexpected'

interface Words {
  readonly error: {
    readonly link: Record<LinkFault, string>
    readonly preview: Record<Extract<Preview, { status: 'failed' }>['reason'], string>
    readonly session: Record<SessionFault['kind'], string>
    readonly app: Record<AppFault, string>
    readonly data: Record<DataErrorKind, (words: DataWords) => string>
  }
  readonly refusal: Record<RefusalReason, string>
  readonly room: {
    readonly phase: Record<Phase, string>
    readonly phaseText: Record<Phase, string>
    readonly status: Record<MemberView['status'], string>
    readonly compute: Record<ComputeState['status'], string>
    readonly backendNames: Record<BackendName, string>
  }
}

/** The dictionary seen through the unions: assigning is the check. */
export function wordsOf(dictionary: Dictionary): Words {
  return dictionary
}

/** Kinds whose limit counts bytes, not things. */
const BYTE_LIMITS: ReadonlySet<DataErrorKind> = new Set(['file-too-big', 'total-too-big', 'schema-too-big'])

export function dataSentence({ kind, detail }: OwnDataProblem, t: Dictionary, f: Format): string {
  const written = (value: string | number | undefined): string =>
    typeof value === 'number' ? f.int(value) : (value ?? '')
  const limit = detail.limit ?? 0
  const sentence = wordsOf(t).error.data[kind]({
    column: detail.column ?? '',
    value: shorten(detail.value ?? ''),
    expected: written(detail.expected),
    found: written(detail.found),
    limit: BYTE_LIMITS.has(kind) ? f.bytes(limit) : f.int(limit),
  })
  return sentence
}

/** Where it is, or "" when it is about everything. */
export function dataPlace({ detail }: OwnDataProblem, t: Dictionary, f: Format): string {
  if (detail.file === undefined || detail.file === '') return ''
  return detail.line === undefined ? t.own.asFile(detail.file) : t.own.asLine(detail.file, f.int(detail.line))
}

function shorten(value: string): string {
  const chars = [...value]
  return chars.length <= 40 ? value : `${chars.slice(0, 39).join('')}…`
}

export type ShownPreset = 'logistic' | 'mlp' | 'cnn'

/** A table's network and an image's are one choice to a person. */
export function shownPreset(preset: PresetName): ShownPreset {
  return preset === 'tableMlp' ? 'mlp' : preset
}
