// The order of classes follows from their names alone, never from the order of files or rows.
import { parseNumber } from './csv.ts'

/** Sorts in place: as numbers if all are, else by code unit. */
export function sortLabels(labels: string[]): string[] {
  const numeric = labels.every(label => !Number.isNaN(parseNumber(label, false)))
  return labels.sort((a, b) => (numeric ? Number(a) - Number(b) : 0) || (a < b ? -1 : a > b ? 1 : 0))
}
