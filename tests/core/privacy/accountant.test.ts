// Golden values are facts published with other accountants: TensorFlow Privacy (rdp_accountant_test.py and the tutorials'
// table), Google's dp-accounting (rdp_privacy_accountant_test.py), Opacus (accountants_test.py), and Abadi et al. 2016.
import { describe, expect, it } from 'vitest'
import {
  composedRdp,
  epsilonAfter,
  epsilonOf,
  gaussianRdp,
  ORDERS,
} from '../../../src/core/privacy/accountant.ts'

const within = (value: number, published: number, share = 0.01): void =>
  expect(Math.abs(value / published - 1), `${value} against ${published}`).toBeLessThan(share)

const upTo32 = Array.from({ length: 31 }, (_, i) => i + 2)
const tenths = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 52 }, (_, i) => i + 12),
]

describe('RDP of the sampled Gaussian', () => {
  it('without sampling is alpha / (2 sigma^2)', () => {
    expect(gaussianRdp(20, 10)).toBeCloseTo(0.1, 12)
    within(gaussianRdp(3.14159, 2.71828), 3.14159 / (2 * 2.71828 ** 2), 1e-12)
  })

  it.each([
    [0.1, 2, 10, 5, 0.07737],
    [0.01, 2.5, 50, 2.5, 1.0854871e-3],
    [0.01, 2.5, 50, 5, 2.18075656e-3],
    [0.01, 2.5, 50, 50, 2.38460375e-2],
    [0.01, 2.5, 50, 100, 167.416308],
  ])('q %d, sigma %d, %d steps, order %d: %d', (rate, sigma, steps, order, published) => {
    within(steps * gaussianRdp(order, sigma, rate), published, 1e-4)
  })

  it('order 1.5: TensorFlow Privacy tells 0.00065; dp-accounting, which bounds orders under 2 more loosely, 0.00067', () => {
    const rdp = 50 * gaussianRdp(1.5, 2.5, 0.01)
    within(rdp, 0.00065)
    expect(rdp).toBeLessThan(6.70579741e-4)
    // For small rates alpha q^2 (e^(1 / sigma^2) - 1) / 2 (Mironov, Talwar and Zhang 2019, section 1).
    within(rdp, 50 * 0.75 * 1e-4 * Math.expm1(1 / 6.25), 2e-3)
  })

  it('agrees with itself where both computations apply, and grows with order and rate', () => {
    for (const [rate, sigma, order] of [
      [0.01, 0.5, 3],
      [0.2, 1.5, 8],
      [0.999, 100, 256],
      [1e-4, 1, 2],
    ] as const) {
      const exact = gaussianRdp(order, sigma, rate)
      // The quadrature is taken a hair beside the whole order.
      const beside = (gaussianRdp(order - 1e-7, sigma, rate) + gaussianRdp(order + 1e-7, sigma, rate)) / 2
      within(beside, exact, 1e-5)
      expect(gaussianRdp(order + 1, sigma, rate)).toBeGreaterThan(exact)
      expect(gaussianRdp(order, sigma, rate / 2)).toBeLessThan(exact)
    }
  })

  it('no sample costs nothing, no noise everything', () => {
    expect(gaussianRdp(20, 10, 0)).toBe(0)
    expect(gaussianRdp(2, 0, 0.5)).toBe(Infinity)
    expect(gaussianRdp(Infinity, 2.5, 0.01)).toBe(Infinity)
  })
})

