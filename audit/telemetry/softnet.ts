import { sourceOfFile } from './proc-file.ts'
import { PROCESSORS_LISTED } from './processors.ts'
import type { Source, Values } from './source.ts'

/** The queues between network devices and the protocols, host-wide since boot: /proc/net/softnet_stat. */
export const softnet: Source = {
  name: 'softnet',
  from: '/proc/net/softnet_stat',
  every: 1,
  open: () => sourceOfFile('/proc/net/softnet_stat', parseSoftnet),
}

/**
 * Parses a line for each processor, hexadecimal columns without names (net/core/net-procs.c, softnet_seq_show):
 * processed 0, dropped 1, time_squeeze 2, received_rps 9, flow_limit 10 (Linux 3.11), backlog 11 and processor 12 (5.10).
 */
export function parseSoftnet(text: string): Values | null {
  const lines = text.split('\n').flatMap((line) => {
    const columns = line.trim().split(/\s+/)
    return columns.length >= 9 && columns.every((column) => HEX.test(column)) ? [columns] : []
  })
  if (lines.length === 0) return null
  const values: Values = {}
  for (const [at, columns] of lines.entries()) {
    const cpu = columns[CPU] === undefined ? at : Number.parseInt(columns[CPU], 16)
    for (const [name, column] of COLUMNS) {
      const hex = columns[column]
      if (hex !== undefined) values[name] = (values[name] ?? 0) + Number.parseInt(hex, 16)
    }
    const backlog = columns[BACKLOG]
    if (backlog !== undefined)
      values['backlog_max'] = Math.max(values['backlog_max'] ?? 0, Number.parseInt(backlog, 16))
    if (lines.length <= PROCESSORS_LISTED) values[`cpu${cpu}.dropped`] = Number.parseInt(columns[1] ?? '', 16)
  }
  return values
}

const COLUMNS = Object.entries({ processed: 0, dropped: 1, time_squeeze: 2, received_rps: 9, flow_limit: 10 })
const BACKLOG = 11
const CPU = 12
const HEX = /^[0-9a-f]{1,8}$/i
