// Charters carry the class names of the data set; well-known ones are shown in the reader's language.
import type { Dictionary } from '../../state/settings.svelte.ts'

export function className(name: string, t: Dictionary): string {
  return Object.hasOwn(t.classes, name) ? t.classes[name as keyof Dictionary['classes']] : name
}
