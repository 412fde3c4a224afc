import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { startGenerator } from '../../audit/load/generator.ts'
import { readProcessStat, readSchedCpuNs } from '../../probes/index.ts'
import { startTmux } from '../terminal/tmux.ts'
import { delay, descendant, probeCommand, start } from './processes.ts'
import type { Report } from './report.ts'
import { spreadOf } from './statistics.ts'
import { placement, type Target } from './targets.ts'

/** CPU and memory of probe itself, and what it writes, while a target under load is watched with the default probes. */
export async function measureFootprint(
  report: Report,
  { target, folder, watchMs }: { target: Target; folder: string; watchMs: number },
): Promise<void> {
  report.section(
    'Footprint of probe itself',
    `default probes on the ${target.name} target at ${target.rps} requests/s, watched for ${watchMs / 1000} s, as long after it attached`,
  )
  const load = await startGenerator({ url: target.url, connections: 16, cpus: String(placement.generator) })
  await load.warmUp()
  const rates = { fromRps: target.rps, toRps: target.rps, durationMs: 600_000 }
  const running = load.runPhase({ id: 1, rates, discard: true })
  try {
    await headless(report, target, folder, watchMs)
    await onScreen(report, target, folder, watchMs)
  } finally {
    await load.stop()
    await running
    report.end()
  }
}

async function headless(report: Report, target: Target, folder: string, watchMs: number): Promise<void> {
  const file = join(folder, 'footprint.ndjson')
  const shell = `exec "${probeCommand}" attach --pid ${target.pid} --record "${file}" --json --no-ui > /dev/null`
  const probe = start('sh', ['-c', shell])
  await probe.line(/^attached/)
  await delay(watchMs) // its own start, compilers included, is over
  const bytesBefore = statSync(file).size
  await watch(report, 'headless (--no-ui --json > /dev/null)', probe.pid, watchMs)
  const bytes = statSync(file).size - bytesBefore
  await probe.stop()
  const perMinute = (bytes * 60_000) / watchMs / 1024
  report.figure({ what: 'recording', figure: 'written per minute', unit: 'KiB', ...spreadOf([perMinute]) })
}

async function onScreen(report: Report, target: Target, folder: string, watchMs: number): Promise<void> {
  const what = 'on screen (tmux 120x40)'
  if (!existsSync('/usr/bin/tmux')) return report.missing(what, 'no /usr/bin/tmux')
  const tmux = startTmux(`probe-bench-${process.pid}`, 120, 40)
  try {
    tmux.run(`cd ${folder} && ${probeCommand} attach --pid ${target.pid}`)
    await tmux.until(/1 Overview/)
    const pid = descendant(tmux.serverPid(), (_comm, cmdline) => cmdline.includes('dist/cli/bin.js'))
    if (pid === null) report.missing(what, 'it did not stay')
    else {
      await delay(watchMs)
      await watch(report, what, pid, watchMs)
    }
    tmux.keys('q')
    await tmux.until(/^ready:/m)
  } finally {
    tmux.kill()
  }
}

/** CPU and memory of a running probe and of its bpftrace over a while. */
async function watch(report: Report, what: string, pid: number, watchMs: number): Promise<void> {
  const tracer = descendant(pid, (comm) => comm === 'bpftrace')
  const parts = [['probe', pid] as const, ...(tracer === null ? [] : [['bpftrace', tracer] as const])]
  const cpuNs = () => parts.map(([, id]) => readSchedCpuNs(id) ?? Number.NaN)
  const before = cpuNs()
  const startedMs = performance.now()
  await delay(watchMs)
  const after = cpuNs()
  const elapsedNs = (performance.now() - startedMs) * 1e6
  for (const [index, [name, id]] of parts.entries()) {
    const percent = (100 * ((after[index] ?? Number.NaN) - (before[index] ?? Number.NaN))) / elapsedNs
    const mib = (readProcessStat(id)?.rssBytes ?? Number.NaN) / 2 ** 20
    report.figure({ what: `${what}: ${name}`, figure: 'CPU', unit: '% of a core', ...spreadOf([percent]) })
    report.figure({ what: `${what}: ${name}`, figure: 'resident', unit: 'MiB', ...spreadOf([mib]) })
  }
}
