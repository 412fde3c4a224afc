import type { ReadStream, WriteStream } from 'node:tty'
import type { ColourDepth, Theme } from './palette.ts'
import { type LooksChoice, themeOfBackground, themeOfEnvironment } from './theme.ts'

/** The theme chosen, else what the environment says, else what the terminal answers; dark where nobody knows. */
export async function themeOfTerminal(
  choice: LooksChoice['theme'],
  terminal: { depth: ColourDepth; env: NodeJS.ProcessEnv; stdin: ReadStream; stdout: WriteStream },
): Promise<Theme> {
  const { depth, env, stdin, stdout } = terminal
  const known = choice === 'auto' ? themeOfEnvironment(env) : choice
  // The Linux console shows what it does not know.
  const answers = depth !== 'none' && env['TERM'] !== 'linux' && stdin.isTTY && stdout.isTTY
  if (known !== null || !answers) return known ?? 'dark'
  // An answer is no line, and nobody wants to see it. A terminal that is gone makes this an error of the stream.
  stdin.setRawMode(true)
  if (stdin.destroyed || stdin.readableEnded) return 'dark'
  return (await askBackground({ stdin, write: (bytes) => stdout.write(bytes) })) ?? 'dark'
}

/** What is asked of a terminal: its bytes in, its bytes out. */
export interface Asked {
  stdin: {
    on: (event: 'readable' | 'end' | 'close' | 'error', listener: () => void) => unknown
    off: (event: 'readable' | 'end' | 'close' | 'error', listener: () => void) => unknown
    read: () => Buffer | string | null
    unshift: (bytes: Buffer) => void
  }
  write: (bytes: string) => unknown
}

/**
 * Every terminal answers the second question (its kind, DA1) at once, so one that does not know the first (its background,
 * OSC 11) makes nobody wait. Answers come in the order of the questions.
 */
const QUESTIONS = '\x1b]11;?\x1b\\\x1b[c'
const BACKGROUND = /\x1b\]11;([^\x07\x1b]*)(?:\x07|\x1b\\)/
const KIND = /\x1b\[\?[\d;]*c/
/**
 * A link so slow gets the dark theme. Longer than a round trip around the world: an answer that comes after the wait
 * would be taken for keys.
 */
const PATIENCE_MS = 1000

/** Asks a terminal, which must be in raw mode, for its background; null when it does not tell. Keys typed meanwhile are kept. */
export function askBackground({ stdin, write }: Asked, patienceMs = PATIENCE_MS): Promise<Theme | null> {
  return new Promise((resolve) => {
    let seen = ''
    const take = () => {
      // latin1 keeps bytes as they are, also where a key's bytes come in two pieces.
      for (let chunk = stdin.read(); chunk !== null; chunk = stdin.read()) seen += Buffer.from(chunk).toString('latin1')
      if (KIND.test(seen)) finish()
    }
    const finish = () => {
      clearTimeout(timer)
      stdin.off('readable', take)
      for (const event of ENDS) stdin.off(event, finish)
      const keys = seen.replace(BACKGROUND, '').replace(KIND, '')
      if (keys !== '') stdin.unshift(Buffer.from(keys, 'latin1'))
      resolve(themeOfBackground(BACKGROUND.exec(seen)?.[1] ?? ''))
    }
    const timer = setTimeout(finish, patienceMs)
    stdin.on('readable', take)
    for (const event of ENDS) stdin.on(event, finish)
    write(QUESTIONS)
  })
}

const ENDS = ['end', 'close', 'error'] as const
