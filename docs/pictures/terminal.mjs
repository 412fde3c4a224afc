// A terminal for pictures: a private tmux server with one shell in it; closing it hangs up on whatever runs there.
import { execFileSync } from 'node:child_process'

const PATIENCE_MS = 120_000
const LOOK_EVERY_MS = 100
/** looks without a change after which a screen stands still */
const CALM_LOOKS = 4
let opened = 0

/** @param {{ columns: number, rows: number, folder: string, path: string }} options `path` goes before PATH */
export function openTerminal({ columns, rows, folder, path }) {
  const name = `probe-pictures-${process.pid}-${opened++}`
  const tmux = (...args) => execFileSync('tmux', ['-L', name, '-f', '/dev/null', ...args], { encoding: 'utf8' })
  const shell = `env TERM=tmux-256color COLORTERM=truecolor PATH=${path}:$PATH PS1='$ ' sh`
  const size = ['-x', String(columns), '-y', String(rows)]
  tmux('new-session', '-d', ...size, '-c', folder, shell, ';', 'set', 'status', 'off')
  const pause = () => new Promise((done) => setTimeout(done, LOOK_EVERY_MS))
  const text = () => tmux('capture-pane', '-p')
  const capture = () => tmux('capture-pane', '-e', '-p', '-N')
  return {
    type: (line) => {
      tmux('send-keys', '-l', line)
      tmux('send-keys', 'Enter')
    },
    keys: (...keys) => tmux('send-keys', ...keys),
    text,
    capture,
    until: async (wanted) => {
      const deadline = Date.now() + PATIENCE_MS
      for (;;) {
        const screen = text()
        if (wanted.test(screen)) return
        if (Date.now() > deadline) throw new Error(`waited for ${wanted}; the screen shows:\n${screen}`)
        await pause()
      }
    },
    /** What stands on the screen once it has stopped changing. */
    settled: async () => {
      let before = ''
      for (let calm = 0; calm < CALM_LOOKS; ) {
        await pause()
        const now = capture()
        calm = now === before ? calm + 1 : 0
        before = now
      }
      return before
    },
    close: () => tmux('kill-server'),
  }
}
