// English of the training terms that a founder chooses, and as they are shown before consent; loaded with either.

const many = (n: number, one: string, other: string): string => (n === 1 ? one : other)

export const enLearning = {
  hint: 'These terms suit most rooms as they are. They are fixed once the room exists.',
  profile: {
    title: 'How updates are encoded',
    auto: {
      name: 'By itself',
      hint: 'One bit for each parameter; members with a narrow uplink send a quarter of it.',
    },
    'one-bit': {
      name: 'One bit',
      hint: 'One bit for each parameter, from everybody. A narrow uplink may come too late for a round.',
    },
    masked: {
      name: 'One bit, in turns',
      hint: 'A quarter of the parameters in each round, the next quarter in the next. A quarter of the bytes; learns more slowly.',
    },
    sparse: {
      name: 'Sparse',
      hint: 'Only the one in 64 parameters that changed most. About a quarter of the bytes; meant for large models.',
    },
    bytes: (bytes: string) => `${bytes} an update`,
    bytesMixed: (whole: string, narrow: string) => `${whole} an update, or ${narrow} over a narrow uplink`,
    sparseRules:
      'Sparse updates hardly ever speak of the same parameters. So only rules that weigh whole updates are offered below.',
  },
  rule: {
    title: 'How updates are combined',
    'clip-trim': {
      name: 'Clip and trim',
      hint: 'Cuts updates that are too long and leaves out the extremes of every number, a fifth on each side from five members on. Cheap. Rare but honest knowledge counts a little less.',
    },
    'clip-mean': {
      name: 'Clip only',
      hint: 'Cuts updates that are too long, then averages. Cheap, and nobody’s knowledge is left out; steady lies get in.',
    },
    'multi-krum': {
      name: 'Multi-Krum',
      hint: 'Counts only updates close to most others. Whoever alone holds a class may be left out. The work grows with the square of the members.',
    },
    'nearest-median': {
      name: 'Nearest neighbours and median',
      hint: 'Mixes each update with its nearest, then takes the middle. The strongest guard where data differ; the work grows with the square of the members.',
    },
    'centered-clip': {
      name: 'Centred clipping',
      hint: 'Cuts what differs too much from the middle. Leaves nobody out; liars keep a small pull. The work grows with the square of the members.',
    },
    mean: {
      name: 'Plain mean',
      hint: 'No guard at all: one hostile or broken update can ruin the model. For experiments.',
    },
  },
  weighting: {
    title: 'Whose update counts more',
    equal: { name: 'All alike', hint: 'Every member counts the same.' },
    samples: {
      name: 'By samples',
      hint: 'Who says to have trained on more samples in the round counts more, at most twice the usual. The number is the member’s own word.',
    },
    unused: 'With this rule all updates count alike: it weighs them by how they lie to each other.',
  },
  drift: {
    title: 'What holds models together where data differ',
    none: {
      name: 'Nothing more',
      hint: 'The one-bit updates with their memory already do well where members hold different classes.',
    },
    prox: {
      name: 'FedProx',
      hint: 'Pulls each local model back to the common one while it trains. Steadier, and slower to learn.',
    },
    variates: {
      name: 'Control variates',
      hint: 'Corrects every step by what the others found. Costs no bytes; needs more memory in each tab.',
    },
    mu: 'Strength of the pull (mu)',
  },
  head: {
    title: 'The last layer',
    shared: { name: 'Shared', hint: 'Everybody ends up with one and the same model.' },
    own: {
      name: 'Each their own',
      hint: 'Members share how to see and each keep how to decide. For people who label differently; there is no one model that does for all.',
    },
    single:
      'This model has one layer with parameters. With a last layer of one’s own nothing would be left to share.',
  },
  committee: {
    title: 'Who publishes in a round',
    all: { name: 'Everybody', hint: 'A round costs more the more members there are.' },
    lot: {
      name: 'Some, by lot',
      hint: 'From a certain size on about so many are drawn anew for each round; the others rest. So a round costs the same in a crowd of thousands.',
    },
    size: 'About how many',
    about: (size: string) => `About ${size}, by lot`,
  },
  privacy: {
    title: 'Privacy of updates',
    none: {
      name: 'None',
      hint: 'What an update tells about somebody’s data is not bounded, though one bit for each parameter tells little.',
    },
    noise: {
      name: 'Clip and blur',
      hint: 'Each tab limits the length of its change and adds Gaussian noise before anything leaves it. What an update can tell is then bounded; the model gets worse, large ones most.',
    },
    masks: {
      name: 'Only the sum is seen',
      hint: 'Tabs add up their changes under masks that cancel out. Nobody sees the change of one member, everybody sees the sum. For 3 to 30 who train at the same time; costs 32 bits for each parameter and takes every guard against liars away.',
    },
    sumBytes: (vector: string, sum: string) =>
      `In a round each member sends ${vector} to the one who leads it and gets the sum, ${sum}, back. The lead, another one each round, receives that much from everybody.`,
    /** What is not offered under masks, and why. */
    masked: {
      profile:
        'Under masks there is one form: whole numbers of 32 bits, which add up without error. One bit cannot be masked.',
      rule: 'Rules other than the plain mean compare single updates, and under masks nobody sees one. So a room has either a rule that screens or masks, never both: one member who sends nonsense can spoil the model, and nobody can say who it was.',
      weighting: 'Under masks every change counts once: a weight would have to be known to others.',
      committee: 'Under masks all who train take part: the fewer are in a sum, the more it tells.',
    },
    tooLarge: 'This model is too large to be summed under masks: at most two million parameters.',
    clip: 'Length allowed (clip)',
    sigma: 'Noise, in clips (sigma)',
    deltaExponent: 'Delta: ten to the minus',
    /** What one member will have spent. */
    result: (epsilon: string, delta: string, n: number, rounds: string) =>
      `After ${rounds} ${many(n, 'round', 'rounds')}: ε = ${epsilon} at δ = ${delta}.`,
    levels: {
      strong: 'A strong promise.',
      fair: 'A fair promise.',
      weak: 'A weak promise: take more noise or fewer rounds.',
      nothing: 'As good as no promise: take much more noise or far fewer rounds.',
    },
    endless: 'The room has no last round, so this is after a hundred; it goes on growing.',
    screening:
      'Noise makes honest updates differ as much as wrong ones. Whatever rule is chosen, it finds liars less well.',
  },
  fault: (min: string, max: string) => `Between ${min} and ${max}.`,
  /** Before consent: what differs from the usual terms. */
  terms: {
    label: 'Learning',
    profile: {
      'one-bit': 'Updates of one bit for each parameter, whatever the uplink.',
      masked: 'Updates speak of a quarter of the parameters at a time.',
      sparse: 'Updates name only the parameters that changed most.',
    },
    rule: {
      'clip-mean': 'Updates are averaged after too long ones are cut: weak against steady lies.',
      'multi-krum':
        'Only updates close to most others count; yours may be left out if your data are unlike theirs.',
      'nearest-median': 'Updates are mixed with their nearest, and the middle of them is taken.',
      'centered-clip': 'What differs too much from the middle of all updates is cut.',
      mean: 'Plain mean, without any guard: a single hostile member can ruin the model.',
    },
    samples:
      'Members who say to have trained on more samples in a round count more, at most twice the usual.',
    prox: 'While training, your model is pulled back to the common one.',
    variates: 'Your steps are corrected by what the others found; this takes more memory.',
    own: 'You keep a last layer of your own: your model decides as your data do, and is not the same as the others’.',
    everybody: 'Everybody publishes in every round, however many come.',
    committee: (size: string) => `About ${size} members are drawn for each round; the others rest.`,
    noise: (epsilon: string, delta: string, rounds: string) =>
      `Your tab blurs its updates before they leave: ε = ${epsilon} at δ = ${delta} after ${rounds} rounds. The model gets worse for it.`,
    masks:
      'Changes are added up under masks: nobody sees yours, everybody sees the sum. That costs 32 bits for each parameter, and nobody can tell who spoils a sum.',
    strangers:
      'The room is made for people who do not know each other: it guards against one liar among four already.',
  },
}
