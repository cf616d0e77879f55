// Types of chromium.mjs, which stays plain JavaScript because it runs before any package is installed.
export class ChromiumError extends Error {
  readonly kind: 'bad-path' | 'not-found' | 'not-installable'
}
export function findChromium(): Promise<string>
export function ensureChromium(log?: (line: string) => void): Promise<string>
export function canUseApt(): Promise<boolean>
export function runs(program: string, args: readonly string[], limitMs: number): Promise<boolean>
export function findOnPath(names: readonly string[]): Promise<string | undefined>
