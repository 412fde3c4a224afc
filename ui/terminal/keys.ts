/** What a key press asks for. */
export type Action =
  | { do: 'quit' | 'help' | 'freeze' | 'mark' | 'search' | 'escape' | 'view' | 'tail' | 'sort' | 'redraw' }
  | { do: 'enter' | 'out' | 'next match' | 'previous match' }
  | { do: 'tab'; index: number }
  | { do: 'tab by'; step: 1 | -1 }
  | { do: 'phase by'; step: 1 | -1 }
  | { do: 'move'; towards: 'up' | 'down' | 'left' | 'right' }
  | { do: 'page'; step: 1 | -1 }

interface Binding {
  keys: readonly string[]
  action: Action
  /** the line of the help; bindings that share a line name it once */
  help?: { keys: string; does: string; where: 'everywhere' | 'flame graph' | 'table' }
  /** shown in the footer, in this order, while it fits */
  hint?: { text: string; where?: 'flame' | 'table' }
}

const everywhere = (keys: string, does: string) => ({ keys, does, where: 'everywhere' as const })
const inFlame = (keys: string, does: string) => ({ keys, does, where: 'flame graph' as const })

/** Every key there is. The help and the footer are made from this table. */
export const bindings: readonly Binding[] = [
  { keys: ['?'], action: { do: 'help' }, help: everywhere('?', 'this help'), hint: { text: '? help' } },
  ...Array.from(
    { length: 9 },
    (_, index): Binding => ({
      keys: [String(index + 1)],
      action: { do: 'tab', index },
      ...(index === 0 ? { help: everywhere('1-9', 'a tab') } : {}),
    }),
  ),
  {
    keys: ['tab'],
    action: { do: 'tab by', step: 1 },
    help: everywhere('tab  shift-tab', 'next, previous tab'),
    hint: { text: 'tab next' },
  },
  { keys: ['shift-tab'], action: { do: 'tab by', step: -1 } },
  {
    keys: ['p'],
    action: { do: 'phase by', step: 1 },
    help: everywhere('p  P', 'next, previous phase; after the last: follow the run'),
    hint: { text: 'p phase' },
  },
  { keys: ['P'], action: { do: 'phase by', step: -1 } },
  {
    keys: ['v'],
    action: { do: 'view' },
    help: everywhere('v', 'next view of this tab: flame graphs, distributions'),
    hint: { text: 'v view' },
  },
  {
    keys: ['t'],
    action: { do: 'tail' },
    help: everywhere('t', 'from a distribution to the stacks behind its p99, and back'),
  },
  {
    keys: ['enter'],
    action: { do: 'enter' },
    help: inFlame('enter', 'zoom into the selected frame'),
    hint: { text: 'enter zoom', where: 'flame' },
  },
  {
    keys: ['backspace', 'delete'],
    action: { do: 'out' },
    help: inFlame('backspace', 'zoom out one level'),
    hint: { text: 'backspace out', where: 'flame' },
  },
  {
    keys: ['/'],
    action: { do: 'search' },
    help: inFlame('/', 'search frames; empty ends it'),
    hint: { text: '/ search', where: 'flame' },
  },
  { keys: ['n'], action: { do: 'next match' }, help: inFlame('n  N', 'next, previous match') },
  { keys: ['N'], action: { do: 'previous match' } },
  {
    keys: ['up', 'k'],
    action: { do: 'move', towards: 'up' },
    help: inFlame('arrows  h j k l', 'select a frame; elsewhere: scroll'),
  },
  { keys: ['down', 'j'], action: { do: 'move', towards: 'down' } },
  { keys: ['left', 'h'], action: { do: 'move', towards: 'left' } },
  { keys: ['right', 'l'], action: { do: 'move', towards: 'right' } },
  {
    keys: ['s'],
    action: { do: 'sort' },
    help: { keys: 's', does: 'sort by the next column', where: 'table' },
    hint: { text: 's sort', where: 'table' },
  },
  {
    keys: ['pagedown', ' '],
    action: { do: 'page', step: 1 },
    help: { keys: 'space  page keys', does: 'scroll a page', where: 'table' },
  },
  { keys: ['pageup'], action: { do: 'page', step: -1 } },
  {
    keys: ['m'],
    action: { do: 'mark' },
    help: everywhere('m', 'mark: name a new phase from now on (live)'),
    hint: { text: 'm mark' },
  },
  {
    keys: ['z'],
    action: { do: 'freeze' },
    help: everywhere('z', 'freeze the screen; the recording goes on'),
    hint: { text: 'z freeze' },
  },
  { keys: ['ctrl-l'], action: { do: 'redraw' }, help: everywhere('ctrl-l', 'draw everything again') },
  { keys: ['escape'], action: { do: 'escape' }, help: everywhere('esc', 'close what is open, end the search') },
  { keys: ['q', 'ctrl-c'], action: { do: 'quit' }, help: everywhere('q  ctrl-c', 'quit'), hint: { text: 'q quit' } },
]

const byKey = new Map(bindings.flatMap((binding) => binding.keys.map((key) => [key, binding.action] as const)))

export const actionOf = (key: string): Action | null => byKey.get(key) ?? null

/** A key as Ink reports it. */
interface InkKey {
  upArrow: boolean
  downArrow: boolean
  leftArrow: boolean
  rightArrow: boolean
  pageDown: boolean
  pageUp: boolean
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
 * The names of the keys in the table above; printable text stands for itself. Several at once when a slow link delivers
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
  if (key.leftArrow) return 'left'
  if (key.rightArrow) return 'right'
  if (key.pageDown) return 'pagedown'
  if (key.pageUp) return 'pageup'
  if (key.return) return 'enter'
  if (key.escape) return 'escape'
  if (key.backspace) return 'backspace'
  return key.delete ? 'delete' : null
}
