// English of the Swarm page; loaded with it.

const many = (n: number, one: string, other: string): string => (n === 1 ? one : other)

export const enSwarm = {
  title: 'Swarm',
  lead: 'Who is linked to whom, what travels, and what the room withstands.',
  graph: {
    title: 'Members and links',
    label: (members: number, count: string, links: string) =>
      `${count} ${many(members, 'member', 'members')}; this tab has ${links} direct links. The table has the same in words.`,
    mesh: 'Up to eight members, everybody links to everybody. Your own links are drawn bold; the thin ones between others are what the room aims at, not seen from here.',
    own: 'From nine members on nobody links to everybody, and a tab knows only its own links. Updates reach the others through them.',
    hidden: (n: number, count: string) =>
      many(n, `${count} more member is not drawn.`, `${count} more members are not drawn.`),
    passed: (received: string, sent: string) =>
      `Updates over your links since you opened this page: ${received} came in, ${sent} went out.`,
    legend: {
      self: 'you',
      published: 'published in this round',
      refused: 'something was refused',
      resting: 'does not train now',
    },
  },
  table: {
    title: 'Members',
    member: 'Member',
    round: 'This round',
    link: 'Link',
    published: 'published',
    waiting: 'not yet',
    resting: '–',
    notDrawn: 'rests',
    direct: 'direct',
    indirect: 'through others',
    self: '–',
    gone: 'gone',
    refused: (reason: string, times: string) => `Refused: ${reason} (${times})`,
  },
  alone: {
    title: 'A swarm of one',
    text: 'Links appear as soon as somebody joins.',
    invite: 'Invite somebody',
  },
  watching: 'You only watch: this tab publishes nothing, but it passes on what the others publish.',
  paused: 'This tab is paused: it publishes nothing, but it still passes on what the others publish.',
  round: {
    title: 'The open round',
    none: 'No round yet',
    noneText: 'The first round begins when somebody trains.',
    done: 'All rounds are done.',
    published: (published: string, expected: string) => `${published} of ${expected} have published`,
    age: (seconds: string) => `open for ${seconds}`,
    hint: 'It ends when everybody has published, or shortly after two thirds have. Nobody waits for a name; what comes late is worked in.',
    summed:
      'It ends when the sum of all changes is published, by another member each round; or without one when too few take part or nobody finishes it in time.',
  },
  lot: {
    about: (committee: string, crowd: string) => `About ${committee} of ${crowd} publish in a round, by lot.`,
    drawn: 'The lot fell on you: you compute in this one.',
    rests: 'You rest in this one and compute nothing.',
    hint: 'Nobody can choose to be drawn, and everybody can check who was. So a round costs a member the same, however many there are.',
  },
  bytes: {
    title: 'Bytes',
    sent: 'Sent by this tab',
    received: 'Received',
    updates: (n: number, count: string) => many(n, `${count} update`, `${count} updates`),
    perUpdate: (bytes: string) => `${bytes} for each update published`,
    total: 'So far, sent and received',
    float32: 'The same exchange with float32 parameters',
    saved: (factor: string) => `${factor}× less`,
    one: 'One update',
    oneValue: (update: string, raw: string, factor: string) =>
      `${update} instead of ${raw} in float32: ${factor}× smaller`,
    codec: {
      'one-bit': 'One bit for each parameter; what the bit cannot say is kept and said later.',
      masked:
        'One bit for a quarter of the parameters, another quarter each round, because of a narrow uplink.',
      sparse: 'The one in 64 parameters that changed most, with two bits each.',
      sum: 'A masked vector of 32 bits for each parameter, sent once to whoever leads the round; the sum comes back at the same size.',
    },
    rawTitle: 'If everybody sent raw float32 to everybody',
    formula: '(n\u00a0−\u00a01)(4P\u00a0+\u00a0250) bytes for each member and round',
    formulaValue: (n: string, parameters: string, bytes: string) =>
      `(${n}\u00a0−\u00a01)(4\u00a0×\u00a0${parameters}\u00a0+\u00a0250) = ${bytes}`,
    hint: 'Counted at the data channel: everything that this tab sends there, the ledger and fetched models included. What the network adds below is not counted.',
  },
  tolerance: {
    title: 'What it withstands',
    of: (liars: string, publishers: string) => `Tolerates ${liars} of ${publishers}`,
    none: (publishers: string) => `Tolerates none of ${publishers}`,
    nobody: 'Nobody publishes yet',
    meaning: (n: number, liars: string, publishers: string) =>
      many(
        n,
        `Of ${publishers} updates in a round, ${liars} may say anything at all without deciding the result. It can still pull it a little, to the edge of what the others say.`,
        `Of ${publishers} updates in a round, ${liars} may say anything at all without deciding the result. Together they can still pull it a little, to the edge of what the others say.`,
      ),
    few: 'With so few updates nobody can tell who is wrong. Updates that are too long are cut to the usual length; beyond that there is no guarantee.',
    unguarded: {
      mean: 'This room takes the plain mean: a single hostile update can decide the result. Such rooms are for experiments among people who trust each other.',
      'clip-mean':
        'Updates that are too long are cut to the usual length, so none can shout the others down; beyond that there is no guarantee.',
    },
    masked:
      'Where updates speak of a part of the parameters only, fewer are compared with each other, and fewer wrong ones are withstood.',
    noise:
      'Members add noise to their updates here. Wrong updates hide in it, so less is withstood than the number says.',
    cheap:
      'A new identity costs nothing. The number counts invitations that went to the wrong person, not tabs: whoever has the link can open many.',
    rule: 'Rule',
    rules: {
      'clip-trim': 'Clip and trim: too long updates are cut, the extremes of every number left out.',
      'clip-mean': 'Clip: too long updates are cut, then all are averaged.',
      'multi-krum': 'Multi-Krum: only updates that lie close to most others count.',
      'nearest-median':
        'Nearest neighbours and median: each update is mixed with its nearest, then the middle is taken.',
      'centered-clip': 'Centred clipping: what differs too much from the middle is cut.',
      mean: 'Plain mean: everything counts as it comes.',
    },
  },
  agreement: {
    title: 'The common model',
    all: (n: number, count: string) =>
      many(
        n,
        'So far only you state this fingerprint.',
        `All ${count} who state one show the same fingerprint.`,
      ),
    some: (same: string, all: string) => `${same} of ${all} show the same fingerprint.`,
    behind: 'Whoever holds another one is behind or was cut off; it fetches the model that most agree on.',
    hash: 'Fingerprint',
    round: (round: string) => `after round ${round}`,
    none: 'There is no common model yet.',
  },
  privacy: {
    title: 'Privacy of your updates',
    spent: (epsilon: string, delta: string) => `ε = ${epsilon} at δ = ${delta}`,
    rounds: (n: number, count: string) =>
      many(n, `after ${count} round of yours`, `after ${count} rounds of yours`),
    unbounded: 'no bound',
    anyData: (epsilon: string) => `Against somebody who would tell your data from any other: ε = ${epsilon}.`,
    hint: 'The smaller ε, the less your updates can tell about your data. It grows with every round that you train and never shrinks.',
  },
  sums: {
    title: 'Sums under masks',
    last: {
      none: 'No sum has been made since you came.',
      counted: 'Your change is in the newest sum, and nobody saw it alone.',
      'no-sum':
        'The last round went on without a sum: too few stayed to the end of it, or its lead fell silent.',
      'left-out': 'The newest sum was made without your change.',
    },
    few: (trainers: string, needed: string) =>
      `Rounds go on without a sum: ${trainers} train, a sum needs ${needed} at least. The model stays as it is until then.`,
    counts: (counted: string, missed: string) => `With your change: ${counted} · without: ${missed}`,
    hint: 'The sum itself can be seen by everybody, and nobody can screen what goes into it. Whoever leads a round could state a wrong sum.',
  },
}
