// Types of check-budget.mjs.
export interface BudgetResult {
  readonly ok: boolean
  readonly totalBytes: number
  readonly files: readonly { readonly file: string; readonly gzipBytes: number }[]
}
export const BUDGET_BYTES: number
export function checkBudget(distDir: string): Promise<BudgetResult>
export function describeBudget(result: BudgetResult): string
