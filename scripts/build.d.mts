// Types of build.mjs.
export const DIST: string
export function isBuildStale(): Promise<boolean>
export function ensureBuild(options?: { log?: (line: string) => void; force?: boolean }): Promise<string>
