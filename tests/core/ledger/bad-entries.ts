// Bodies and envelopes that no decoder may take. 'schema' marks what the published JSON Schema can tell as well; the rest
// are rules between fields or of order, which it only describes.
import type { EntryBody, RuleName, TrainingTerms } from '../../../src/core/ledger/entry.ts'
import {
  DEVICE,
  charterBody,
  governanceTerms,
  HASH,
  joinBody,
  member,
  samples,
  workBody,
} from './fixtures.ts'

type Bad = readonly [name: string, body: unknown, told: 'schema' | 'decoder']

const sample = (kind: EntryBody['kind']): EntryBody => samples.find(body => body.kind === kind)!
const sorted = [member(1), member(2)].sort()
const turned = [...sorted].reverse().map(id => ({ member: id, nanoNats: 1, halfWidth: 0 }))
const charterWith = (governance: object): unknown => ({
  ...charterBody,
  governance: { ...governanceTerms, ...governance },
})

const charterOn = (terms: Partial<TrainingTerms>): unknown => ({
  ...charterBody,
  terms: { ...charterBody.terms, ...terms },
})

export const badBodies: readonly Bad[] = [
  ['an unknown kind', { kind: 'mint', amount: 1 }, 'schema'],
  ['the kind of the version before', { ...workBody, kind: 'work' }, 'schema'],
  ['a body that is a text', 'join', 'schema'],
  ['an unknown field', { ...joinBody, extra: 1 }, 'schema'],
  ['a missing field', { kind: 'join', nickname: 'a', role: 'trainer', part: 0 }, 'schema'],
  ['a long nickname', { ...joinBody, nickname: '🦆'.repeat(41) }, 'schema'],
  ['an unknown role', { ...joinBody, role: 'owner' }, 'schema'],
  ['a part below none', { ...joinBody, part: -2 }, 'schema'],
  ['a root in capitals', { ...joinBody, dataRoot: HASH.toUpperCase() }, 'schema'],
  ['a charter without guardians', charterWith({ guardians: [], quorum: 0, resumeQuorum: 0 }), 'schema'],
  ['a quorum of nobody', charterWith({ quorum: 0 }), 'schema'],
  ['a quorum above the guardians', charterWith({ quorum: 2 }), 'decoder'],
  ['a resuming quorum above the guardians', charterWith({ resumeQuorum: 2 }), 'decoder'],
  ['guardians out of order', charterWith({ guardians: [...sorted].reverse() }), 'decoder'],
  ['a guardian twice', charterWith({ guardians: [member(1), member(1)] }), 'schema'],
  ['an issuer twice', charterWith({ issuers: [member(1), member(1)] }), 'schema'],
  ['a key with stray bits', charterWith({ guardians: [`${'A'.repeat(42)}B`] }), 'schema'],
  [
    'a budget with a leading zero',
    charterWith({ budget: { ...governanceTerms.budget, memberFlop: '01' } }),
    'schema',
  ],
  ['a negative reward', { ...charterBody, rewardMicro: '-1' }, 'schema'],
  ['a reward of 31 digits', { ...charterBody, rewardMicro: '1'.repeat(31) }, 'schema'],
  ['a reward that is a number', { ...charterBody, rewardMicro: 5 }, 'schema'],
  ['an unknown rule', charterOn({ rule: 'majority' as RuleName }), 'schema'],
  ['sparse updates compared value by value', charterOn({ profile: 'sparse', rule: 'clip-trim' }), 'decoder'],
  ['sparse updates averaged', charterOn({ profile: 'sparse', rule: 'mean' }), 'decoder'],
  ['weights that the rule ignores', charterOn({ weighting: 'samples', rule: 'multi-krum' }), 'decoder'],
  ['control variates on Adam', charterOn({ drift: 'variates', optimizer: 'adam' }), 'decoder'],
  ['FedProx without mu', charterOn({ drift: 'prox', proximalMicro: 0 }), 'decoder'],
  ['mu without FedProx', charterOn({ drift: 'none', proximalMicro: 1 }), 'decoder'],
  ['own heads of a model of one layer', charterOn({ head: 'own' }), 'decoder'],
  ['one class', { ...charterBody, classes: ['0'] }, 'schema'],
  ['an amendment of nothing', { ...sample('amend'), previous: '' }, 'schema'],
  ['vouching of level 3', { ...sample('vouch'), level: 3 }, 'schema'],
  ['a device id of 17 bytes', { ...sample('device'), device: `${DEVICE}A` }, 'schema'],
  ['a transfer of custody from nowhere', { ...sample('device-transfer'), previous: '' }, 'schema'],
  ['a licence for no device', { ...sample('licence'), devices: [] }, 'schema'],
  ['a licence for one device twice', { ...sample('licence'), devices: [DEVICE, DEVICE] }, 'schema'],
  ['a licence that ends before it begins', { ...sample('licence'), expiresUnixMs: 1 }, 'decoder'],
  ['a lineage with a space', { ...sample('licence'), lineage: 'a b' }, 'schema'],
  ['rounds that run backwards', { ...workBody, fromRound: 4 }, 'decoder'],
  ['steps that run backwards', { ...workBody, fromStep: 61 }, 'decoder'],
  ['updates without a root', { ...workBody, updatesRoot: '' }, 'decoder'],
  ['a root without updates', { ...workBody, updates: 0 }, 'decoder'],
  ['a pause with a target', { ...sample('order'), target: HASH }, 'decoder'],
  ['a revocation of nothing', { ...sample('order'), action: 'revoke' }, 'decoder'],
  ['a target of another form', { ...sample('order'), action: 'revoke', target: 'everything' }, 'schema'],
  ['an unknown action', { ...sample('order'), action: 'destroy' }, 'schema'],
  ['an endorsement of nothing', { ...sample('endorse'), subject: '' }, 'schema'],
  ['a transfer of nothing', { ...sample('transfer'), amountMicro: '0' }, 'schema'],
  ['an asset whose classes do not add up', { ...sample('asset'), classes: [1, 2] }, 'decoder'],
  ['an asset of no quality', { ...sample('asset'), qualityMillionths: 0 }, 'schema'],
  ['a reward of nothing', { ...sample('quote'), rewardMicro: '0' }, 'schema'],
  ['a reward of sixteen digits', { ...sample('quote'), rewardMicro: '1'.repeat(16) }, 'decoder'],
  ['quality measured again after the end', { ...sample('quote'), remeasureRounds: 40 }, 'decoder'],
  ['a run of no rounds', { ...sample('quote'), rounds: 0, remeasureRounds: 0 }, 'schema'],
  ['a quality that is no number', { ...sample('offer'), qualityMillionths: 'NaN' }, 'schema'],
  ['a negative quality', { ...sample('offer'), qualityMillionths: -1 }, 'schema'],
  ['quality above all', { ...sample('offer'), qualityMillionths: 1_000_001 }, 'schema'],
  ['an offer of no samples', { ...sample('offer'), samples: 0 }, 'schema'],
  ['compute for nothing', { ...sample('capacity'), unitCostMillionths: 0 }, 'schema'],
  ['a limit of no provider', { ...sample('exposure'), limit: 0 }, 'schema'],
  ['a report of nobody', { ...sample('measure'), values: [] }, 'schema'],
  ['a report in another order', { ...sample('measure'), values: turned }, 'decoder'],
  ['a report of one twice', { ...sample('measure'), values: [turned[0], turned[0]] }, 'decoder'],
  ['a date beyond dates', { ...sample('vouch'), expiresUnixMs: 8_640_000_000_000_001 }, 'schema'],
  ['a proof of two empty texts', { ...sample('proof'), first: '', second: '' }, 'decoder'],
]

export const badEnvelopes: readonly (readonly [name: string, change: object, told: 'schema' | 'decoder'])[] =
  [
    ['another version', { v: 1 }, 'schema'],
    ['a field more', { extra: 1 }, 'schema'],
    ['a negative sequence', { seq: -1 }, 'schema'],
    ['a sequence of 33 bits', { seq: 2 ** 32 }, 'schema'],
    ['a short key', { author: 'AAAA' }, 'schema'],
    ['a short signature', { sig: 'AAAA' }, 'schema'],
    ['another room format', { room: 'room' }, 'schema'],
    ['a previous hash of another form', { prev: 'ab' }, 'schema'],
    ['a beginning that follows something', { seq: 0, prev: HASH }, 'decoder'],
    ['a later entry that follows nothing', { seq: 1, prev: '' }, 'decoder'],
    ['a clock before 1970', { unixMs: -1 }, 'schema'],
  ]
