import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { cliCommand, freshDirectory } from './attach.ts'
import { readLines } from './lines.ts'

/** One `probe attach` whose output is read as text; resolves when it is attached. */
export async function attachAsText(args: readonly string[]): Promise<{ stop: () => Promise<string> }> {
  const directory = freshDirectory()
  const [file = '', ...rest] = [...cliCommand, 'attach', ...args, '--no-ui']
  const child = spawn(file, rest, { cwd: directory, env: { ...process.env, XDG_RUNTIME_DIR: directory } })
  const ended = once(child, 'close')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += String(chunk)
  })
  await readLines(child.stderr, (line) => line).until((line) => line.startsWith('attached in'), 'attached')
  return {
    stop: async () => {
      child.kill('SIGINT')
      await ended
      // Lines are wrapped to fit a terminal: what is said is what counts.
      return text.replace(/\s+/g, ' ')
    },
  }
}
