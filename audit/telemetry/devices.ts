import { existsSync, readdirSync } from 'node:fs'
import { sanitizeText } from '../../probes/index.ts'
import { joined, numberOf, sourceOfFile } from './proc-file.ts'
import type { Missing, OpenSource, Source, Values } from './source.ts'

/** Network interfaces of the target's network namespace, since each was made: /proc/PID/net/dev. */
export const interfaces: Source = {
  name: 'netdev',
  from: '/proc/PID/net/dev',
  every: 1,
  open: ({ target }) => sourceOfFile(`/proc/${target.netnsPid}/net/dev`, parseNetDev),
}

/** What network cards count beyond that: /sys/class/net/DEVICE/statistics, of devices with hardware behind them. */
export const cards: Source = { name: 'nic', from: '/sys/class/net/*/statistics', every: 10, open: openCards }

/** Parses /proc/net/dev: 8 numbers received, 8 sent per interface. Interfaces that never carried anything are left out. */
export function parseNetDev(text: string): Values | null {
  const values: Values = {}
  let interfaces = 0
  for (const line of text.split('\n')) {
    // The name ends at the last colon: an alias has one of its own ("eth0:1").
    const colon = line.lastIndexOf(':')
    const numbers = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number)
    if (colon < 0 || numbers.length < 16 || !numbers.slice(0, 16).every(Number.isFinite)) continue
    if (numbers[1] === 0 && numbers[9] === 0 && numbers[3] === 0 && numbers[11] === 0) continue
    if (interfaces++ >= INTERFACES) break
    const name = sanitizeText(line.slice(0, colon).trim(), { maxLength: NAME_LENGTH })
    for (const [key, column] of COLUMNS) values[`${name}.${key}`] = numbers[column] ?? Number.NaN
  }
  return interfaces > 0 ? values : null
}

const INTERFACES = 16
const NAME_LENGTH = 32 // IFNAMSIZ is 16
const COLUMNS = Object.entries({
  rx_bytes: 0,
  rx_packets: 1,
  rx_errors: 2,
  rx_dropped: 3,
  rx_fifo: 4,
  tx_bytes: 8,
  tx_packets: 9,
  tx_errors: 10,
  tx_dropped: 11,
  tx_fifo: 12,
})

const ROOT = '/sys/class/net'
const STATISTICS = ['rx_missed_errors', 'rx_over_errors', 'rx_nohandler', 'rx_crc_errors', 'tx_carrier_errors']

function openCards({ isOwnNetns }: { isOwnNetns: boolean }): OpenSource | Missing {
  if (!isOwnNetns)
    return { missing: 'the target has a network namespace of its own, whose cards /sys does not show here' }
  const names = list(ROOT).filter((name) => existsSync(`${ROOT}/${name}/device`))
  const files = names.slice(0, INTERFACES).flatMap((name) =>
    STATISTICS.map((key) => {
      const label = `${sanitizeText(name, { maxLength: NAME_LENGTH })}.${key}`
      return [label, sourceOfFile(`${ROOT}/${name}/statistics/${key}`, parseStatistic)] as const
    }),
  )
  return files.length > 0 ? joined(files) : { missing: 'no network card on this host', isNothing: true }
}

/** One number and nothing else. */
export function parseStatistic(text: string): Values | null {
  const value = numberOf(text.trim())
  return value === null ? null : { '': value }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return [] // no sysfs here
  }
}
