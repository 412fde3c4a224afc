import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { readProcessStat } from '../../probes/index.ts'

export const root = fileURLToPath(new URL('../../', import.meta.url))
/** How a user starts the built command. */
export const probeCommand = `${root}cli/bin.sh`

/** A child process whose first line of a kind can be waited for, and that ends by one SIGINT. */
export interface Started {
  pid: number
  /** resolves at the first line of stdout or stderr that matches, with the time it came (performance.now()) */
  line: (wanted: RegExp) => Promise<number>
  /** SIGINT, and SIGKILL when that does not help within 20 s */
  stop: () => Promise<void>
  exited: Promise<unknown>
}

const END_WITHIN_MS = 20_000

export function start(file: string, args: readonly string[], env: Record<string, string> = {}): Started {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  const exited = once(child, 'exit')
  const seen: string[] = []
  const waiting = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', (line) => {
      // What nobody waits for is thrown away: --json may write for a long time.
      seen.push(line.slice(0, 300))
      for (const look of waiting) look()
      if (seen.length > 50) seen.splice(0, 25)
    })
  const line = (wanted: RegExp): Promise<number> =>
    new Promise((resolve, reject) => {
      const look = () => {
        if (!seen.some((text) => wanted.test(text))) return
        waiting.delete(look)
        resolve(performance.now())
      }
      waiting.add(look)
      look()
      void exited.then(() => reject(new Error(`${file} ${args.join(' ')} ended before ${wanted}: ${seen.join(' | ')}`)))
    })
  return { pid: child.pid ?? 0, line, exited, stop: () => end(child, exited) }
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGINT')
  const force = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS)
  await exited
  clearTimeout(force)
}

/** The nearest descendant of a process whose kernel name or arguments match. */
export function descendant(pid: number, wanted: (comm: string, cmdline: string) => boolean): number | null {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcessStat(Number(name)) ?? [])
  const below = [pid]
  for (const parent of below)
    for (const child of all.filter((one) => one.parentPid === parent)) {
      if (wanted(child.comm, commandLine(child.pid))) return child.pid
      below.push(child.pid)
    }
  return null
}

/** Whether the process holds a program that is attached (a BPF link, or a perf event with a program). */
export function hasLink(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fdinfo`).some((fd) =>
      /^link_(id|type):/m.test(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8')),
    )
  } catch {
    return false // it has ended, or closed that descriptor
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // it has ended
  }
}

export const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
