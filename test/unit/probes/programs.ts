import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'

/** Why programs cannot be built and looked into here, or null. */
export function lacking(...programs: string[]): string | null {
  const missing = programs.filter((name) => !isOnPath(name))
  return missing.length > 0 ? `no ${missing.join(', ')} on this host (apt-get install gcc libc6-dev binutils)` : null
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      execFileSync('test', ['-x', join(directory, name)])
      return true
    } catch {
      return false // not here
    }
  })
}

/** Compiles a C text; the file is removed with the test. */
export function compile(source: string, flags: readonly string[] = []): string {
  const directory = mkdtempSync(join(tmpdir(), 'probe-symbols-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  writeFileSync(join(directory, 'program.c'), source)
  const binary = join(directory, 'program')
  execFileSync('gcc', ['-O1', ...flags, '-o', binary, join(directory, 'program.c')], { stdio: 'pipe' })
  return binary
}

export interface Running {
  pid: number
  child: ChildProcess
  /** hex addresses by what the program calls them */
  addresses: Readonly<Record<string, string>>
  /** says a word, resolves with the addresses of the answer */
  ask: (word: string) => Promise<Readonly<Record<string, string>>>
  end: () => Promise<void>
}

/** Starts a program that prints lines of `name address ...`: one when it is ready, one for each word it is told. */
export async function run(binary: string): Promise<Running> {
  const child = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const end = async () => {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(end)
  const next = async () => {
    const words = String((await lines.next()).value).split(' ')
    return Object.fromEntries(words.flatMap((word, i) => (i % 2 === 0 ? [[word, words[i + 1] ?? '']] : [])))
  }
  const addresses = await next()
  if (child.pid === undefined) throw new Error(`${binary} could not be started`)
  const ask = (word: string) => {
    child.stdin.write(`${word}\n`)
    return next()
  }
  return { pid: child.pid, child, addresses, ask, end }
}
