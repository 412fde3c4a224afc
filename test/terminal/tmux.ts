import { execFileSync } from 'node:child_process'

/** A terminal of its own: a private tmux server with one shell in it. */
export interface Tmux {
  /** Types a line into the shell, with Enter. */
  run: (line: string) => void
  /** Presses keys, by tmux's names: `Tab`, `BSpace`, `C-c`, or text. */
  keys: (...keys: string[]) => void
  resize: (columns: number, rows: number) => void
  /** What is on the screen, a string a row, blanks at the end dropped. */
  rows: () => string[]
  /** Waits until the screen holds what is looked for; throws with the screen when it does not come. */
  until: (wanted: RegExp | ((rows: string[]) => boolean), what?: string) => Promise<string[]>
  /** Waits until the screen has stopped changing. */
  settled: () => Promise<string[]>
  isAlternate: () => boolean
  isCursorShown: () => boolean
  /** what programs have put on the clipboard (OSC 52); empty when nothing */
  clipboard: () => string
  /** whether the program has asked for the mouse */
  isPointed: () => boolean
  /** Sends what a terminal sends for the mouse: an SGR report; column and row count from 1. */
  mouse: (code: number, column: number, row: number, end?: 'M' | 'm') => void
  serverPid: () => number
  /** the terminal's device, which a test can write to */
  path: () => string
  kill: () => void
}

const PATIENCE_MS = 15_000
const LOOK_EVERY_MS = 40
/** A screen that looks the same this many times has stopped changing: longer than any pause between two frames. */
const CALM_LOOKS = 10

/** `socket`: a path, which goes with its folder, or a name among the user's tmux servers. */
export function startTmux(socket: string, columns: number, rows: number): Tmux {
  const tmux = (...args: string[]): string =>
    execFileSync('tmux', [socket.includes('/') ? '-S' : '-L', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' })
  // A shell without line editing: what it leaves the terminal in is what the program left.
  tmux('new-session', '-d', '-x', String(columns), '-y', String(rows), 'env TERM=screen-256color PS1=ready: sh')
  tmux('set-option', '-s', 'set-clipboard', 'on')
  let isAlive = true
  const ask = (format: string) => tmux('display-message', '-p', `#{${format}}`).trim()
  const look = () => tmux('capture-pane', '-p').replace(/\n$/, '').split('\n')
  const until: Tmux['until'] = async (wanted, what = String(wanted)) => {
    const deadline = Date.now() + PATIENCE_MS
    let rows = look()
    const isThere = () => (wanted instanceof RegExp ? wanted.test(rows.join('\n')) : wanted(rows))
    while (!isThere()) {
      if (Date.now() > deadline) throw new Error(`waited for ${what}; the screen shows:\n${rows.join('\n')}`)
      // tmux tells nobody when a pane changes: the only way to see it is to look.
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
      rows = look()
    }
    return rows
  }
  return {
    run: (line) => {
      tmux('send-keys', '-l', line)
      tmux('send-keys', 'Enter')
    },
    keys: (...keys) => tmux('send-keys', ...keys),
    resize: (width, height) => tmux('resize-window', '-x', String(width), '-y', String(height)),
    rows: look,
    until,
    settled: () => {
      let before = ''
      let same = 0
      return until((rows) => {
        const now = rows.join('\n')
        same = now === before ? same + 1 : 0
        before = now
        return same >= CALM_LOOKS
      }, 'a screen that stands still')
    },
    isAlternate: () => ask('alternate_on') === '1',
    isPointed: () => ask('mouse_any_flag') === '1',
    mouse: (code, column, row, end = 'M') => {
      tmux('send-keys', '-l', `\x1b[<${code};${column};${row}${end}`)
    },
    clipboard: () => tmux('list-buffers', '-F', '#{buffer_sample}').trim(),
    isCursorShown: () => ask('cursor_flag') === '1',
    serverPid: () => Number(ask('pid')),
    path: () => ask('pane_tty'),
    kill: () => {
      if (isAlive) tmux('kill-server')
      isAlive = false
    },
  }
}
