import { readFileSync } from 'node:fs'
import type { Probe } from '../../probes/define.ts'
import { mergeData } from '../../probes/record.ts'
import type { Line } from './attach.ts'

/** All windows of a probe, in one phase or (without a name) in all, added up as its record schema says. */
export function phaseData<Data>(
  records: readonly Line[],
  probe: Pick<Probe<never, Data>, 'name' | 'record'>,
  phase?: string,
): Data {
  const ids = phaseIds(records, phase)
  const windows = records.flatMap((record) =>
    record.type === 'window' && record.probe === probe.name && ids.has(record.phase)
      ? [probe.record.parse(record.data)]
      : [],
  )
  const [first, ...others] = windows
  if (first === undefined) throw new Error(`no ${probe.name} window${phase === undefined ? '' : ` in phase ${phase}`}`)
  return others.reduce((sum, window) => mergeData(probe.record, sum, window), first)
}

export interface Stack {
  value: number
  count: number
  frames: string[]
  dims: Record<string, string>
}

/** All stack rows of a probe, in one phase or in all, with their frame names root first. */
export function phaseStacks(records: readonly Line[], probe: string, phase?: string): Stack[] {
  const ids = phaseIds(records, phase)
  const names = new Map<number, string>()
  for (const record of records)
    if (record.type === 'frames') for (const [i, name] of record.names.entries()) names.set(record.from + i, name)
  return records.flatMap((record) =>
    record.type === 'stacks' && record.probe === probe && ids.has(record.phase)
      ? record.rows.map(([value, count, frames, dims]) => ({
          value,
          count,
          frames: frames.map((id) => names.get(id) ?? `frame ${id} was never named`),
          dims: dims ?? {},
        }))
      : [],
  )
}

/** Sum of the rows with a frame that names this function and, where given, with these dims. */
export const sumOf = (stacks: readonly Stack[], functionName: string, dims: Record<string, string> = {}): number =>
  stacks
    .filter((row) => row.frames.some((frame) => frame.includes(functionName)))
    .filter((row) => Object.entries(dims).every(([key, value]) => row.dims[key] === value))
    .reduce((sum, row) => sum + row.value, 0)

/** What counters of a telemetry source grew by, from its first sample to its last. */
export function telemetryDelta(records: readonly Line[], source: string, counter: string): number | null {
  const samples = records.flatMap((record) =>
    record.type === 'telemetry' && record.source === source && counter in record.values
      ? [record.values[counter] ?? 0]
      : [],
  )
  const [first, last] = [samples.at(0), samples.at(-1)]
  return first === undefined || last === undefined ? null : last - first
}

/** A phase as the recording last wrote it; times in us since the recording started. */
export function phaseOf(records: readonly Line[], name: string): { startUs: number; endUs: number } {
  const phase = records.findLast((record) => record.type === 'phase' && record.name === name)
  if (phase?.type !== 'phase' || phase.end_us === undefined) throw new Error(`phase ${name} never ended`)
  return { startUs: phase.start_us, endUs: phase.end_us }
}

/** CLOCK_BOOTTIME of a time in the recording, ns. */
export function boottimeNs(records: readonly Line[], us: number): number {
  const header = records.find((record) => record.type === 'header')
  if (header?.type !== 'header') throw new Error('no header')
  return Number(header.clock.boottime_ns) + us * 1000
}

/** When the last window of a probe ended, us. */
export const lastWindowEndUs = (records: readonly Line[], probe: string): number =>
  Math.max(...records.flatMap((record) => (record.type === 'window' && record.probe === probe ? [record.end_us] : [])))

/** A counter of the network namespace of a process, read beside the product: ("Tcp", "RetransSegs"). */
export function netCounter(pid: number, group: string, name: string): number {
  const lines = [`/proc/${pid}/net/snmp`, `/proc/${pid}/net/netstat`]
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(' '))
  const value = lines[1]?.[lines[0]?.indexOf(name) ?? -1]
  if (value === undefined) throw new Error(`no counter ${group}.${name}`)
  return Number(value)
}

function phaseIds(records: readonly Line[], name?: string): Set<number> {
  return new Set(
    records.flatMap((record) =>
      record.type === 'phase' && (name === undefined || record.name === name) ? [record.id] : [],
    ),
  )
}
