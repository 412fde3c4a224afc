import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { z } from 'zod'
import { probeCommand, start } from './processes.ts'
import type { Report } from './report.ts'
import { spreadOf } from './statistics.ts'
import type { Target } from './targets.ts'

/** What is compared, with the names that a summary gives its intervals. */
const MEASURES = ['response_ms.p50', 'syscalls.per_request'] as const

const intervalSchema = z.object({ low: z.number(), high: z.number() })
const phaseSchema = z.object({
  name: z.string(),
  response_ms: z.object({ p50: z.number().nullable() }).nullable(),
  figures: z.record(z.string(), z.number().nullable()),
  intervals: z.record(z.string(), intervalSchema),
})
const summarySchema = z.object({ type: z.literal('summary'), phases: z.array(phaseSchema) })
type Phase = z.infer<typeof phaseSchema>

/**
 * Whether what an audit says of a phase is what it says of the next one like it: runs of one quick plan on one target,
 * each compared with the one before. Two numbers agree when their difference is within both intervals' widths together
 * (the root of their squares), as 95 in 100 would if nothing but what varies within a phase varied.
 */
export async function measureRepeats(
  report: Report,
  { target, folder, runs }: { target: Target; folder: string; runs: number },
): Promise<void> {
  report.section('Repeats', `probe audit --preset quick on the ${target.name} target, ${runs} times, peak 500/s`)
  const plan = join(folder, 'repeat.json')
  writeFileSync(
    plan,
    JSON.stringify({ target: { url: target.url, pid: target.pid }, peak: '500/s', budgets: { overhead: null } }),
  )
  const seen: Phase[][] = []
  for (let run = 0; run < runs; run++) {
    const out = join(folder, `repeat-${run}`)
    await start('sh', ['-c', `exec "${probeCommand}" audit "${plan}" --preset quick --out "${out}" --no-ui`]).exited
    seen.push(phasesIn(join(out, 'run.ndjson.gz')))
  }
  let [agreed, compared] = [0, 0]
  for (const name of new Set(seen.flat().map((phase) => phase.name)))
    for (const measure of MEASURES) {
      const values = seen.map((phases) => measured(phases.find((phase) => phase.name === name) ?? null, measure))
      const known = values.flatMap((one) => one ?? [])
      if (known.length < values.length) continue
      const pairs = known.slice(1).map((one, i) => isClose(one, known[i] ?? one))
      agreed += pairs.filter(Boolean).length
      compared += pairs.length
      const unit = measure === 'response_ms.p50' ? 'ms' : 'calls'
      report.figure({ what: name, figure: measure, unit, ...spreadOf(known.map(({ value }) => value)) })
      report.figure({ what: name, figure: '  +- (95 %)', unit, ...spreadOf(known.map(({ half }) => half)) })
      report.figure({
        what: name,
        figure: `  agree with the run before`,
        unit: `of ${pairs.length}`,
        ...spreadOf([pairs.filter(Boolean).length]),
      })
    }
  report.figure({ what: 'all', figure: 'pairs that agree', unit: '%', ...spreadOf([(100 * agreed) / compared]) })
  report.end()
}

interface Measured {
  value: number
  half: number
}

const isClose = (a: Measured, b: Measured): boolean => Math.abs(a.value - b.value) <= Math.hypot(a.half, b.half)

/** null: nothing, or nothing with an interval, was stated */
function measured(phase: Phase | null, measure: (typeof MEASURES)[number]): Measured | null {
  const value = measure === 'response_ms.p50' ? phase?.response_ms?.p50 : phase?.figures[measure]
  const interval = phase?.intervals[measure]
  return value === undefined || value === null || !interval ? null : { value, half: (interval.high - interval.low) / 2 }
}

function phasesIn(file: string): Phase[] {
  const summary = gunzipSync(readFileSync(file))
    .toString()
    .split('\n')
    .findLast((line) => line.startsWith('{"type":"summary"'))
  return summary ? summarySchema.parse(JSON.parse(summary)).phases : []
}
