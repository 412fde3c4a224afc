import { numberOf, sourceOfFile } from './proc-file.ts'
import { PROCESSORS_LISTED } from './processors.ts'
import type { Source, Values } from './source.ts'

/** Software interrupts since boot, and which processor took those of the network: /proc/softirqs. */
export const softInterrupts: Source = {
  name: 'softirqs',
  from: '/proc/softirqs',
  every: 2,
  open: () => sourceOfFile('/proc/softirqs', (text) => softirqValues(parsePerProcessor(text))),
}

/** Hardware interrupts since boot, by kind, and how the devices' ones are spread: /proc/interrupts. */
export const interrupts: Source = {
  name: 'interrupts',
  from: '/proc/interrupts',
  every: 10,
  open: () => sourceOfFile('/proc/interrupts', (text) => interruptValues(parsePerProcessor(text))),
}

export interface PerProcessor {
  /** numbers of the processors, in the order of the columns */
  cpus: number[]
  /** by the text before the colon: "NET_RX", "24", "LOC" */
  rows: Map<string, number[]>
}

/** Parses the table "CPU0 CPU1 …" / "NAME: n n …" of /proc/softirqs and /proc/interrupts; what follows the numbers is text. */
export function parsePerProcessor(text: string): PerProcessor {
  const lines = text.split('\n')
  const cpus = [...(lines[0] ?? '').matchAll(/CPU(\d+)/g)].map((match) => Number(match[1]))
  const rows = new Map<string, number[]>()
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const counts: number[] = []
    for (const word of line
      .slice(colon + 1)
      .trim()
      .split(/ +/, cpus.length)) {
      const count = numberOf(word)
      if (count === null) break
      counts.push(count)
    }
    if (counts.length > 0) rows.set(line.slice(0, colon).trim(), counts)
  }
  return { cpus, rows }
}

export function softirqValues({ cpus, rows }: PerProcessor): Values | null {
  const values: Values = {}
  for (const [name, key] of SOFTIRQS) {
    const counts = rows.get(name)
    if (counts) values[key] = sum(counts)
  }
  for (const key of ['net_rx', 'net_tx']) perProcessor(values, cpus, key, rows.get(key.toUpperCase()))
  return Object.keys(values).length > 0 ? values : null
}

export function interruptValues({ cpus, rows }: PerProcessor): Values | null {
  if (rows.size === 0) return null
  const devices = cpus.map(() => 0)
  const values: Values = { total: 0, device: 0 }
  for (const [name, counts] of rows) {
    const all = sum(counts)
    values['total'] = (values['total'] ?? 0) + all
    const kind = /^\d+$/.test(name) ? 'device' : KINDS.get(name.replace(/^IPI\d+$/, 'IPI'))
    if (kind !== undefined) values[kind] = (values[kind] ?? 0) + all
    if (kind === 'device') for (const [at, count] of counts.entries()) devices[at] = (devices[at] ?? 0) + count
  }
  perProcessor(values, cpus, 'device', devices)
  return values
}

function perProcessor(
  values: Values,
  cpus: readonly number[],
  key: string,
  counts: readonly number[] | undefined,
): void {
  if (!counts || cpus.length > PROCESSORS_LISTED || counts.length < cpus.length) return
  for (const [at, cpu] of cpus.entries()) values[`cpu${cpu}.${key}`] = counts[at] ?? Number.NaN
}

const sum = (counts: readonly number[]): number => counts.reduce((n, count) => n + count, 0)

const SOFTIRQS = new Map(
  ['NET_RX', 'NET_TX', 'TIMER', 'SCHED', 'RCU', 'BLOCK', 'TASKLET', 'HRTIMER'].map((name) => [
    name,
    name.toLowerCase(),
  ]),
)
// x86 names; arm64 calls what one processor tells another IPI0, IPI1, ...
const KINDS: ReadonlyMap<string, string> = new Map([
  ['LOC', 'timer'],
  ['RES', 'reschedule'],
  ['CAL', 'function_call'],
  ['TLB', 'tlb'],
  ['IPI', 'function_call'],
])
