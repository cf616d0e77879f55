// 日本語: 手元のデータの見立てと、データを増やす効果. The same keys as en-appraisal.ts.
import type { enAppraisal } from './en-appraisal.ts'

export const jaAppraisal = {
  card: {
    title: 'このタブが見たあなたのデータ',
    quality: (share: string) => `品質 ${share}`,
    qualityHint: 'このタブで作った市場向けの報告です。最後にものを言うのは、学習による実測です。',
    good: '問題は見つかりませんでした。',
    goodRest: 'ほかに問題はありません。',
    warnings: '確認したいこと',
    table: 'すべての結果を表で見る',
    finding: '項目',
    value: '値',
    examined: '調べた件数',
    unknown: '測れませんでした',
    samples: (samples: string, features: string) => `${samples} 件、1 件あたり ${features} 個の値`,
    limits: (samples: string) =>
      `ラベルは ${samples} 件について、そのサンプルを見ていない小さなネットワークで判定しました。「ほぼ同じ」とは、値の 8 割以上が一致することです。`,
  },
  warns: {
    'not-finite': (_n: number, count: string) =>
      `数でない値を含むサンプルが ${count} 件あり、除いて調べました。`,
    'empty-samples': (_n: number, count: string) => `中身のないサンプルが ${count} 件あります。`,
    unlabelled: (_n: number, count: string) =>
      `このルームのクラスに当てはまらないサンプルが ${count} 件あります。`,
    'constant-features': (_n: number, count: string, share: string) =>
      `値の位置のうち ${count} か所(${share})はどのサンプルでも同じで、学習の手がかりになりません。`,
    duplicates: (_n: number, count: string, share: string) =>
      `ほかと同じサンプルが ${count} 件(${share})あります。`,
    'near-duplicates': (_n: number, count: string, share: string) =>
      `ほかとほぼ同じサンプルが ${count} 件(${share})あります。`,
    'conflicting-labels': (_n: number, count: string) =>
      `同じ内容に別のラベルが付いたサンプルが ${count} 件あります。`,
    'one-class': () => 'すべて同じクラスです。これだけでは何も見分けられません。',
    'missing-classes': (_n: number, count: string) => `サンプルのないクラスが ${count} 個あります。`,
    imbalanced: () => '極端に少ないクラスがあります。',
    'label-noise': (_n: number, count: string, share: string) =>
      `ラベルの約 ${share}(およそ ${count} 件)が誤っているようです。`,
    'noise-unknown': () =>
      'ラベルは判定できませんでした。異なるサンプルが 20 件と、2 つ以上のクラスが必要です。',
    outliers: (_n: number, count: string, share: string) =>
      `同じクラスの中で大きく外れたサンプルが ${count} 件(${share})あります。`,
    drift: () => 'ルームが測定に使うサンプルとは様子が違います。',
    'label-drift': () => 'クラスの割合が、ルームが測定に使うサンプルと違います。',
    'drift-unknown': () => '比べる相手になるルームのサンプルがありませんでした。',
    'few-samples': (_n: number, count: string) =>
      `サンプルが ${count} 件しかないため、どの結果も確かではありません。`,
    'singled-out': (_n: number, count: string, share: string) =>
      `わずかな項目だけでほぼ特定できる行が ${count} 件(${share})あります。その人のことを考えてください。`,
    sampled: (_n: number, count: string) =>
      `データが大きいため、重複・外れ値・ずれは ${count} 件を選んで調べました。`,
  },
  findings: {
    complete: '欠けのない割合',
    duplicates: '重複',
    near: 'ほぼ同じもの',
    conflicts: 'ラベルの違う重複',
    balance: 'クラスの釣り合い',
    noise: '誤ったラベルの推定',
    disagreement: '予測と食い違うラベル',
    outliers: '外れ値',
    drift: 'ルームとのずれ(指数)',
    labelDrift: 'クラスの割合の違い(指数)',
    singledOut: 'わずかな項目で特定できる割合',
    size: '件数(1 万件を満点として)',
    quality: '品質',
  },
  refused: {
    'no-samples': 'このルームに、あなたのサンプルはありません。',
    'bad-shape': 'サンプルとラベルの数が合いません。読み込み直してください。',
    'no-labels': 'このルームのクラスが付いたサンプルが 1 件もありません。',
    'nothing-usable': '判定できる中身のあるサンプルが 1 件もありません。',
    'bad-floor': 'このラウンドの品質の下限は、1 未満の割合になっていません。',
  },
  run: {
    start: '手元のデータを調べる',
    stop: '中止',
    again: 'もう一度調べる',
    stage: {
      completeness: 'サンプルを一件ずつ見ています',
      duplicates: '重複を探しています',
      'near-duplicates': 'ほぼ同じサンプルを探しています',
      labels: 'ラベルを判定しています',
      outliers: '外れ値を探しています',
      drift: 'ルームと比べています',
      measuring: 'サンプルを増やしながら学習しています',
    },
    progress: '進み具合',
    failed: 'エラーで止まりました。何も送られていません。',
    stays: 'このタブの中で動きます。サンプルは外に出ません。',
  },
  scaling: {
    title: 'データを増やすと',
    lead: '小さなネットワークを、手元のサンプルを増やしながら学習させ、取り置いたサンプルで正解率を測りました。',
    law: {
      log: '倍にするたびに同じだけ伸びる(対数)',
      power: '倍にするたびに誤りが同じ割合で減る(べき乗則)',
      saturating: '上限に近づいていく',
    },
    curve: '曲線と当てはまる法則',
    lawHint: (law: string, r2: string) => `最もよく合う法則: ${law}。決定係数 ${r2}。`,
    doubling: (points: string) => `サンプルが倍になると、正解率は ${points} ポイント上がる見込みです`,
    doublingNone: 'サンプルを倍にしても、はっきりした伸びは見込めません。',
    credits: (credits: string, value: string) =>
      `1 ポイントを ${value} クレジットとすると、${credits} クレジットに当たります`,
    slope: (b: string, low: string, high: string) =>
      `対数の法則では、倍にするごとに ${b} ポイント(95 % 信頼区間 ${low}〜${high})。`,
    unit: (samples: string) => `市場では、データの 1 単位は ${samples} 件になります。`,
    label: 'サンプル数ごとの正解率。実測値と、当てはめた法則による値',
    x: 'サンプル数',
    y: '正解率',
    read: '読み取るサンプル数',
    measured: '実測',
    forecast: '法則による値',
    point: (samples: string) => `${samples} 件での実測`,
    next: '次の倍増',
    none: '曲線を測るにはサンプルが足りません。40 件以上と、測定用に取り置いたサンプルが必要です。',
    trust: 'この見込みは慎重に読んでください',
    warns: {
      'few-points': (value: string) => `測ったのは ${value} 通りの件数だけです。`,
      'short-range': (value: string) => `最大の件数が、最小の ${value} 倍しかありません。`,
      flat: () => 'サンプルを増やしても正解率が上がらない可能性があります。',
      concave: (points: string) =>
        `伸びが鈍っています。曲線の端は直線より ${points} ポイント下で、対数の法則ほどには伸びません。`,
      convex: (points: string) =>
        `伸びがまだ速まっています。曲線の端は直線より ${points} ポイント上ですが、この勢いは続きません。`,
      'poor-fit': (share: string) => `法則で説明できるのは、実測の ${share} だけです。`,
      'laws-differ': (points: string) =>
        `同じくらいよく合う法則どうしで、次の倍増の見込みが ${points} ポイント違います。`,
      ceiling: (points: string) => `この種のデータで伸ばせるのは、あと ${points} ポイントだけです。`,
    },
  },
} satisfies typeof enAppraisal
