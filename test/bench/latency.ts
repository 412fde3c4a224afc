import { probeCommand, start } from './processes.ts'
import type { Report } from './report.ts'
import { spreadOf } from './statistics.ts'
import type { Target } from './targets.ts'

/** How long a person waits: from the start of the command to its first window, and to its help. */
export async function measureWaits(
  report: Report,
  { targets, runs }: { targets: readonly Target[]; runs: number },
): Promise<void> {
  report.section('Waiting for probe', `from the start of the process, ${runs} runs each`)
  for (const target of targets) {
    for (const names of [[], ['syscalls']]) {
      const times: number[] = []
      for (let run = 0; run < runs; run++) times.push(await firstWindowMs(target, names))
      report.figure({
        what: `attach ${names.join(' ') || '(default probes)'} to ${target.name}`,
        figure: 'first window',
        unit: 'ms',
        ...spreadOf(times),
      })
    }
  }
  const help: number[] = []
  for (let run = 0; run < runs; run++) {
    const startedMs = performance.now()
    await start(probeCommand, ['--help']).exited
    help.push(performance.now() - startedMs)
  }
  report.figure({ what: 'probe --help', figure: 'whole run', unit: 'ms', ...spreadOf(help) })
  report.end()
}

async function firstWindowMs(target: Target, names: readonly string[]): Promise<number> {
  const startedMs = performance.now()
  const probe = start(probeCommand, ['attach', ...names, '--pid', String(target.pid), '--json', '--no-ui'])
  const cameMs = await probe.line(/"type":"window"/)
  await probe.stop()
  return cameMs - startedMs
}
