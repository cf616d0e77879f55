// What is said aloud: short visible notes and polite announcements for screen readers. The newest announcement replaces
// the one before, so a busy room never builds a queue of speech.

export type ToastTone = 'info' | 'ok' | 'bad'

export interface Toast {
  readonly id: number
  readonly tone: ToastTone
  readonly text: string
}

const TOAST_MS = 6_000
const MAX_TOASTS = 3

export class Announcer {
  spoken = $state('')
  toasts = $state.raw<readonly Toast[]>([])
  #next = 1

  say(text: string): void {
    // A live region is read only when it changes: an invisible character tells two equal sentences apart.
    this.spoken = text === this.spoken ? `${text}\u200b` : text
  }

  /** Errors stay until they are dismissed. */
  toast(text: string, tone: ToastTone = 'info'): void {
    if (this.toasts.some(shown => shown.text === text)) return
    const id = this.#next++
    this.toasts = [...this.toasts, { id, tone, text }].slice(-MAX_TOASTS)
    if (tone !== 'bad') setTimeout(() => this.dismiss(id), TOAST_MS)
  }

  dismiss(id: number): void {
    this.toasts = this.toasts.filter(toast => toast.id !== id)
  }
}
