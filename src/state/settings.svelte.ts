// What a person set on this device: language, appearance, name. Kept in localStorage where that is allowed; without it
// everything works until the tab closes. Never anything about rooms.
import { en } from '../i18n/en.ts'
import { createFormat, type Format, type Language } from '../i18n/format.ts'
import { ja } from '../i18n/ja.ts'

export type Theme = 'auto' | 'light' | 'dark'
export type Dictionary = typeof en

const DICTIONARIES: Record<Language, Dictionary> = { en, ja }
const PREFIX = 'yoriai/'
export const MAX_NICKNAME = 24

export class Settings {
  #language = $state<Language>('en')
  #theme = $state<Theme>('auto')
  #nickname = $state('')
  #systemDark = $state(false)

  readonly t: Dictionary = $derived(DICTIONARIES[this.#language])
  readonly f: Format = $derived(createFormat(this.#language))
  readonly dark: boolean = $derived(this.#theme === 'dark' || (this.#theme === 'auto' && this.#systemDark))

  constructor() {
    this.#restore()
    const query = matchMedia('(prefers-color-scheme: dark)')
    this.#systemDark = query.matches
    query.addEventListener('change', event => {
      this.#systemDark = event.matches
    })
  }

  get language(): Language {
    return this.#language
  }
  set language(value: Language) {
    this.#language = value
    write('language', value)
  }

  get theme(): Theme {
    return this.#theme
  }
  set theme(value: Theme) {
    this.#theme = value
    write('theme', value)
  }

  get nickname(): string {
    return this.#nickname
  }
  set nickname(value: string) {
    this.#nickname = value
    write('nickname', value)
  }

  /** Back to the defaults, and nothing of Yoriai left in localStorage. */
  forget(): void {
    for (const key of ['language', 'theme', 'nickname']) remove(key)
    this.#restore()
  }

  #restore(): void {
    const language = read('language')
    this.#language =
      language === 'en' || language === 'ja' ? language : preferredLanguage(navigator.languages)
    const theme = read('theme')
    this.#theme = theme === 'light' || theme === 'dark' ? theme : 'auto'
    this.#nickname = (read('nickname') ?? '').slice(0, MAX_NICKNAME)
  }
}

export function preferredLanguage(languages: readonly string[]): Language {
  for (const tag of languages) {
    if (/^ja\b/iu.test(tag)) return 'ja'
    if (/^en\b/iu.test(tag)) return 'en'
  }
  return 'en'
}

// Reading or writing localStorage throws where a browser blocks storage; settings then live in memory only.
function read(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key)
  } catch {
    return null
  }
}
function write(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value)
  } catch {
    return
  }
}
function remove(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key)
  } catch {
    return
  }
}
