// Words of sponsored rounds in the ledger: kinds of entries, and what each says as a sentence.
export const runKinds = {
  asset: 'Data described',
  quote: 'Sponsored rounds',
  offer: 'Offers of data',
  capacity: 'Offers of compute',
  withdraw: 'Withdrawals',
  begin: 'Rounds begun',
  contract: 'Contracts signed',
  exposure: 'Limits of sharing raised',
  deletion: 'Deletions',
  service: 'Compute lent',
  measure: 'Contributions measured',
  abort: 'Rounds ended early',
}

export const runSays = {
  asset: (who: string, samples: string, quality: string) =>
    `${who} described ${samples} samples of data, quality ${quality}`,
  quote: (who: string, title: string, reward: string) => `${who} sponsors the round ${title} with ${reward}`,
  offer: (who: string, samples: string, quality: string) =>
    `${who} offered up to ${samples} samples of quality ${quality}`,
  capacity: (who: string, speed: string) => `${who} offered to lend compute, ${speed} steps a second`,
  withdraw: (who: string) => `${who} withdrew from a sponsored round`,
  begin: (who: string) => `${who} closed the offers and began the sponsored round`,
  contract: (who: string) => `${who} signed the contract of a pair`,
  exposure: (who: string, limit: string) => `${who} allows up to ${limit} providers to see its data`,
  deletion: (who: string) => `${who} states that it deleted what it held of a partner`,
  service: (who: string, jobs: string) => `${who} states ${jobs} of lent compute`,
  jobs: (n: number, count: string) => (n === 1 ? `${count} round` : `${count} rounds`),
  measureDrops: (who: string, owners: string, round: string) =>
    `${who} measured what the updates of ${owners} did, up to round ${round}`,
  measureShapley: (who: string, owners: string, round: string) =>
    `${who} measured the shares of ${owners} over the whole round, up to round ${round}`,
  owners: (n: number, count: string) => (n === 1 ? `${count} owner` : `${count} owners`),
  abort: (who: string, reason: string) => `${who} ended the sponsored round early: ${reason}`,
}
