/** A key as Ink reports it. */
interface InkKey {
  upArrow: boolean
  downArrow: boolean
  leftArrow: boolean
  rightArrow: boolean
  pageDown: boolean
  pageUp: boolean
  home: boolean
  end: boolean
  return: boolean
  escape: boolean
  ctrl: boolean
  shift: boolean
  tab: boolean
  backspace: boolean
  delete: boolean
}

const controls: Readonly<Record<string, string>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'ctrl-c',
}

/**
 * The names of the keys in the tables of bindings; printable text stands for itself. Several at once when a slow link delivers
 * what was typed meanwhile in one piece, or when something is pasted.
 */
export function keyNames(input: string, key: InkKey): string[] {
  const special = specialKey(key)
  if (special) return [special]
  if (key.ctrl) return [`ctrl-${input}`]
  return Array.from(input, (glyph) => controls[glyph] ?? glyph)
}

function specialKey(key: InkKey): string | null {
  if (key.tab) return key.shift ? 'shift-tab' : 'tab'
  if (key.upArrow) return 'up'
  if (key.downArrow) return 'down'
  if (key.leftArrow) return key.shift ? 'shift-left' : 'left'
  if (key.rightArrow) return key.shift ? 'shift-right' : 'right'
  if (key.pageDown) return 'pagedown'
  if (key.pageUp) return 'pageup'
  if (key.home) return 'home'
  if (key.end) return 'end'
  if (key.return) return 'enter'
  if (key.escape) return 'escape'
  if (key.backspace) return 'backspace'
  return key.delete ? 'delete' : null
}
