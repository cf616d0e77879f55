// 日本語: スウォームのページ. The same keys as en-swarm.ts.
import type { enSwarm } from './en-swarm.ts'

export const jaSwarm = {
  title: 'スウォーム',
  lead: '誰と誰がつながり、何が流れ、このルームが何に耐えるか。',
  graph: {
    title: 'メンバーとリンク',
    label: (_members: number, count: string, links: string) =>
      `メンバー ${count} 人。このタブの直接のリンクは ${links} 本です。同じ内容が表にあります。`,
    mesh: '8 人までは全員が全員とつながります。太い線が自分のリンクです。ほかの人どうしの細い線はルームが目指す形で、ここからは見えません。',
    own: '9 人からは全員とはつながらず、タブが知るのは自分のリンクだけです。更新はそこを伝ってほかの人に届きます。',
    hidden: (_n: number, count: string) => `ほか ${count} 人は描いていません。`,
    passed: (received: string, sent: string) =>
      `このページを開いてから自分のリンクを通った更新: 受信 ${received} 件、送信 ${sent} 件`,
    legend: {
      self: '自分',
      published: 'このラウンドに公開済み',
      refused: '拒否されたものあり',
      resting: 'いまは学習していない',
    },
  },
  table: {
    title: 'メンバー',
    member: 'メンバー',
    round: 'このラウンド',
    link: 'リンク',
    published: '公開済み',
    waiting: 'まだ',
    resting: '–',
    notDrawn: '休み',
    direct: '直接',
    indirect: '経由',
    self: '–',
    gone: '退出',
    refused: (reason: string, times: string) => `拒否: ${reason}(${times})`,
  },
  alone: {
    title: 'まだ一人です',
    text: '誰かが参加すると、リンクが現れます。',
    invite: '人を招く',
  },
  watching: '見学中です。このタブは更新を公開しませんが、ほかの人の更新は取り次ぎます。',
  paused: '一時停止中です。このタブは更新を公開しませんが、ほかの人の更新は取り次ぎます。',
  round: {
    title: '進行中のラウンド',
    none: 'まだラウンドがありません',
    noneText: '誰かが学習を始めると、最初のラウンドが始まります。',
    done: 'すべてのラウンドが終わりました。',
    published: (published: string, expected: string) => `${expected} 人中 ${published} 人が公開`,
    age: (seconds: string) => `開始から ${seconds}`,
    hint: '全員が公開するか、3 分の 2 が公開して少し経つと終わります。特定の誰かを待つことはなく、遅れて届いた更新もあとから取り込みます。',
    summed:
      '変化の合計が公開されると終わります。まとめる人は毎回替わります。加わる人が足りないか、時間内にまとまらなければ、合計なしで進みます。',
  },
  lot: {
    about: (committee: string, crowd: string) =>
      `約 ${crowd} 人のうち ${committee} 人ほどが、くじで選ばれて公開します。`,
    drawn: 'くじに当たりました。このラウンドでは計算します。',
    rests: 'このラウンドは休みで、何も計算しません。',
    hint: '当たりは自分では選べず、誰が当たったかは全員が確かめられます。人数が増えても、一人の負担は変わりません。',
  },
  bytes: {
    title: '通信量',
    sent: 'このタブの送信',
    received: '受信',
    updates: (_n: number, count: string) => `更新 ${count} 件`,
    perUpdate: (bytes: string) => `公開した更新 1 件あたり ${bytes}`,
    total: 'これまでの送受信',
    float32: '同じやりとりを float32 のパラメータで行った場合',
    saved: (factor: string) => `${factor} 分の 1`,
    one: '更新 1 件',
    oneValue: (update: string, raw: string, factor: string) =>
      `${update}。float32 なら ${raw} で、その ${factor} 分の 1 です`,
    codec: {
      'one-bit': 'パラメータ 1 個につき 1 ビット。言い切れなかった分は手元に残し、次に伝えます。',
      masked: '上り回線が細いため、毎回パラメータの 4 分の 1 だけを順番に、1 ビットずつ送ります。',
      sparse: '変化の大きい 64 個に 1 個だけを、2 ビットずつ送ります。',
      sum: 'パラメータ 1 個に 32 ビットのマスク付きの値を、そのラウンドのまとめ役へ一度だけ送ります。合計も同じ大きさで返ってきます。',
    },
    rawTitle: '全員が全員に float32 のまま送ると',
    formula: '一人の 1 ラウンドで (n\u00a0−\u00a01)(4P\u00a0+\u00a0250) バイト',
    formulaValue: (n: string, parameters: string, bytes: string) =>
      `(${n}\u00a0−\u00a01)(4\u00a0×\u00a0${parameters}\u00a0+\u00a0250) = ${bytes}`,
    hint: 'データチャネルで数えた量です。台帳やモデルの受け渡しなど、このタブがそこで送るものをすべて含みます。その下の通信で加わる分は含みません。',
  },
  tolerance: {
    title: '何に耐えるか',
    of: (liars: string, publishers: string) => `${publishers} 人中 ${liars} 人まで耐える`,
    none: (publishers: string) => `${publishers} 人中 0 人`,
    nobody: 'まだ誰も公開していません',
    meaning: (_n: number, liars: string, publishers: string) =>
      `1 ラウンドの更新 ${publishers} 件のうち ${liars} 件までは、でたらめでも結果を決められません。それでも、ほかの更新の範囲の端までは少し引き寄せられます。`,
    few: 'これだけ少ないと、誰が間違っているか見分けられません。長すぎる更新はふつうの長さに切りますが、それ以上の保証はありません。',
    unguarded: {
      mean: 'このルームは単純平均です。悪意ある更新が一つあれば、結果を決められます。信頼し合う人どうしの実験用です。',
      'clip-mean':
        '長すぎる更新はふつうの長さに切るので、一つがほかをかき消すことはありません。それ以上の保証はありません。',
    },
    masked: '一部のパラメータだけを伝える更新があると、比べられる数が減り、耐えられる数も減ります。',
    noise:
      'このルームでは更新にノイズを加えます。間違った更新もノイズに紛れるため、実際に耐えられるのは数字より少なくなります。',
    cheap:
      '新しい身元はただで作れます。この数は誤って招いた人の数で、タブの数ではありません。リンクを持つ人はタブをいくつでも開けます。',
    rule: '混ぜ方',
    rules: {
      'clip-trim': '切り詰めと刈り込み: 長すぎる更新を切り、数値ごとに両端を除きます。',
      'clip-mean': '切り詰め: 長すぎる更新を切ってから平均します。',
      'multi-krum': 'Multi-Krum: ほかの多くに近い更新だけを数えます。',
      'nearest-median': '近傍と中央値: それぞれを近いものと混ぜ、その真ん中をとります。',
      'centered-clip': '中心からの切り詰め: 真ん中から離れすぎた分を切ります。',
      mean: '単純平均: 届いたものをそのまま平均します。',
    },
  },
  agreement: {
    title: '共通のモデル',
    all: (n: number, count: string) =>
      n === 1
        ? 'この指紋を示しているのは、いまは自分だけです。'
        : `指紋を示した ${count} 人全員が一致しています。`,
    some: (same: string, all: string) => `${all} 人中 ${same} 人の指紋が一致しています。`,
    behind: '違う指紋の人は、遅れているか途切れていた人です。多数が一致するモデルを受け取り直します。',
    hash: '指紋',
    round: (round: string) => `ラウンド ${round} のあと`,
    none: 'まだ共通のモデルがありません。',
  },
  privacy: {
    title: '自分の更新のプライバシー',
    spent: (epsilon: string, delta: string) => `ε = ${epsilon}(δ = ${delta})`,
    rounds: (_n: number, count: string) => `自分の ${count} ラウンド分`,
    unbounded: '上限なし',
    anyData: (epsilon: string) =>
      `自分のデータをほかのどんなデータとも見分けようとする相手には ε = ${epsilon} です。`,
    hint: 'ε が小さいほど、更新からデータについて分かることは少なくなります。学習するたびに増え、減ることはありません。',
  },
  sums: {
    title: 'マスク付きの合計',
    last: {
      none: '参加してから、まだ合計は作られていません。',
      counted: '最新の合計には自分の変化が入っています。単独では誰にも見られていません。',
      'no-sum':
        '直前のラウンドは合計なしで進みました。最後まで残った人が足りないか、まとめ役の応答が途絶えました。',
      'left-out': '最新の合計に自分の変化は入りませんでした。',
    },
    few: (trainers: string, needed: string) =>
      `合計なしでラウンドが進んでいます。学習中は ${trainers} 人ですが、合計には ${needed} 人以上が必要です。それまでモデルは変わりません。`,
    counts: (counted: string, missed: string) => `自分の変化が入った回 ${counted} · 入らなかった回 ${missed}`,
    hint: '合計そのものは全員に見えます。中身を選り分けることは誰にもできません。ラウンドのまとめ役が偽の合計を示すこともありえます。',
  },
} satisfies typeof enSwarm
