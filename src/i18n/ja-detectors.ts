// 日本語: 検出器. The same keys as en-detectors.ts.
import type { enDetectors } from './en-detectors.ts'

export const jaDetectors = {
  summary: '隠れた学習の兆しと、見逃すもの',
  hint: '申告より多く学習している人がいないか、その兆しを探します。見つかったものは尋ねる理由にはなりますが、証明ではなく、誰も処分しません。',
  run: 'この台帳を調べる',
  running: '調べています…',
  searched: (entries: string) => `記録 ${entries} 件を調べました。`,
  partly: (count: string) => `種類ごとに、新しいほうから ${count} 件だけを調べました。`,
  nothing: 'この台帳に目立つものはありません。',
  failed: '今は台帳を調べられませんでした。',
  compare: {
    title: 'モデルを比べる',
    text: 'R2 と R3 はモデルそのものを調べます。誰かが持ち出したモデルのファイル(safetensors)を選ぶと、このタブの中で、みんなのモデルと比べます。',
    choose: 'モデルのファイルを選ぶ',
    running: '比べています…',
    likeness: (value: string) => `みんなのモデルとの似かた: ${value}。`,
    threshold: (value: string) => `この種のモデルは、別々に学習すれば ${value} 未満です。`,
    noThreshold: 'この種のモデルでこれだけ学習した場合は測られていません。似かたからは何も言えません。',
    probe: (hits: string, samples: string) =>
      `誰も学習に使っていないサンプル ${samples} 件のうち ${hits} 件に正解しました。`,
    chance: (value: string) => `学習前のモデルでも、偶然 ${value} まで正解することがあります。`,
    clear: 'このモデルに目立つところはありません。',
    unreadable: 'モデルのファイルとして読めません。',
    'other-shape': '入力や種類が違うモデルなので、比べられません。',
    tooBig: (limit: string) => `ファイルが大きすぎます。上限は ${limit} です。`,
    failed: '今はモデルを比べられませんでした。',
  },
  severity: { note: '参考', warning: '説明が必要', alert: '警告' },
  found: (_n: number, count: string) => `${count} 件`,
  rules: {
    R1: '一人の持ち主、またはルーム全体の計算量と上限',
    R2: '新しいはずなのに、知りすぎているモデル',
    R3: '別々のはずなのに、同じように計算する二つのモデル',
    R4: '上限のすぐ下で終わる、いくつもの学習',
    R5: '抜け、重なり、ありえない時間のある計算の記録',
    R6: '端末に出せない速さ',
    R7: '同じデータを持つ複数の身元',
  },
  says: {
    budgetLineage: (used: string, cap: string) => `ルームは ${cap} のうち ${used} を使いました。`,
    budgetOwner: (names: string, used: string, cap: string) =>
      `${names}は ${cap} のうち ${used} を使いました。`,
    split: '一人ずつなら上限内ですが、合わせると超えています。',
    nearCap: (_n: number, count: string) => `${count} 回の学習が上限のすぐ下で終わっています。`,
    receipt: {
      gap: (name: string, n: string) => `${name}: どの記録にもない ${n} ステップがあります。`,
      overlap: (name: string, n: string) => `${name}: ${n} ステップが二度数えられています。`,
      'broken-chain': (name: string) => `${name}: 一つ前の記録を指していません。`,
      'model-chain': (name: string) => `${name}: 前の記録の終わりとは別のモデルから始まっています。`,
      'more-work-than-time': (name: string) => `${name}: 経過した時間より長く計算したことになっています。`,
      'clock-back': (name: string) => `${name}: 一つ前の記録より前の日時です。`,
      'device-twice': (name: string) => `${name}: 一つの端末が同時に二人のために計算しました。`,
    },
    tooFast: (name: string, rate: string, benchmark: string) =>
      `${name}: ${rate} ですが、端末の測定値は ${benchmark} です。`,
    noBenchmark: (name: string) => `${name}: 端末が一度も測られていません。`,
    shared: {
      'same-part': (names: string) => `${names}は課題の同じ部分を持っています(認められています)。`,
      'different-parts': (names: string) => `${names}は別の部分のはずですが、同じデータを持っています。`,
      'own-data': (names: string) => `${names}はまったく同じファイルを使いました。`,
    },
    compared: (first: string, second: string) => `${first} と ${second} は同じように計算します。`,
    fresh: (model: string) => `${model} は、学習前のモデルではありえないほど正解します。`,
  },
  measured: {
    title: 'この検出器の実力',
    other:
      '下のモデルで測った値で、このルームのモデルのものではありません。しきい値は、別のモデルにはそのまま使えません。',
    same: 'このルームとまったく同じ課題とモデルで測った値です。',
    model: (task: string, parameters: string) => `${task}、パラメータ ${parameters} 個`,
    falseAlarms: (found: string, of: string) => `別々に学習したモデルでの誤報: ${of} 組中 ${found} 組。`,
    evasion: '隠し方',
    pairs: '組',
    detected: '発見',
    correlation: '似かた(平均)',
    threshold: (value: string) => `似かたが ${value} 以上なら、R3 が知らせます。`,
    evasions: {
      sequential: '並べ替えてぼかし、引き継いで学習',
      parallel: '4 台で学習し、ときどき平均',
      'same-start': '同じ出発点の 4 台、以後やりとりなし(不正ではなく比較用)',
      distillation: '古いモデルの答えを新しいモデルに教える',
    },
    missedTitle: '見逃すもの',
    missed: (share: string) =>
      `蒸留: 古いモデルの答えで新しいモデルを育てた場合、見つかったのは ${share} だけでした。この方法で逃れる人は、ほとんど見つかりません。`,
    fresh: (found: string, of: string, chance: string) =>
      `R2: 隠れた続きを ${of} 件中 ${found} 件で発見。学習前のモデルでも、偶然 ${chance} までは正解します。`,
  },
} satisfies typeof enDetectors
