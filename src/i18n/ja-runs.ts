// 台帳での報酬ラウンドのことば。
import type { runKinds as enKinds, runSays as enSays } from './en-runs.ts'

export const runKinds: typeof enKinds = {
  asset: 'データの説明',
  quote: '報酬ラウンドの募集',
  offer: 'データの申し出',
  capacity: '計算の申し出',
  withdraw: '辞退',
  begin: 'ラウンドの開始',
  contract: '契約の署名',
  exposure: '開示先の上限の変更',
  deletion: '削除の届け',
  service: '計算の貸し借り',
  measure: '貢献の測定',
  abort: 'ラウンドの打ち切り',
}

export const runSays: typeof enSays = {
  asset: (who, samples, quality) => `${who}が ${samples} 件のデータ(品質 ${quality})を届け出ました`,
  quote: (who, title, reward) => `${who}が ${reward}の報酬でラウンド${title}を募集しました`,
  offer: (who, samples, quality) => `${who}が最大 ${samples} 件(品質 ${quality})の提供を申し出ました`,
  capacity: (who, speed) => `${who}が計算の貸し出し(毎秒 ${speed} ステップ)を申し出ました`,
  withdraw: who => `${who}が報酬ラウンドを辞退しました`,
  begin: who => `${who}が募集を締め切り、報酬ラウンドを始めました`,
  contract: who => `${who}が組の契約に署名しました`,
  exposure: (who, limit) => `${who}がデータを見せる相手を ${limit} 人まで認めました`,
  deletion: who => `${who}が相手のデータを削除したと届け出ました`,
  service: (who, jobs) => `${who}が計算の貸し借り${jobs}を届け出ました`,
  jobs: (_n, count) => ` ${count} ラウンド分`,
  measureDrops: (who, owners, round) => `${who}がラウンド ${round} までの${owners}の更新の効果を測りました`,
  measureShapley: (who, owners, round) => `${who}がラウンド ${round} までの${owners}の貢献を測りました`,
  owners: (_n, count) => `${count} 人の提供者`,
  abort: (who, reason) => `${who}が報酬ラウンドを打ち切りました: ${reason}`,
}
