import { existsSync } from 'node:fs'
import os from 'node:os'
import { sanitizeText } from '../text.ts'
import { type Bpftrace, inspectBpftrace } from './bpftrace.ts'
import { mountPoints } from './cgroup.ts'
import { type KernelVersion, parseVersion } from './kernel-facts.ts'
import { readLockdown } from './lockdown.ts'
import { judgePidNamespace } from './pid-namespace.ts'
import { type Elevation, findProgram, inspectPrivilege } from './privilege.ts'
import { readProc } from './process.ts'
import { lacking, type Support, supported } from './support.ts'

/** What this host offers to a tracer. Texts are safe to show; what could not be read is `Unknown`, not a guess. */
export interface Host {
  name: string
  /** as `uname -r` says */
  kernel: string
  kernelVersion: KernelVersion
  /** as `uname -m` says */
  arch: string
  /** processors that are online */
  cpus: number
  memoryBytes: number
  /** where tracefs is mounted */
  tracefs: string | null
  btf: Support
  /** none, integrity, confidentiality, or Unknown */
  lockdown: string
  /** whether process ids mean here what they mean to the kernel */
  pids: Support
  privilege: Support & { how: Elevation }
  /** absolute path of sudo, where there is one */
  sudo: string | null
  bpftrace: Bpftrace | null
  bpftraceSupport: Support
  /** absolute path of setpriv(1), which starts the tracer so that it dies with its parent */
  setpriv: string | null
  /** `sysctl` name -> value; net.* are those of this process's network namespace, not of the target's */
  sysctls: Record<string, string>
}

/** Looks at this host: files, one start of bpftrace for its version, and one of sudo where that is needed. Loads no program. */
export async function inspectHost(): Promise<Host> {
  const kernel = os.release()
  const [{ bpftrace, support: bpftraceSupport }, sudo, setpriv] = await Promise.all([
    inspectBpftrace(),
    findProgram('sudo'),
    findProgram('setpriv'),
  ])
  const privilege = await inspectPrivilege(bpftrace, sudo)
  const version = parseVersion(kernel)
  const tracefs = findTracefs(readProc('/proc/mounts') ?? '')
  return {
    name: sanitizeText(os.hostname(), { maxLength: 255 }),
    kernel: sanitizeText(kernel, { maxLength: 255 }),
    kernelVersion: version ? [version[0], version[1]] : [0, 0],
    arch: os.machine(),
    cpus: os.cpus().length,
    memoryBytes: os.totalmem(),
    tracefs,
    btf: findBtf(),
    lockdown: readLockdown(tracefs),
    pids: judgePidNamespace(),
    privilege: { ...privilege.support, how: privilege.how },
    sudo,
    bpftrace,
    bpftraceSupport,
    setpriv,
    sysctls: readSysctls(sysctlNames),
  }
}

function findBtf(): Support {
  if (existsSync(BTF)) return supported(BTF)
  if (!existsSync('/sys/kernel')) return lacking(`no ${BTF}: /sys is not mounted`, 'sudo mount -t sysfs sysfs /sys')
  return lacking(
    `no ${BTF}: the kernel was built without CONFIG_DEBUG_INFO_BTF`,
    'boot a kernel of your distribution >= 5.10',
  )
}

/** Where tracefs is mounted: the usual place first, then the one debugfs brings; `null` when it is not. */
export function findTracefs(mounts: string): string | null {
  const points = mountPoints(mounts, 'tracefs')
  return points.find((point) => point === '/sys/kernel/tracing') ?? points[0] ?? null
}

/** Reads sysctls by name; blanks between several values become single ones. */
export function readSysctls(names: readonly string[], root = '/proc/sys'): Record<string, string> {
  const read = (name: string) =>
    readProc(`${root}/${name.replaceAll('.', '/')}`)
      ?.trim()
      .replace(/\s+/g, ' ')
  return Object.fromEntries(names.map((name) => [name, sanitizeText(read(name) ?? UNKNOWN, { maxLength: 200 })]))
}

export const UNKNOWN = 'Unknown'

const BTF = '/sys/kernel/btf/vmlinux'

// What explains or changes the numbers of an audit; two runs with different ones are not alike.
const sysctlNames = [
  'net.core.somaxconn',
  'net.core.netdev_max_backlog',
  'net.core.rmem_max',
  'net.core.wmem_max',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_abort_on_overflow',
  'net.ipv4.tcp_congestion_control',
  'net.ipv4.tcp_early_retrans',
  'net.ipv4.tcp_fastopen',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_max_syn_backlog',
  'net.ipv4.tcp_max_tw_buckets',
  'net.ipv4.tcp_mem',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syn_linear_timeouts',
  'net.ipv4.tcp_syn_retries',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_synack_retries',
  'net.ipv4.tcp_timestamps',
  'net.ipv4.tcp_tw_reuse',
  'net.ipv4.tcp_wmem',
  'net.netfilter.nf_conntrack_max',
  'fs.file-max',
  'fs.nr_open',
  'kernel.bpf_stats_enabled',
  'kernel.kptr_restrict',
  'kernel.perf_event_max_sample_rate',
  'kernel.perf_event_max_stack',
  'kernel.perf_event_paranoid',
  'kernel.sched_schedstats',
  'kernel.unprivileged_bpf_disabled',
]
