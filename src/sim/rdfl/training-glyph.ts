// A training lab on generated digits: any number of samples from a seed, nothing to load. Runs in Node and in a worker of a page.
import { glyphs, spoilLabels } from '../../core/data/glyph.ts'
import { labWith, SPONSOR_SAMPLES, TEST_SAMPLES, type Lab } from './training.ts'

/** One owner for each share of wrong labels, `samples` each. Kind A is centred, B moves about (core/data/glyph.ts). */
export function openGlyphLab(
  kind: 'A' | 'B',
  wrongLabels: readonly number[],
  samples: number,
  seed: string,
): Lab {
  const owners = wrongLabels.map((share, n) =>
    spoilLabels(glyphs(kind, samples, `${seed}/owner/${n}`), share, `${seed}/labels/${n}`),
  )
  const own = glyphs(kind, SPONSOR_SAMPLES, `${seed}/sponsor`)
  return labWith(owners, own, glyphs(kind, TEST_SAMPLES, `${seed}/test`), seed)
}
