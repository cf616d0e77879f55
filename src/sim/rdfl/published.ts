// What the authors of the paper saved of their own runs (arXiv 2501.14588; repository leaveWhite9088/QD-RDFL at commit
// 54343cb4, data/saved/comparison/comparison-AGGRIID.txt): sponsor utility and mean owner utility for N = 10, 20, .. 60 owners of
// equal size. For MNIST every owner's quality is 1, so the input is known exactly; for the others it was not saved.

export const OWNER_COUNTS: readonly number[] = [10, 20, 30, 40, 50, 60]

export type PricingRule = 'optimal' | 'random' | 'fixed'

interface Saved {
  readonly sponsor: readonly number[]
  readonly meanOwner: readonly number[]
}

/** Rewards were found by a search that stops within about 1e-5, so saved owner utilities carry its error. */
export const MNIST_IID: Readonly<Record<PricingRule, Saved>> = {
  optimal: {
    sponsor: [
      0.6384366516514275, 0.7151251726638783, 0.7404557091167423, 0.7530733353655703, 0.7606282246567844,
      0.7656581864367016,
    ],
    meanOwner: [
      0.013888904975080973, 0.003618421224931645, 0.0016283533929213187, 0.0009214748398204242,
      0.0005918370325082023, 0.0004119587710614936,
    ],
  },
  /** The value for 60 owners is the one for 50 again. */
  random: {
    sponsor: [
      0.5565476131439678, 0.7149695894568477, 0.7162317824606541, 0.748461318729682, 0.7579235622175451,
      0.7579235622175451,
    ],
    meanOwner: [
      0.008023977842834696, 0.0035489522510946726, 0.0012593924607740966, 0.0008284765587383836,
      0.0005460392541126513, 0.0005460392541126513,
    ],
  },
  fixed: {
    sponsor: [
      0.6046347154308931, 0.6695734314391386, 0.6908501556089104, 0.7014209958827129, 0.7077421117661165,
      0.7119473272235717,
    ],
    meanOwner: [
      0.010000000000007104, 0.0025000000000000135, 0.001111111111111111, 0.0006249999999999922,
      0.00039999999999989154, 0.0002777777777777768,
    ],
  },
}

/** Sponsor utilities of the two other data sets: compared in their order only. */
export const OTHER_IID: Readonly<Record<string, Readonly<Record<PricingRule, readonly number[]>>>> = {
  'CIFAR-10': {
    optimal: [
      0.5911909786339378, 0.6506519049167567, 0.6642735637230694, 0.6764606605321748, 0.6811083317985978,
      0.6932654635780342,
    ],
    random: [
      0.489446867831107, 0.516213638127866, 0.6397813029750996, 0.5931272842685523, 0.6554285116835066,
      0.6451347379252996,
    ],
    fixed: [
      0.5459358033561617, 0.5900354723340313, 0.6289863290741216, 0.6374246078666332, 0.6353505149063667,
      0.6493243468111762,
    ],
  },
  'CIFAR-100': {
    optimal: [
      0.555158958139429, 0.6252185935075907, 0.6630926627850176, 0.6843373444139751, 0.6891740440493792,
      0.6903342363100233,
    ],
    random: [
      0.5664825152480899, 0.5677388286217808, 0.6559866143351585, 0.6245848728968075, 0.6829380650748049,
      0.6733704210641462,
    ],
    fixed: [
      0.5263256560630223, 0.6192924649082934, 0.6272222867141861, 0.6274865990549929, 0.6362425051615259,
      0.6364616167946497,
    ],
  },
}
