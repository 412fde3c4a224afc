import { sourceOfFile } from './proc-file.ts'
import type { Source, Values } from './source.ts'

/** Processor time of the host: /proc/stat (proc_stat(5)), in ms since boot. */
export const processors: Source = {
  name: 'cpu',
  from: '/proc/stat',
  every: 1,
  open: () => sourceOfFile('/proc/stat', (text) => processorValues(parseStat(text))),
}

/** Time of one processor, or of all, in ms; guest time is within user and nice. */
export interface ProcessorTimes {
  user: number
  nice: number
  system: number
  idle: number
  iowait: number
  irq: number
  softirq: number
  steal: number
}

export interface ProcessorStat {
  all: ProcessorTimes | null
  /** by processor number; those that are offline are not listed */
  each: Map<number, ProcessorTimes>
  /** ctxt, processes, procs_running, procs_blocked */
  counts: Values
}

/** Parses /proc/stat; what a line lacks is left out. */
export function parseStat(text: string): ProcessorStat {
  const stat: ProcessorStat = { all: null, each: new Map(), counts: {} }
  for (const line of text.split('\n')) {
    if (line.startsWith('cpu')) {
      const [name, ...ticks] = line.split(/ +/)
      const times = timesOf(ticks)
      if (!times || name === undefined) continue
      if (name === 'cpu') stat.all = times
      else if (/^cpu\d+$/.test(name)) stat.each.set(Number(name.slice(3)), times)
    } else if (COUNTS.test(line)) {
      const [name = '', value] = line.split(' ')
      if (value !== undefined && /^\d+$/.test(value)) stat.counts[name] = Number(value)
    }
  }
  return stat
}

/** Sums, and per processor what tells whether one of them carries it all. */
export function processorValues({ all, each, counts }: ProcessorStat): Values | null {
  const values: Values = { ...counts }
  if (all) for (const [name, ms] of Object.entries(all)) values[`${name}_ms`] = ms
  if (each.size > 0) values['online'] = each.size
  if (each.size <= PROCESSORS_LISTED)
    for (const [number, t] of each) {
      values[`cpu${number}.busy_ms`] = t.user + t.nice + t.system + t.irq + t.softirq + t.steal
      values[`cpu${number}.softirq_ms`] = t.irq + t.softirq
    }
  return Object.keys(values).length > 0 ? values : null
}

/** Beyond this many processors only sums are recorded. */
export const PROCESSORS_LISTED = 64

const COUNTS = /^(ctxt|processes|procs_running|procs_blocked) /
const MS_PER_TICK = 10 // USER_HZ is 100 wherever Node.js runs (include/asm-generic/param.h)

function timesOf(ticks: readonly string[]): ProcessorTimes | null {
  const ms = ticks.map((tick) => Number(tick) * MS_PER_TICK)
  const [user, nice, system, idle, iowait, irq, softirq, steal] = ms
  const isWhole = ticks.length >= 8 && ms.slice(0, 8).every(Number.isFinite)
  if (!isWhole || user === undefined || nice === undefined || system === undefined || idle === undefined) return null
  if (iowait === undefined || irq === undefined || softirq === undefined || steal === undefined) return null
  return { user, nice, system, idle, iowait, irq, softirq, steal }
}
