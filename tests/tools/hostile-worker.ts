// The peer's worker of a modified client: the product's own code with another codec put in at build time, and a route
// that gives it to one page in the place of the real one.
import path from 'node:path'
import type { Page } from 'playwright'
import { build, type Plugin } from 'vite'
import type { PayloadAttack } from './attacks.ts'

const ROOT = path.resolve(import.meta.dirname, '../..')
const REPLACED = 'profile.ts'
const VIRTUAL = '\0hostile-profile'

function hostileCodec(attack: PayloadAttack): Plugin {
  const attacks = JSON.stringify(path.join(ROOT, 'tests/tools/attacks.ts'))
  return {
    name: 'hostile-codec',
    enforce: 'pre',
    resolveId: (source, importer) =>
      // The attack itself still needs the honest codec.
      path.basename(source) === REPLACED && path.basename(importer ?? '') === 'peer.ts' ? VIRTUAL : null,
    load: id =>
      id === VIRTUAL
        ? `import { hostileProfile } from ${attacks}
           export const createProfile = (parameters, terms) => hostileProfile('${attack}')(parameters, { terms })`
        : null,
  }
}

async function buildHostileWorker(attack: PayloadAttack): Promise<string> {
  const built = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [hostileCodec(attack)],
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: path.join(ROOT, 'src/workers/peer.worker.ts'), formats: ['es'], fileName: 'hostile' },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  })
  const [bundle] = Array.isArray(built) ? built : [built]
  const chunks = bundle && 'output' in bundle ? bundle.output.filter(({ type }) => type === 'chunk') : []
  const [chunk] = chunks
  if (chunks.length !== 1 || chunk?.type !== 'chunk') throw new Error(`${chunks.length} files, not one`)
  return chunk.code
}

/** For TabOptions.prepare; the returned function says how often the modified worker was handed out. */
export async function preparePageAs(attack: PayloadAttack): Promise<{
  prepare(page: Page): Promise<void>
  served(): number
}> {
  const code = await buildHostileWorker(attack)
  let served = 0
  return {
    async prepare(page) {
      await page.route(/\/assets\/peer\.worker-[^/]*\.js$/, async route => {
        served++
        await route.fulfill({ contentType: 'text/javascript', body: code })
      })
    },
    served: () => served,
  }
}