describe('epsilon', () => {
  it('Abadi et al. 2016: q 0.01, sigma 4, 10^4 steps, delta 10^-5', () => {
    const { epsilon, order } = epsilonOf(
      upTo32,
      composedRdp(upTo32, [{ sigma: 4, rate: 0.01, times: 10_000 }]),
      1e-5,
      'classic',
    )
    within(epsilon, 1.258575, 1e-5)
    expect(order).toBe(20)
    within(epsilon, 1.26)
  })

  it('a composition of two mechanisms', () => {
    const orders = [1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 64, 256]
    const rdp = composedRdp(orders, [
      { sigma: 0.4, rate: 1e-4, times: 40_000 },
      { sigma: 2, rate: 0.1, times: 100 },
    ])
    const { epsilon, order } = epsilonOf(orders, rdp, 1e-5, 'classic')
    within(epsilon, 8.509656, 1e-5)
    expect(order).toBe(2.5)
  })

  it.each([
    // TensorFlow Privacy, tutorials/README.md: MNIST, 60,000 samples, batches of 256, delta 10^-5.
    [1.12, 60, 2.92],
    [0.6, 30, 9.74],
    [1.2, 10, 1.2],
  ])('MNIST tutorial: noise %d, %d epochs: %d', (sigma, epochs, published) => {
    const times = Math.floor((epochs * 60_000) / 256)
    const rdp = composedRdp(tenths, [{ sigma, rate: 256 / 60_000, times }])
    within(epsilonOf(tenths, rdp, 1e-5, 'classic').epsilon, published)
  })

  it('Opacus: noise 1.5, rate 0.04, 2250 steps, improved conversion', () => {
    const rdp = composedRdp(tenths, [{ sigma: 1.5, rate: 0.04, times: 2250 }])
    within(epsilonOf(tenths, rdp, 1e-5).epsilon, 7.32911117143, 1e-6)
  })

  it('one Gaussian that is (1, 10^-6) private: noise 4.530877117, with the orders of the screen', () => {
    within(
      epsilonOf(ORDERS, composedRdp(ORDERS, [{ sigma: 4.530877117, rate: 1, times: 1 }]), 1e-6).epsilon,
      1,
      1e-3,
    )
  })

  it('a constant RDP of 1.1 up to order 32', () => {
    within(
      epsilonOf(
        upTo32,
        upTo32.map(() => 1.1),
        1e-5,
      ).epsilon,
      1.32783806176,
      1e-9,
    )
  })

  it('is a bound: above the exact curve of the Gaussian (Balle and Wang 2018, theorem 8)', () => {
    for (const sigma of [0.5, 1, 3, 20]) {
      for (const delta of [1e-3, 1e-6]) {
        const { epsilon } = epsilonOf(ORDERS, composedRdp(ORDERS, [{ sigma, rate: 1, times: 1 }]), delta)
        const reached =
          tail(epsilon * sigma - 0.5 / sigma) - Math.exp(epsilon) * tail(epsilon * sigma + 0.5 / sigma)
        expect(reached, `sigma ${sigma}, delta ${delta}`).toBeLessThanOrEqual(delta)
        expect(reached, `sigma ${sigma}, delta ${delta}: far off`).toBeGreaterThan(delta / 10)
      }
    }
  })
})

describe('what a member has spent', () => {
  const terms = { type: 'noise', clipMicro: 500_000, noiseMilli: 4_000, deltaExponent: 5 } as const

  it('is nothing before the first round and grows with every one', () => {
    expect(epsilonAfter(0, terms)).toEqual({ rounds: 0, delta: 1e-5, epsilon: 0, epsilonAnyData: 0 })
    let last = 0
    for (const rounds of [1, 2, 10, 100, 1000]) {
      const { epsilon, epsilonAnyData } = epsilonAfter(rounds, terms)
      expect(epsilon).toBeGreaterThan(last)
      expect(epsilonAnyData).toBeGreaterThan(epsilon)
      last = epsilon
    }
  })

  it('equals one Gaussian of noise sigma / sqrt(rounds): 100 rounds of noise 45.3 are (1, 10^-6)', () => {
    within(epsilonAfter(100, { ...terms, noiseMilli: 45_309, deltaExponent: 6 }).epsilon, 1, 1e-3)
    within(epsilonAfter(100, { ...terms, noiseMilli: 90_618, deltaExponent: 6 }).epsilonAnyData, 1, 1e-3)
  })

  it('stays a number over the whole range of the charter', () => {
    for (const noiseMilli of [1, 10, 1_000_000]) {
      for (const deltaExponent of [1, 30]) {
        const { epsilon } = epsilonAfter(10_000, { ...terms, noiseMilli, deltaExponent })
        expect(Number.isFinite(epsilon) && epsilon >= 0, `${noiseMilli} ${deltaExponent}: ${epsilon}`).toBe(
          true,
        )
      }
    }
  })
})

/** Upper tail of the standard normal by Simpson's rule; sharp enough for the factor asked above. */
function tail(x: number): number {
  const steps = 4000
  const width = 14 / steps
  let sum = 0
  for (let i = 0; i <= steps; i++) {
    const z = x + i * width
    sum += Math.exp((-z * z) / 2) * (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2)
  }
  return (sum * width) / 3 / Math.sqrt(2 * Math.PI)
}
