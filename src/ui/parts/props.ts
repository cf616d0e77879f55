// The constraint that Svelte's own Component type puts on props, by name.

// reason: interfaces of props have no index signature, so only `any` lets every component through, as in Svelte's types.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyProps = Record<string, any>
