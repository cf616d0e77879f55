// Words of the Lab's market, loaded with it; and a refusal as a sentence with what would open the market.
import type { Refusal } from '../core/incentives/refusal.ts'
import { enMarketLab } from '../i18n/en-market-lab.ts'
import type { Format, Language } from '../i18n/format.ts'
import { jaMarketLab } from '../i18n/ja-market-lab.ts'
import { MARKET_SLIDERS, type MarketSetup, type MarketSlider } from '../ports/market-lab.ts'

interface Unions {
  readonly sliders: Record<MarketSlider, { readonly name: string; readonly hint: string }>
  readonly rules: Record<MarketSetup['rule'], string>
}

export type MarketWords = typeof enMarketLab & Unions

const WORDS: Record<Language, MarketWords> = { en: enMarketLab, ja: jaMarketLab }

export function marketWordsOf(language: Language): MarketWords {
  return WORDS[language]
}

/** "owner-003" as a person says it. */
export function whoIs(id: string, words: MarketWords): string {
  const n = String(Number(id.slice(id.indexOf('-') + 1)))
  return id.startsWith('centre') ? words.centre(n) : words.owner(n)
}

export interface RefusalWords {
  readonly text: string
  /** A change of the setup that opens the market, and how it is named. */
  readonly fix: { readonly label: string; readonly part: Partial<MarketSetup> } | null
}

export function refusalWords(
  refusal: Refusal,
  best: number | null,
  words: MarketWords,
  f: Format,
): RefusalWords {
  const { refused } = words
  switch (refusal.kind) {
    case 'market-closed': {
      const { most, step } = MARKET_SLIDERS.alpha
      const alpha = Math.ceil(refusal.opensAboveAlpha / step + 1e-6) * step
      const text = refused.closed(f.decimal(refusal.alpha, 1), f.decimal(refusal.opensAboveAlpha, 2))
      if (alpha > most) return { text: `${text} ${refused.closedByCost}`, fix: null }
      return { text, fix: { label: refused.fixAlpha(f.decimal(alpha, 1)), part: { alpha } } }
    }
    case 'reward-too-small': {
      const text = refused.small(f.decimal(refusal.reward, 3), f.decimal(refusal.opensAt, 3))
      const reward = Math.ceil((100 * refusal.opensAt) / (best ?? 1) + 1e-6)
      if (reward > MARKET_SLIDERS.reward.most) return { text, fix: null }
      return { text, fix: { label: refused.fixReward(f.int(reward)), part: { reward } } }
    }
    case 'too-few':
      return refusal.field === 'centres'
        ? { text: refused.oneCentre, fix: { label: refused.fixCentres, part: { centres: 2 } } }
        : { text: refused.alone, fix: { label: refused.fixOwners, part: { owners: 2 } } }
    // The sliders keep everything else in range: what is left names itself.
    case 'not-finite':
    case 'out-of-range':
    case 'duplicate-id':
    case 'duplicate-data':
    case 'too-many':
    case 'no-equilibrium':
    case 'unknown-id':
    case 'cancelled':
    case 'wrong-phase':
      return { text: refused.other(refusal.kind), fix: null }
  }
  refusal satisfies never
  return { text: refused.other('unknown'), fix: null }
}
