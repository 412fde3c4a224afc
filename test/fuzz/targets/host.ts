import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mountPoints } from '../../../probes/host/cgroup.ts'
import { parseListeners } from '../../../probes/host/listeners.ts'
import { parseNetstat } from '../../../probes/host/netns.ts'
import { parseCredentials } from '../../../probes/host/privilege.ts'
import { parseProcessStat } from '../../../probes/host/process.ts'
import { parseKernelStack, parseSyscall } from '../../../probes/host/sleepers.ts'
import { mutateLines } from '../mutate.ts'
import { type FuzzTarget, harmIn } from '../target.ts'

const room = join(import.meta.dirname, '../../../audit/telemetry')
const FILES = [
  ...[
    '/proc/self/stat',
    '/proc/self/net/netstat',
    '/proc/self/net/snmp',
    '/proc/self/net/tcp',
    '/proc/self/net/snmp6',
    '/proc/self/net/sockstat',
  ],
  ...[
    '/proc/mounts',
    '/proc/interrupts',
    '/proc/softirqs',
    '/proc/meminfo',
    '/proc/vmstat',
    '/proc/self/status',
    '/proc/self/schedstat',
    '/proc/self/io',
  ],
  ...[
    '/proc/net/softnet_stat',
    '/proc/net/dev',
    '/proc/stat',
    '/proc/pressure/cpu',
    '/proc/sys/fs/file-nr',
    '/proc/self/limits',
  ],
]
const CGROUP = [
  'usage_usec 1\nnr_throttled 5\n',
  '100000 100000\n',
  'max\n',
  'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
]

type Parse = (text: string) => unknown

/** All of the telemetry room that reads a text and is called so. */
async function parsers(): Promise<[string, Parse][]> {
  const found: [string, Parse][] = []
  for (const file of readdirSync(room)) {
    const module = (await import(join(room, file))) as Record<string, unknown>
    for (const [name, value] of Object.entries(module))
      if (name.startsWith('parse') && typeof value === 'function' && name !== 'parseNumber')
        found.push([name, value as Parse])
  }
  return found
}

const host: FuzzTarget = {
  about: 'texts of /proc, /sys and cgroups',
  cases: 500,
  open: async () => {
    const seeds = [...FILES.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'latin1')), ...CGROUP]
    const all = await parsers()
    return {
      generate: (random) => ({ kind: 'txt', bytes: mutateLines(random, random.pick(seeds)) }),
      read: ({ bytes }) => {
        const text = bytes.toString()
        for (const parse of [parseNetstat, parseCredentials, parseKernelStack, parseSyscall]) parse(text)
        for (const table of ['tcp', 'tcp6'] as const) parseListeners(text, table)
        mountPoints(text, 'cgroup2')
        for (const [name, parse] of all) {
          const values = parse(text)
          const numbers = typeof values === 'object' && values !== null ? Object.values(values) : [values]
          const odd = numbers.find((value) => typeof value === 'number' && !Number.isFinite(value))
          if (odd !== undefined) return `${name} gives ${odd}`
        }
        return harmIn('comm', parseProcessStat(text)?.comm ?? '')
      },
    }
  },
}

export const hostTargets = { host }
