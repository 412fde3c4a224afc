import { spawn } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

import { MOST_BYTES } from './child-loop.ts'

const root = join(import.meta.dirname, '../..')
/** CPU time that a case may take, s. The machine may be busy: time that passes says nothing. */
const MOST_CPU_S = 2
/** Without using CPU nothing is read: this long a case may stand still, ms. */
const MOST_STILL_MS = 30_000
/** A heap beyond this ends the process: a crash, and told as one. */
const HEAP_MIB = 700
const POLL_MS = 50
/** Cases of a process: its memory says little after thousands. */
const CASES_OF_A_CHILD = 250
const TICKS_PER_S = 100

export interface Finding {
  target: string
  what: 'defect' | 'crash' | 'hang' | 'memory'
  message: string
  seed: number
  index: number
  /** the input, kept */
  file: string
  /** how it is run again */
  again: string
}

export interface FuzzResult {
  cases: number
  findings: Finding[]
  worstCpuS: number
  worstBytes: number
}

export interface FuzzOptions {
  target: string
  seed: number
  /** how many cases, from `from` on */
  cases: number
  from?: number
  /** ends before that many, ms from now */
  withinMs?: number
  /** where inputs are kept that found something */
  keep?: string
  /** the module that holds the targets' child, for the test of this one */
  child?: string
}

/** Runs cases of a target in processes of their own. One that crashes, hangs or takes too much memory is told, and the next goes on. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { cases, from = 0, withinMs = Number.POSITIVE_INFINITY } = options
  const result: FuzzResult = { cases: 0, findings: [], worstCpuS: 0, worstBytes: 0 }
  const folder = mkdtempSync(join(tmpdir(), 'probe-fuzz-'))
  const endsAt = performance.now() + withinMs
  try {
    for (let at = from; at < from + cases && performance.now() < endsAt; )
      at = await runChild(options, { at, to: Math.min(from + cases, at + CASES_OF_A_CHILD), folder, endsAt, result })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  // The same defect is told once.
  const seen = new Set<string>()
  result.findings = result.findings.filter(({ what, message }) => {
    const key = `${what} ${message
      .replace(/\d+/g, 'N')
      .replace(/"[^"\n]*"/g, '""')
      .slice(0, 200)}`
    return !seen.has(key) && seen.add(key)
  })
  return result
}

interface Child {
  at: number
  to: number
  folder: string
  endsAt: number
  result: FuzzResult
}

type Event =
  | { begin: number; kind: string }
  | { end: number; complaint: string | null; peakBytes: number }
  | { stray: string }

/** Runs one process; returns the index of the case that comes next. */
async function runChild(options: FuzzOptions, { at, to, folder, endsAt, result }: Child): Promise<number> {
  const { target, seed } = options
  const input = join(folder, 'input')
  const child = spawn(
    process.execPath,
    [
      '--expose-gc',
      `--max-old-space-size=${HEAP_MIB}`,
      ...[options.child ?? join(root, 'test/fuzz/child.ts'), target, String(seed), String(at), String(to), input],
    ],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_ENV: 'production', TZ: 'UTC' },
    },
  )
  let current = { index: at, kind: '', cpuS: 0, sinceMs: performance.now(), runs: false }
  let next = at
  let errors = ''
  let isStray = false
  let killed: Finding['what'] | 'time' | null = null

  const find = (what: Finding['what'], message: string) =>
    result.findings.push(kept(options, { what, message, index: current.index, kind: current.kind, input }))
  const stop = (why: NonNullable<typeof killed>) => {
    killed ??= why
    child.kill('SIGKILL')
  }
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000)
  })
  const events = createInterface({ input: child.stdio[3] as Readable })
  const told = (async () => {
    for await (const line of events) {
      const event = JSON.parse(line) as Event
      if ('begin' in event)
        current = {
          index: event.begin,
          kind: event.kind,
          cpuS: cpuSecondsOf(child.pid) ?? 0,
          sinceMs: performance.now(),
          runs: true,
        }
      else if ('stray' in event) {
        isStray = true
        find('defect', `a rejection that nobody handled: ${event.stray}`)
      } else {
        result.cases++
        next = event.end + 1
        result.worstCpuS = Math.max(result.worstCpuS, (cpuSecondsOf(child.pid) ?? 0) - current.cpuS)
        result.worstBytes = Math.max(result.worstBytes, event.peakBytes)
        if (event.complaint !== null) find('defect', event.complaint)
        if (event.peakBytes > MOST_BYTES) find('memory', `${event.peakBytes >> 20} MiB were resident`)
        current.runs = false
      }
    }
  })()
  const watch = setInterval(() => {
    if (performance.now() > endsAt && !current.runs) stop('time')
    const cpuS = cpuSecondsOf(child.pid)
    if (!current.runs || cpuS === null) return
    if (cpuS - current.cpuS > MOST_CPU_S) stop('hang')
    else if (performance.now() - current.sinceMs > MOST_STILL_MS && cpuS - current.cpuS < MOST_CPU_S / 4) stop('hang')
  }, POLL_MS)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (exit, by) => resolve([exit, by])),
  )
  clearInterval(watch)
  await told
  if (killed === 'time') return to
  if (killed === 'hang') find('hang', `no end after ${MOST_CPU_S} s of CPU time`)
  else if (code !== 0 && !isStray) {
    const why = errors.split('\n').find((line) => /FATAL|Error/.test(line)) ?? errors.slice(-300)
    if (!current.runs) throw new Error(`the process of ${target} ended with ${code ?? signal}: ${errors}`)
    find('crash', `the process ended with ${code ?? signal}: ${why}`)
  }
  return code === 0 ? to : current.runs ? current.index + 1 : Math.max(next, at + 1)
}

function kept(
  { target, seed, keep = join(root, 'test/fuzz/found') }: FuzzOptions,
  found: { what: Finding['what']; message: string; index: number; kind: string; input: string },
): Finding {
  mkdirSync(keep, { recursive: true })
  const file = join(keep, `${target}-${seed}-${found.index}.${found.kind.replace(/[^\w.-]/g, '_')}`)
  const own = `${found.input}-${found.index}`
  copyFileSync(existsSync(own) ? own : found.input, file)
  const { what, message, index, kind } = found
  const again = `npm run fuzz -- ${target} --input ${relative(root, file)} --kind ${kind}`
  return { target, what, message, seed, index, file, again }
}

/** CPU time that a process has used, s; null when it is gone. */
export function cpuSecondsOf(pid: number | undefined): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
    return (Number(user) + Number(system)) / TICKS_PER_S
  } catch {
    return null
  }
}

/** A finding as people read it. */
export const findingText = ({ target, what, message, seed, index, again }: Finding): string =>
  `${target}: ${what} (seed ${seed}, case ${index})\n  ${message.replaceAll('\n', '\n  ')}\n  again: ${again}`
