import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { packRecording } from '../../audit/recording/pack.ts'
import { loadCatalog, readProcessStat, readSchedCpuNs } from '../../probes/index.ts'
import { startTmux } from '../terminal/tmux.ts'
import { writeLongRecording } from './long-recording.ts'
import { delay, descendant, probeCommand } from './processes.ts'
import type { Report } from './report.ts'
import { spreadOf } from './statistics.ts'

const ROUNDS = 5
/** Longer than it takes to read anything, and to collect what reading left. */
const SETTLED_MS = 4_000

/**
 * How long a reader waits for the recording of a long audit: `probe replay` in a terminal of 200x50, on the standard preset
 * with its soak of four hours, made up (long-recording.ts) and packed as an audit leaves it. Times are from the command
 * to what tmux shows, which is looked at every 10 ms; memory is what stays, and the most there was.
 */
export async function measureReplay(report: Report, folder: string): Promise<void> {
  const path = join(folder, 'long.ndjson')
  const { records, durationUs } = await writeLongRecording(path, await loadCatalog())
  const plainBytes = statSync(path).size
  const packedAtMs = performance.now()
  const packed = await packRecording(path, await loadCatalog(), durationUs)
  const packS = (performance.now() - packedAtMs) / 1000
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1)
  report.section(
    'A recording of four hours',
    `${records} records, ${mb(plainBytes)} MB, ${mb(packed.bytes)} MB packed in ${packS.toFixed(1)} s; probe replay, 200x50, ${ROUNDS} times`,
  )
  const rounds: Opened[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await openOnce(join(folder, `tmux-${round}`), packed.path))
  for (const [figure, unit, read] of [
    ['first frame', 's', (one) => one.shownS],
    ['all of it read', 's', (one) => one.readS],
    ['CPU', 's', (one) => one.cpuS],
    ['resident', 'MB', (one) => one.rssMb],
    ['most resident', 'MB', (one) => one.mostMb],
  ] as const satisfies [string, string, (one: Opened) => number][])
    report.figure({ what: 'probe replay', figure, unit, ...spreadOf(rounds.map(read)) })
  report.end()
}

interface Opened {
  shownS: number
  readS: number
  cpuS: number
  rssMb: number
  mostMb: number
}

async function openOnce(socket: string, path: string): Promise<Opened> {
  const tmux = startTmux(socket, 200, 50)
  try {
    await tmux.until(/ready:/)
    const look = () => execFileSync('tmux', ['-S', socket, 'capture-pane', '-p'], { encoding: 'utf8' })
    const begunMs = performance.now()
    tmux.run(`exec ${probeCommand} replay ${path} --theme dark`)
    const shownS = await until(() => /1 ?Overview/.test(look()), begunMs)
    // The soak is the last phase; while there is more to read the remark says so.
    const readS = await until(() => /soak 5\/5/.test(look()) && !/reading the recording/.test(look()), begunMs)
    const pid = descendant(tmux.serverPid(), (_comm, cmdline) => cmdline.includes('bin.js'))
    if (pid === null) throw new Error('the replay did not stay')
    await delay(SETTLED_MS)
    return {
      shownS,
      readS,
      cpuS: (readSchedCpuNs(pid) ?? Number.NaN) / 1e9,
      rssMb: (readProcessStat(pid)?.rssBytes ?? Number.NaN) / 1e6,
      mostMb: (Number(/VmHWM:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6,
    }
  } finally {
    tmux.kill()
  }
}

async function until(isSo: () => boolean, begunMs: number): Promise<number> {
  while (!isSo()) {
    if (performance.now() - begunMs > 60_000) throw new Error('the replay does not come')
    await delay(10)
  }
  return (performance.now() - begunMs) / 1000
}
