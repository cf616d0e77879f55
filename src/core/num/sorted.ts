// Order for what has none: maps and sets as sorted lists, so that equal states encode alike. UTF-16 order, as in canonical
// JSON.

export function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

export function sortedEntries<Key extends string, Value>(map: ReadonlyMap<Key, Value>): [Key, Value][] {
  return [...map].sort(([a], [b]) => ascending(a, b))
}
