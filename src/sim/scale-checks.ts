// The promise of a big room: a member of a thousand pays what a member of a hundred pays, and the model is as good. Both
// rooms run at the same time, each in its own process.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ScaleFigures, ScaleOptions } from './scale.ts'
import type { Check } from './scenarios.ts'

const FEW = 100
const HEAP_MB = 11_000
/** Either way. */
const BYTES_APART = 0.1
const ONE_POINT = 0.01

interface ScaleResult {
  readonly checks: readonly Check[]
  readonly few: ScaleFigures
  readonly many: ScaleFigures
}

export async function runScaleTwice(
  members: number,
  rounds: number,
  seed: string,
  progress: (line: string) => void,
): Promise<ScaleResult> {
  const [few, many] = await Promise.all([
    inOwnProcess({ members: FEW, rounds, seed }, line => progress(`  ${FEW}: ${line}`)),
    inOwnProcess({ members, rounds, seed }, line => progress(`${members}: ${line}`)),
  ])
  const ratio = many.bytesAtCommittee / few.bytesAtCommittee
  const loss = few.accuracy - many.accuracy
  for (const type of Object.keys({ ...few.bytesByType, ...many.bytesByType }))
    progress(`${type.padEnd(18)} ${few.bytesByType[type] ?? 0} -> ${many.bytesByType[type] ?? 0} B`)
  progress(`without seals      ${few.bytesPerRound} -> ${many.bytesPerRound} B`)
  progress(`updates a round    ${few.publishers} -> ${many.publishers}`)
  progress(`at the committee   ${few.bytesAtCommittee} -> ${many.bytesAtCommittee} B`)
  progress(`seals              ${few.sealBytesPerRound} -> ${many.sealBytesPerRound} B`)
  return {
    checks: [
      check(
        'bytes of a member and round at the committee, without seals, many / few',
        ratio,
        'ratio',
        '0.9..1.1',
        Math.abs(ratio - 1) <= BYTES_APART,
      ),
      check('accuracy lost, few - many', loss, 'fraction', '<= 0.01', loss <= ONE_POINT),
      check('different models, few', few.models, 'models', '= 1', few.models === 1),
      check('different models, many', many.models, 'models', '= 1', many.models === 1),
    ],
    few,
    many,
  }
}

function inOwnProcess(options: ScaleOptions, progress: (line: string) => void): Promise<ScaleFigures> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(new URL('./scale-worker.ts', import.meta.url)), {
      // A young generation that is too small for what a second of a thousand members makes costs a third of the time.
      execArgv: [...process.execArgv, `--max-old-space-size=${HEAP_MB}`, '--max-semi-space-size=256'],
    })
    child.on('message', message => {
      const { line, figures } = message as { line?: string; figures?: ScaleFigures }
      if (line !== undefined) progress(line)
      if (figures) resolve(figures)
    })
    child.on('error', reject)
    child.on('exit', code => reject(new Error(`a room ended with ${code}`)))
    child.send(options)
  })
}

function check(name: string, value: number, unit: string, bar: string, ok: boolean): Check {
  return { name, value: Math.round(value * 1e4) / 1e4, unit, bar, ok }
}
