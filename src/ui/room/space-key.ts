// The space bar pauses anywhere outside text fields. Where the keyboard has put the focus on something that space itself
// operates (a button, a disclosure), that keeps its meaning; after a mouse click it does not, since a person who clicked
// a button and then strikes space means "pause".

const TEXT =
  'input:not([type]), input[type=text], input[type=number], input[type=search], textarea, [contenteditable]'
const OPERATED = 'button, summary, select, a[href], input[type=checkbox], input[type=radio], [data-space]'

export interface SpaceKey {
  down(event: KeyboardEvent): void
  up(event: KeyboardEvent): void
  pointer(): void
}

/** `pause` says whether it did something; only then is the key taken. */
export function createSpaceKey(pause: () => boolean): SpaceKey {
  let focusByKeyboard = false
  let taken = false
  return {
    pointer() {
      focusByKeyboard = false
    },
    down(event) {
      if (event.key === 'Tab' || event.key.startsWith('Arrow')) focusByKeyboard = true
      if (event.key !== ' ' || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return
      const target = event.target instanceof Element ? event.target : null
      if (target?.closest(TEXT) || document.querySelector('dialog[open]')) return
      if (focusByKeyboard && target?.closest(OPERATED)) return
      if (!pause()) return
      taken = true
      event.preventDefault()
    },
    up(event) {
      // Firefox clicks the focused button on key-up, so the whole stroke has to be taken.
      if (event.key !== ' ' || !taken) return
      taken = false
      event.preventDefault()
    },
  }
}
