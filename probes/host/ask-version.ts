import { spawn } from 'node:child_process'
import { sanitizeText } from '../text.ts'
import { parseVersion } from './kernel-facts.ts'

/** What became of starting bpftrace with --version. */
export type VersionAnswer =
  | { kind: 'told'; version: [major: number, minor: number, patch: number] }
  | { kind: 'silent' /** how it ended */; code: number | null /** one line, safe to show */; said: string }
  | { kind: 'late'; limitMs: number }

/**
 * Starts a command that ends in `bpftrace --version` and reads its answer. What was told counts however the command ends,
 * and is not waited for: on a host under load, where this is used, the end takes seconds.
 */
export function askVersion(
  command: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
  limitMs = LIMIT_MS,
): Promise<VersionAnswer> {
  const [file, ...args] = command
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = { stdout: '', stderr: '' }
    const settle = (answer: VersionAnswer) => {
      clearTimeout(timer)
      // One that cannot be ended (sudo), or has left a child with its pipes, does not keep this program from ending.
      child.kill('SIGKILL')
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
      resolve(answer)
    }
    const timer = setTimeout(() => settle({ kind: 'late', limitMs }), limitMs)
    const look = (isWhole: boolean) => {
      const version = versionIn(isWhole ? `${said.stdout}\n` : said.stdout)
      if (version) settle({ kind: 'told', version })
      return version !== null
    }
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (chunk: Buffer) => {
        if (said[name].length < MOST_READ) said[name] += chunk.toString('latin1').slice(0, MOST_READ)
        if (name === 'stdout') look(false)
      })
    child.on('error', (error) => settle({ kind: 'silent', code: null, said: sanitizeText(error.message) }))
    child.on('close', (code) => {
      if (look(true)) return
      const text = said.stderr.trim() || said.stdout.trim() || 'nothing'
      settle({ kind: 'silent', code, said: sanitizeText(text, { maxLength: 200 }) })
    })
  })
}

/** characters of an answer */
const MOST_READ = 4096

/** A bound for what hangs: a busy machine has taken more than 5 s. */
const LIMIT_MS = 20_000

/** "bpftrace v0.23.2-dirty", once its line is complete. */
const versionIn = (text: string) =>
  parseVersion(/^bpftrace\s+v?(\d[^\s]*)\s*$/m.exec(text.slice(0, text.lastIndexOf('\n') + 1))?.[1] ?? '')
