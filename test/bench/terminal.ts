import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { readProcessStat, readSchedCpuNs } from '../../probes/index.ts'
import { startTmux, type Tmux } from '../terminal/tmux.ts'
import { delay, descendant } from './processes.ts'
import { measureReplay } from './replay.ts'
import type { Report } from './report.ts'
import { spreadOf } from './statistics.ts'

const [COLUMNS, ROWS] = [200, 50]
const KEYS = 200
const LONGEST_WAIT_MS = 2000
/** The engine goes on compiling what is hot for some seconds. */
const COMPILED_AFTER_MS = 8000
const driver = fileURLToPath(new URL('terminal-drive.ts', import.meta.url))

/** What the screen costs while it shows a large live flame graph, and how long a key waits for its frame. */
export async function measureTerminal(report: Report, { folder, watchMs }: { folder: string; watchMs: number }) {
  report.section(
    'The screen',
    `${COLUMNS}x${ROWS} in tmux, ten changes a second, windows every second, stacks every five`,
  )
  if (!existsSync('/usr/bin/tmux')) report.missing('the screen', 'no /usr/bin/tmux')
  else {
    for (const [what, key] of [
      ['flame graph', '4'],
      ['overview with lanes', '1'],
    ] as const)
      await watchPanel(report, { folder, watchMs, what, key })
    await timeKeys(report, folder)
  }
  report.end()
  if (existsSync('/usr/bin/tmux')) await measureReplay(report, folder)
}

async function watchPanel(
  report: Report,
  { folder, watchMs, what, key }: { folder: string; watchMs: number; what: string; key: string },
): Promise<void> {
  const { tmux, pid, file } = await open(folder, 'live')
  try {
    tmux.keys(key)
    await delay(COMPILED_AFTER_MS)
    const [before, cpuBefore, atMs] = [await ask(pid, file), readSchedCpuNs(pid), performance.now()]
    await delay(watchMs)
    const [after, cpuAfter, elapsedMs] = [await ask(pid, file), readSchedCpuNs(pid), performance.now() - atMs]
    const name = `${what} (${after.nodes} nodes)`
    const cpuPct = ((cpuAfter ?? Number.NaN) - (cpuBefore ?? Number.NaN)) / elapsedMs / 1e4
    const frames = (elapsedMs / 1000) * 10
    report.figure({ what: name, figure: 'CPU, data included', unit: '% of a core', ...spreadOf([cpuPct]) })
    const bytes = (after.bytes - before.bytes) / frames
    report.figure({ what: name, figure: 'written a frame, of ten a second', unit: 'B', ...spreadOf([bytes]) })
    const mib = (readProcessStat(pid)?.rssBytes ?? Number.NaN) / 2 ** 20
    report.figure({ what: name, figure: 'resident (from TypeScript, not built)', unit: 'MiB', ...spreadOf([mib]) })
  } finally {
    tmux.kill()
  }
}

/** From the key that tmux is told to press to the first byte that tmux gets back: the way of a person's key, twice through tmux. */
async function timeKeys(report: Report, folder: string): Promise<void> {
  const { tmux, socket, pid } = await open(folder, 'still')
  const control = spawn('tmux', ['-S', socket, '-C', 'attach'], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    let painted: (atMs: number) => void = () => undefined
    createInterface({ input: control.stdout }).on('line', (line) => {
      if (line.startsWith('%output')) painted(performance.now())
    })
    const timesMs: number[] = []
    const cpuBefore = readSchedCpuNs(pid) ?? Number.NaN
    for (let n = 0; n < KEYS; n++) {
      const sentMs = performance.now()
      const done = new Promise<number>((resolve) => {
        painted = resolve
      })
      // From numbers to the flame graph and back: no key changes more of the screen.
      control.stdin.write(`send-keys ${n % 2 === 0 ? '4' : '2'}\n`)
      const atMs = await Promise.race([done, delay(LONGEST_WAIT_MS).then(() => Number.NaN)])
      timesMs.push(atMs - sentMs)
      painted = () => undefined
      await delay(60) // the rest of its bytes
    }
    const cpuMs = ((readSchedCpuNs(pid) ?? Number.NaN) - cpuBefore) / 1e6 / KEYS
    report.figure({ what: `key to paint, ${KEYS} keys`, figure: 'CPU a key', unit: 'ms', ...spreadOf([cpuMs]) })
    timesMs.sort((a, b) => a - b)
    const at = (q: number) => timesMs[Math.min(timesMs.length - 1, Math.floor(q * timesMs.length))] ?? Number.NaN
    for (const [name, q] of [
      ['p50', 0.5],
      ['p99', 0.99],
      ['max', 1],
    ] as const)
      report.figure({ what: `key to paint, ${KEYS} keys`, figure: name, unit: 'ms', ...spreadOf([at(q)]) })
  } finally {
    control.kill()
    tmux.kill()
  }
}

async function open(folder: string, mode: 'live' | 'still') {
  const socket = join(folder, `tmux-${mode}`)
  const file = join(folder, 'terminal.json')
  rmSync(file, { force: true })
  const tmux: Tmux = startTmux(socket, COLUMNS, ROWS)
  tmux.run(`${process.execPath} ${driver} ${file} ${mode}`)
  await tmux.until(/1 Overview[\s\S]*q quit/)
  const pid = descendant(tmux.serverPid(), (_comm, cmdline) => cmdline.includes('terminal-drive.ts'))
  if (pid === null) throw new Error('the screen did not stay')
  return { tmux, socket, file, pid }
}

const written = z.object({ bytes: z.number(), writes: z.number(), nodes: z.number() })

/** What the driver has written until now. */
async function ask(pid: number, file: string): Promise<z.infer<typeof written>> {
  rmSync(file, { force: true })
  process.kill(pid, 'SIGUSR2')
  while (!existsSync(file) || readFileSync(file, 'utf8') === '') await delay(10)
  return written.parse(JSON.parse(readFileSync(file, 'utf8')))
}
