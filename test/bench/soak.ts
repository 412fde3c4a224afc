import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readProcessStat, readSchedCpuNs } from '../../probes/index.ts'
import { delay, descendant, probeCommand, start } from './processes.ts'
import type { Report } from './report.ts'
import { spreadOf } from './statistics.ts'
import type { Target } from './targets.ts'

const SOAK_RPS = 2_000
const LOOK_EVERY_MS = 5_000

/** A soak by a plan: what the recorder's memory and its file do over time, and how long the recording takes to open. */
export async function measureSoak(
  report: Report,
  { target, folder, minutes }: { target: Target; folder: string; minutes: number },
): Promise<void> {
  report.section(
    'A soak',
    `probe audit on the ${target.name} target at ${SOAK_RPS} requests/s for ${minutes} minutes, no screen`,
  )
  const plan = join(folder, 'soak.json')
  const out = join(folder, 'soak')
  writeFileSync(
    plan,
    JSON.stringify({
      target: { url: target.url, pid: target.pid },
      phases: [{ name: 'soak', duration: `${minutes}m`, rate: `${SOAK_RPS}/s` }],
      budgets: { overhead: null },
    }),
  )
  const startedMs = performance.now()
  const audit = start('sh', ['-c', `exec "${probeCommand}" audit "${plan}" --out "${out}" --no-ui`])
  const looks: { s: number; recorderMiB: number; tracerMiB: number; fileMiB: number; cpuS: number }[] = []
  let isOver = false
  void audit.exited.then(() => {
    isOver = true
  })
  while (!isOver) {
    await Promise.race([delay(LOOK_EVERY_MS), audit.exited])
    const tracer = descendant(audit.pid, (comm) => comm === 'bpftrace')
    const recorder = readProcessStat(audit.pid)
    if (recorder === null || tracer === null) continue
    looks.push({
      s: (performance.now() - startedMs) / 1000,
      recorderMiB: recorder.rssBytes / 2 ** 20,
      tracerMiB: (readProcessStat(tracer)?.rssBytes ?? Number.NaN) / 2 ** 20,
      fileMiB: sizeOf(join(out, 'run.ndjson')) / 2 ** 20,
      cpuS: (readSchedCpuNs(audit.pid) ?? Number.NaN) / 1e9,
    })
  }
  // Caches fill in the first minute; what matters is what goes on after it.
  const later = looks.filter(({ s }) => s > 60)
  const [first, last] = [later[0], later.at(-1)]
  if (!first || !last || last.s <= first.s) return report.missing('soak', 'it was over within a minute')
  const perMinute = (change: number) => (change * 60) / (last.s - first.s)
  const slope = (read: (look: (typeof looks)[number]) => number) =>
    60 * slopeOf(later.map((look) => [look.s, read(look)]))
  const figure = (what: string, name: string, unit: string, value: number) =>
    report.figure({ what, figure: name, unit, ...spreadOf([value]) })
  figure('recorder', 'resident at the end', 'MiB', last.recorderMiB)
  figure(
    'recorder',
    'slope of resident memory after the first minute',
    'MiB/min',
    slope((look) => look.recorderMiB),
  )
  figure('recorder', 'CPU', '% of a core', (100 * (last.cpuS - first.cpuS)) / (last.s - first.s))
  figure(
    'bpftrace',
    'slope of resident memory after the first minute',
    'MiB/min',
    slope((look) => look.tracerMiB),
  )
  figure('recording', 'written per minute', 'KiB', perMinute((last.fileMiB - first.fileMiB) * 1024))
  const packed = join(out, 'run.ndjson.gz')
  figure('recording', 'packed', 'KiB', sizeOf(packed) / 1024)
  const openedMs = performance.now()
  await start('sh', ['-c', `exec "${probeCommand}" replay "${packed}" --no-ui > "${join(folder, 'replay.txt')}"`])
    .exited
  figure('replay', 'whole run as text', 'ms', performance.now() - openedMs)
  console.log(readFileSync(join(folder, 'replay.txt'), 'utf8').match(/^verdict.*$/m)?.[0] ?? 'no verdict')
  report.end()
}

/** Slope of a straight line through points, least squares. */
function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (index: 0 | 1) => points.reduce((sum, point) => sum + point[index], 0) / points.length
  const [mx, my] = [mean(0), mean(1)]
  const [above, below] = points.reduce(([a, b], [x, y]) => [a + (x - mx) * (y - my), b + (x - mx) ** 2], [0, 0])
  return above / below
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return Number.NaN // not there, or not any more
  }
}
