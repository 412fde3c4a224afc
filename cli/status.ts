import { readable } from './say.ts'

/** What is being done, on stderr: in a terminal one line with the time it takes, which goes when it is done. */
export interface Status {
  step(text: string): void
  /** a line that stays */
  say(line: string): void
  /** from now on each step is told where there is no terminal, too, and how to leave at once */
  leave(): void
  /** nothing is drawn while the screen stands */
  hide(): void
  show(): void
  /** takes the line away */
  done(): void
}

const REDRAW_MS = 1_000
const HURRY = '(Ctrl-C again leaves now)'
const ERASE = '\r\x1b[K'

export function createStatus(stderr: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'> = process.stderr): Status {
  let current: { text: string; sinceMs: number } | null = null
  let isHidden = false
  let isLeaving = false
  let timer: NodeJS.Timeout | null = null
  const isTerminal = stderr.isTTY === true
  const draw = () => {
    if (!isTerminal || isHidden || current === null) return
    const seconds = Math.floor((performance.now() - current.sinceMs) / 1000)
    const words = [current.text, seconds > 0 ? `${seconds} s` : '', isLeaving ? HURRY : '']
    const line = readable(words.filter((word) => word !== '').join('  '))
    stderr.write(ERASE + line.slice(0, Math.max(0, (stderr.columns ?? 80) - 1)))
  }
  const erase = () => {
    if (isTerminal && !isHidden && current !== null) stderr.write(ERASE)
  }
  const tell = () => {
    if (!isTerminal && isLeaving && current) stderr.write(`${readable(`${current.text} ${HURRY}`)}\n`)
  }
  const stop = () => {
    if (timer) clearInterval(timer)
    timer = null
  }
  return {
    step: (text) => {
      if (current?.text === text) return
      current = { text, sinceMs: performance.now() }
      tell()
      draw()
      // The line alone keeps nobody alive.
      if (isTerminal) timer ??= setInterval(draw, REDRAW_MS).unref()
    },
    say: (line) => {
      erase()
      stderr.write(`${readable(line)}\n`)
      draw()
    },
    leave: () => {
      if (isLeaving) return
      isLeaving = true
      tell()
      draw()
    },
    hide: () => {
      erase()
      isHidden = true
    },
    show: () => {
      isHidden = false
      draw()
    },
    done: () => {
      erase()
      stop()
      current = null
    },
  }
}
