// Figures of a test run, one line each, so that a log can be searched for what was measured.

export function printFigures(name: string, figures: Record<string, unknown>): void {
  const text = Object.entries(figures)
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
  console.log(`[${name}] ${text}`)
}

/** A fraction as percent with two decimals. */
export function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`
}

/** Highest minus lowest, in percentage points. */
export function spreadPoints(fractions: readonly number[]): number {
  return 100 * (Math.max(...fractions) - Math.min(...fractions))
}
