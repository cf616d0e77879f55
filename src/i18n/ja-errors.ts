// 日本語: 誤りと拒否の理由. The same keys as en-errors.ts.
import type { DataWords, enErrors } from './en-errors.ts'

export const jaErrors = {
  error: {
    link: {
      empty: 'もらったリンクを貼り付けてください。',
      'not-a-link':
        'ルームへのリンクではないようです(「#/join=」がありません)。最後の文字までコピーしてください。',
      'no-key': 'コンマのあとの鍵がなく、途中で切れています。最後の文字までコピーしてください。',
      'bad-room': 'リンクの中のルーム名が壊れています。もう一度リンクをもらってください。',
      'bad-key': 'リンクの中の鍵が壊れているか、途中で切れています。もう一度リンクをもらってください。',
    },
    preview: {
      network: 'メンバーを引き合わせるサーバーにつながりません。接続を試し続けています。',
      'room-full': 'ルームは満員です。誰かが退出してからもう一度お試しください。',
      refused:
        'サーバーが接続を断りました。回数が多すぎたのかもしれません。1 分ほど待ってからお試しください。',
    },
    session: {
      'no-backend':
        'このブラウザでは、モデルを正しく計算できる方法が見つかりませんでした。見るだけなら参加できます。',
      'data-unavailable':
        'データを読み込めませんでした。接続を確かめて再読み込みしてください。同じメンバーとして戻れます。',
      'trainer-crashed': '学習用のワーカーが止まりました。再読み込みすると、同じメンバーとして続けられます。',
      'room-full': 'ルームは満員です。誰かが退出してからもう一度お試しください。',
      refused: 'ほかのメンバーが、このブラウザの参加を断りました。',
    },
    app: {
      start: 'Yoriai を起動できませんでした',
      startText: 'プログラムの一部を読み込めませんでした。接続を確かめて、ページを再読み込みしてください。',
      create: 'ルームを作れませんでした。プライベートウィンドウなどで保存が禁止されていませんか?',
      join: '参加できませんでした。接続を確かめて、もう一度お試しください。',
      'leave-failed':
        '退出を完了できませんでした。直前のラウンドまでの作業は残っています。もう一度お試しください。',
      'export-failed': 'ファイルを作れませんでした。もう一度お試しください。',
      'predict-failed': '今はモデルに尋ねられませんでした。少し待ってからお試しください。',
      'add-failed': '例を追加できませんでした。',
      'trace-failed': '今は来歴を調べられませんでした。少し待ってからお試しください。',
      'open-failed': 'この端末から中身を読み取れませんでした。もう一度お試しください。',
      'delete-failed':
        '一部を削除できませんでした。Yoriai を開いているほかのタブを閉じて、もう一度お試しください。',
      unexpected: '問題が起きましたが、ルームは続いています。',
    },
    data: {
      network: (_: DataWords) => 'データを取得できませんでした。接続を確かめて、もう一度お試しください。',
      manifest: (_: DataWords) =>
        '用意されたデータの一覧が壊れています。Yoriai を起動した人に、データの準備をやり直してもらってください。',
      checksum: (_: DataWords) => '届いたデータが壊れています。もう一度お試しください。',
      part: (_: DataWords) => 'その部分はこのルームにありません。',
      'no-files': (_: DataWords) => 'ファイルが選ばれていません。',
      'unknown-kind': (_: DataWords) => 'CSV でも画像(PNG、JPEG、WebP、GIF)でも IDX でもないファイルです。',
      'mixed-kinds': (_: DataWords) => '表、画像、IDX のどれか一種類だけを選んでください。',
      'too-many-files': (d: DataWords) => `ファイルが多すぎます。上限は ${d.limit} 個です。`,
      'file-too-big': (d: DataWords) => `ファイルが大きすぎます。上限は ${d.limit} です。`,
      'total-too-big': (d: DataWords) => `ファイルの合計が大きすぎます。上限は ${d.limit} です。`,
      'empty-file': (_: DataWords) => 'このファイルは空です。',
      unreadable: (_: DataWords) => 'ブラウザがこのファイルを読み取れませんでした。',
      encoding: (_: DataWords) =>
        '文字コードが UTF-8 ではありません。UTF-8 の CSV として保存し直してください。',
      'wrong-kind': (d: DataWords) => `このルームで使うデータの種類(${d.expected})と違います。`,
      'shape-mismatch': (d: DataWords) =>
        `サンプルの大きさが ${d.found} です。このルームでは ${d.expected} が必要です。`,
      'unknown-label': (d: DataWords) => `「${d.value}」は、このルームにない種類です。`,
      'one-class': (_: DataWords) => 'すべて同じ種類です。二つ以上の種類が必要です。',
      'too-many-classes': (d: DataWords) =>
        `種類が ${d.limit} を超えています。種類の列は正しく選ばれていますか?`,
      'too-few-samples': (d: DataWords) => `${d.expected} 件以上のサンプルが必要です(現在 ${d.found} 件)。`,
      'unclosed-quote': (_: DataWords) => 'ここで始まる引用符が閉じられていません。',
      'stray-quote': (_: DataWords) =>
        '値の途中に引用符があります。二重にするか、値全体を引用符で囲んでください。',
      'ragged-row': (d: DataWords) => `この行の値は ${d.found} 個ですが、見出しの列は ${d.expected} 個です。`,
      'duplicate-column': (d: DataWords) => `列名「${d.column}」が重複しています。別の名前にしてください。`,
      'unnamed-column': (d: DataWords) =>
        `${d.column} 番目の列に名前がありません。最初の行で、すべての列に名前を付けてください。`,
      'cell-too-long': (d: DataWords) => `「${d.column}」の列に ${d.limit} 文字を超える値があります。`,
      'too-many-rows': (d: DataWords) => `行が ${d.limit} を超えています。`,
      'too-many-columns': (d: DataWords) => `列が ${d.limit} を超えています。`,
      'too-many-features': (d: DataWords) =>
        `入力が ${d.limit} を超えます。値の種類がとても多い文字の列があるようです。`,
      'no-features': (_: DataWords) => '種類の列のほかに、学習に使える列がありません。',
      'missing-column': (d: DataWords) => `「${d.column}」の列がありません。`,
      'bad-number': (d: DataWords) => `「${d.column}」は数値の列ですが、「${d.value}」は数値ではありません。`,
      'bad-schema': (_: DataWords) => 'ルームの条件にある、列の説明が壊れています。',
      'schema-too-big': (d: DataWords) =>
        `列の説明が長すぎて、ルームの条件に収まりません(上限 ${d.limit})。列を減らしてください。`,
      'idx-format': (_: DataWords) => 'バイト列の IDX ファイルではありません。',
      'idx-length': (d: DataWords) =>
        `ファイルは ${d.found} バイトですが、見出しでは ${d.expected} バイトのはずです。`,
      'idx-pair': (_: DataWords) => '画像とラベル、二つの IDX ファイルを一緒に選んでください。',
      'idx-count': (d: DataWords) => `画像 ${d.expected} 枚に対して、ラベルが ${d.found} 個です。`,
      'no-class-folder': (_: DataWords) =>
        'サブフォルダに入っていない画像です。種類の名前を付けたフォルダに、画像を分けて入れてください。',
      'bad-image': (_: DataWords) => '画像が壊れているか、対応していない形式です。',
    },
  },
  refusal: {
    malformed: '意味をなさないデータ',
    'bad-signature': '合わない署名',
    'wrong-length': '長さの違う更新',
    'not-finite': '有限でない数値(NaN や無限大)',
    'not-canonical': '許されていない形で書かれた更新',
    'wrong-codec': 'この部屋が受け付けない符号化の更新',
    'not-drawn': '抽選で選ばれていないラウンドへの更新',
    outsized: 'ほかの人よりはるかに大きな更新',
    'wrong-hash': '予告と違う内容',
    equivocation: '同じ番号で食い違う二つの記録',
    'wrong-room': '別のルームあてのメッセージ',
    'too-old': 'とうに過ぎたラウンドの更新',
    'from-future': 'まだ来ていないラウンドの更新',
    'bad-state': 'ほかの人の持つものと食い違うモデル',
    'bad-entry': '規則に反する台帳の記録',
    flooding: '多すぎるメッセージ',
    'not-a-trainer': '学習に参加していない人からの更新',
    paused: 'ルームの停止中に学習された更新',
    'no-licence': 'ルームの求める許可のない更新',
    'over-budget': '計算枠を超えた更新',
    'no-receipt': '計算の記録のない更新',
    suspended: '計算の記録が規則に反した人からの更新',
    quota: '次の封印までに一人が書ける数を超えた記録',
    'bad-seal': '台帳にない記録を含む封印',
    'bad-sum': '決まりに反するマスク付きの合計',
    'bad-lending': '貸した計算の結果が正しくない',
  },
} satisfies typeof enErrors
