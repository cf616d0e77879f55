// Charts draw at most so many points: every n-th, counted from the end, so that the newest and the first always stay.

export function thin<T>(points: readonly T[], most: number): readonly T[] {
  if (points.length <= most) return points
  const stride = Math.ceil((points.length - 1) / (most - 1))
  const kept: T[] = []
  for (let i = points.length - 1; i > 0; i -= stride) kept.push(points[i]!)
  kept.push(points[0]!)
  return kept.reverse()
}
