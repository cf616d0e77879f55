// The market's address, its words for refusals, and its desk on an acted market.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createFormat } from '../../src/i18n/format.ts'
import {
  MARKET_SLIDERS,
  MAX_MARKET_SEED,
  MAX_MOVES,
  type LookEvent,
  type MarketMove,
  type MarketSetup,
  type MarketSlider,
  type StudyEvent,
} from '../../src/ports/market-lab.ts'
import { lookAt } from '../../src/sim/market/look.ts'
import { MarketDesk } from '../../src/state/market-desk.svelte.ts'
import { decodeMarket, fitMarket, marketHash, USUAL_MARKET } from '../../src/state/market-link.ts'
import { marketWordsOf, refusalWords, whoIs } from '../../src/state/market-words.ts'
import { parseHash } from '../../src/state/route.ts'
import { marketSetups } from './market-setups.ts'

describe('the address of a market', () => {
  it('gives every setup back', () => {
    fc.assert(
      fc.property(marketSetups, setup => {
        const route = parseHash(marketHash(setup))
        expect(route.screen).toBe('market')
        expect(decodeMarket(route.screen === 'market' ? route.query : '')).toEqual({ setup, adjusted: false })
      }),
    )
  })

  it('gives sliders inside their ranges, whatever it holds', () => {
    const names = fc.constantFrom(...Object.keys(MARKET_SLIDERS), 'rule', 'seed')
    const values = fc.oneof(fc.string(), fc.double().map(String), fc.constantFrom('-1', '1e9', 'nash', '999'))
    fc.assert(
      fc.property(fc.array(fc.tuple(names, values), { maxLength: 20 }), pairs => {
        const { setup } = decodeMarket(new URLSearchParams(pairs).toString())
        for (const [name, { least, most }] of Object.entries(MARKET_SLIDERS)) {
          expect(setup[name as MarketSlider]).toBeGreaterThanOrEqual(least)
          expect(setup[name as MarketSlider]).toBeLessThanOrEqual(most)
        }
        expect([...setup.seed].length).toBeLessThanOrEqual(MAX_MARKET_SEED)
        expect(fitMarket(setup)).toEqual(setup)
      }),
    )
  })

  it('says so when it changed something', () => {
    expect(decodeMarket('')).toEqual({ setup: USUAL_MARKET, adjusted: false })
    expect(decodeMarket('alpha=99')).toEqual({ setup: { ...USUAL_MARKET, alpha: 20 }, adjusted: true })
    expect(decodeMarket('owners=4.5').adjusted).toBe(true)
    expect(decodeMarket('rule=none').adjusted).toBe(true)
    expect(decodeMarket(`seed=${'a'.repeat(900)}`)).toEqual({ setup: USUAL_MARKET, adjusted: true })
    expect(parseHash('#/lab/markets')).toEqual({ screen: 'lost' })
  })
})

describe('words for a market that does not open', () => {
  it.each(['en', 'ja'] as const)('name a change that opens it: %s', language => {
    const words = marketWordsOf(language)
    const f = createFormat(language)
    const parts: Partial<MarketSetup>[] = [
      { owners: 1 },
      { alpha: 1 },
      { alpha: 0 },
      { reward: 0 },
      { reward: 1 },
      { rule: 'nash', centres: 1 },
    ]
    for (const part of parts) {
      const setup = { ...USUAL_MARKET, ...part }
      const { refusal, price } = lookAt(setup, [])
      const { text, fix } = refusalWords(refusal!, price?.best?.reward ?? null, words, f)
      expect(text.length).toBeGreaterThan(20)
      expect(lookAt(fitMarket({ ...setup, ...fix!.part }), []).refusal).toBeNull()
    }
    expect(whoIs('centre-012', words)).toBe(words.centre('12'))
  })

  it('offer nothing where a slider does not reach', () => {
    const { refusal } = lookAt({ ...USUAL_MARKET, rho: 4, owners: 2, floor: 30 }, [])
    expect(refusal?.kind).toBe('market-closed')
    const said = refusalWords(refusal!, null, marketWordsOf('en'), createFormat('en'))
    expect(said.fix).toBeNull()
  })
})

function actedMarket() {
  const asked: { setup: MarketSetup; moves: readonly MarketMove[] }[] = []
  const studies: { say: (event: StudyEvent) => void; open: boolean }[] = []
  let say: (event: LookEvent) => void = () => undefined
  let open = false
  const opener = () =>
    Promise.resolve((listener: (event: LookEvent) => void) => {
      say = listener
      open = true
      return {
        look: (setup: MarketSetup, moves: readonly MarketMove[]) => void asked.push({ setup, moves }),
        study: (_kind: string, _setup: MarketSetup, heard: (event: StudyEvent) => void) => {
          const study = { say: heard, open: true }
          studies.push(study)
          return { cancel: () => void (study.open = false) }
        },
        close: () => void (open = false),
      }
    })
  return { opener, asked, studies, say: (event: LookEvent) => say(event), isOpen: () => open }
}

describe('the desk of a market', () => {
  it('asks for every change at once; moves end with the setup they belong to, and are bounded', async () => {
    const { opener, asked, say, isOpen } = actedMarket()
    const desk = new MarketDesk(opener, USUAL_MARKET)
    await desk.start()
    desk.move({ type: 'owner-joins' })
    desk.change({ alpha: 7.04 })
    expect(asked.map(({ setup, moves }) => [setup.alpha, moves.length])).toEqual([
      [5, 0],
      [5, 1],
      [7, 0],
    ])
    for (let i = 0; i < 2 * MAX_MOVES; i++) desk.move({ type: 'centre-joins' })
    expect([desk.moves.length, desk.full]).toEqual([MAX_MOVES, true])
    desk.undoMoves()
    expect(asked.at(-1)?.moves).toEqual([])
    say({ type: 'look', look: lookAt(USUAL_MARKET, []), ms: 3 })
    expect(desk.look?.owners).toHaveLength(10)
    say({ type: 'crashed' })
    expect(desk.failed).toBe(true)
    desk.close()
    expect(isOpen()).toBe(false)
  })

  it('runs a study of each kind at most once, and stops it', async () => {
    const { opener, studies } = actedMarket()
    const desk = new MarketDesk(opener, USUAL_MARKET)
    desk.study('reports')
    expect(studies).toHaveLength(0)
    await desk.start()
    desk.study('reports')
    desk.study('reports')
    expect(studies).toHaveLength(1)
    studies[0]!.say({ type: 'progress', done: 0.5 })
    expect(desk.studies.reports).toMatchObject({ phase: 'running', done: 0.5 })
    desk.studies.reports.cancel()
    expect([desk.studies.reports.phase, studies[0]!.open]).toEqual(['idle', false])
    desk.study('reports')
    studies[1]!.say({ type: 'refused', refusal: { kind: 'market-closed', alpha: 1, opensAboveAlpha: 2 } })
    expect(desk.studies.reports.phase).toBe('refused')
    desk.study('training')
    studies[2]!.say({ type: 'crashed' })
    expect(desk.studies.training.phase).toBe('failed')
    desk.study('training')
    desk.close()
    expect(studies[3]!.open).toBe(false)
  })

  it('says that it could not be opened, and can be tried again', async () => {
    const { opener, asked } = actedMarket()
    let broken = true
    const desk = new MarketDesk(
      () => (broken ? Promise.reject(new Error('no worker')) : opener()),
      USUAL_MARKET,
    )
    await desk.start()
    expect(desk.failed).toBe(true)
    broken = false
    await desk.start()
    expect([desk.failed, asked.length]).toEqual([false, 1])
  })
})
