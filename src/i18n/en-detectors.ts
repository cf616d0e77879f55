// English for the detectors' panel: what is looked for, how often it was found when it was there, and what is missed.

const many = (n: number, one: string, other: string): string => (n === 1 ? one : other)

export const enDetectors = {
  summary: 'Signs of hidden training, and what is missed',
  hint: 'Signs that somebody trains more than they state. A finding is a reason to ask, no proof, and convicts nobody.',
  run: 'Search this ledger',
  running: 'Searching…',
  searched: (entries: string) => `Searched ${entries} entries.`,
  partly: (count: string) => `Only the newest ${count} of a kind were searched.`,
  nothing: 'Nothing conspicuous in this ledger.',
  failed: 'The ledger could not be searched just now.',
  compare: {
    title: 'Compare a model',
    text: 'R2 and R3 look at models themselves. Choose a model file that somebody took away (safetensors): it is compared with the room’s model, here in this tab.',
    choose: 'Choose a model file',
    running: 'Comparing…',
    likeness: (value: string) => `Likeness with the room’s model: ${value}.`,
    threshold: (value: string) => `Independent models of this kind stay below ${value}.`,
    noThreshold:
      'For models of this kind and this much training nothing was measured: how alike they are says nothing.',
    probe: (hits: string, samples: string) => `It knew ${hits} of ${samples} samples that nobody trained on.`,
    chance: (value: string) => `An untrained model may know up to ${value} by luck.`,
    clear: 'Nothing conspicuous about this model.',
    unreadable: 'This is not a model file that can be read.',
    'other-shape': 'This model takes other inputs or knows other classes: there is nothing to compare.',
    tooBig: (limit: string) => `This file is too large; the limit is ${limit}.`,
    failed: 'The models could not be compared just now.',
  },
  severity: { note: 'note', warning: 'to explain', alert: 'alert' },
  found: (n: number, count: string) => many(n, `${count} finding`, `${count} findings`),
  rules: {
    R1: 'Compute of one owner, or of the whole room, against the cap',
    R2: 'A model that is said to be new, but knows too much',
    R3: 'Two models that are said to be independent, but compute alike',
    R4: 'Many runs that end just below the cap',
    R5: 'Receipts with gaps, overlaps or impossible times',
    R6: 'Faster than the device can be',
    R7: 'Several identities with the same data',
  },
  says: {
    budgetLineage: (used: string, cap: string) => `The room used ${used} of ${cap}.`,
    budgetOwner: (names: string, used: string, cap: string) => `${names} used ${used} of ${cap}.`,
    split: 'None of the identities is over the cap alone; together they are.',
    nearCap: (n: number, count: string) =>
      many(n, `${count} run ended just below the cap.`, `${count} runs ended just below the cap.`),
    receipt: {
      gap: (name: string, n: string) => `${name}: ${n} steps that no receipt states.`,
      overlap: (name: string, n: string) => `${name}: ${n} steps stated twice.`,
      'broken-chain': (name: string) => `${name}: a receipt does not name the one before it.`,
      'model-chain': (name: string) =>
        `${name}: a receipt starts from another model than the one before ended with.`,
      'more-work-than-time': (name: string) => `${name}: more time of computing than had passed.`,
      'clock-back': (name: string) => `${name}: a receipt is dated before the one before it.`,
      'device-twice': (name: string) => `${name}: one device computed for two members at one time.`,
    },
    tooFast: (name: string, rate: string, benchmark: string) =>
      `${name}: ${rate}, though the device was measured at ${benchmark}.`,
    noBenchmark: (name: string) => `${name}: the device was never measured.`,
    shared: {
      'same-part': (names: string) => `${names} hold the same part of the task, which is allowed.`,
      'different-parts': (names: string) => `${names} claim different parts but hold the same data.`,
      'own-data': (names: string) => `${names} brought the very same files.`,
    },
    compared: (first: string, second: string) => `${first} and ${second} compute alike.`,
    fresh: (model: string) => `${model} is right more often than an untrained model can be.`,
  },
  measured: {
    title: 'How good these detectors are',
    other:
      'Measured on the models below, not on the model of this room: thresholds do not carry over from one model to another.',
    same: 'Measured on exactly the task and model of this room.',
    model: (task: string, parameters: string) => `${task}, ${parameters} parameters`,
    falseAlarms: (found: string, of: string) =>
      `False alarms among independent models: ${found} of ${of} pairs.`,
    evasion: 'How it was hidden',
    pairs: 'Pairs',
    detected: 'Found',
    correlation: 'Likeness, mean',
    threshold: (value: string) => `From a likeness of ${value} on, R3 speaks up.`,
    evasions: {
      sequential: 'Handed over, permuted and blurred, and trained on',
      parallel: 'Four workers that average now and then',
      'same-start': 'Four from one start that never exchange (no evasion; for comparison)',
      distillation: 'Taught to a new model by the old one’s answers',
    },
    missedTitle: 'What is missed',
    missed: (share: string) =>
      `Distillation: a new model that learns from the old one’s answers was found in ${share} of the cases only. Whoever evades this way is mostly not seen.`,
    fresh: (found: string, of: string, chance: string) =>
      `R2: hidden continuations found in ${found} of ${of} cases; an untrained model passes up to ${chance} by luck.`,
  },
}
