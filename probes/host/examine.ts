import { findDemangler } from '../symbols/demangle.ts'
import { installCommand, thisSystem } from './distribution.ts'
import type { Host } from './host.ts'
import { compareVersions, OLDEST_TESTED_KERNEL } from './kernel-facts.ts'
import { judgeLockdown } from './lockdown.ts'
import { checkNeed, checkNeeds, MOUNT_TRACEFS } from './needs.ts'
import { checkTypes } from './obstacle.ts'
import { findProgram } from './privilege.ts'
import { lacking, type Support, supported, supportText, undetermined } from './support.ts'

/** One line of `probe doctor`. */
export interface Check {
  id: string
  label: string
  /** without it nothing can be attached; the others cost a variant or a comfort */
  isRequired: boolean
  support: Support
  /** what was found, in one line */
  detail: string
}

/** Examines what a tracer needs here. Attaches a kprobe and a fexit program for a moment where that is allowed. */
export async function examineHost(host: Host): Promise<Check[]> {
  const checks = await Promise.all(
    questions.map(async ({ ask, isRequired, ...question }) => ({
      ...question,
      isRequired: typeof isRequired === 'boolean' ? isRequired : await isRequired(host),
      support: await ask(host),
    })),
  )
  return checks.map((check) => ({ ...check, detail: supportText(check.support) }))
}

interface Question {
  id: string
  label: string
  isRequired: boolean | ((host: Host) => Promise<boolean>)
  ask: (host: Host) => Support | Promise<Support>
}

const tracepoints =
  (...names: string[]) =>
  async (host: Host): Promise<Support> => {
    const support = await checkNeeds(
      names.map((name) => ({ kind: 'tracepoint', name })),
      host,
    )
    return support.kind === 'yes' ? supported(names.join(', ')) : support
  }

const questions: readonly Question[] = [
  { id: 'kernel', label: 'kernel', isRequired: true, ask: judgeKernel },
  { id: 'bpftrace', label: 'bpftrace', isRequired: true, ask: (host) => host.bpftraceSupport },
  { id: 'privilege', label: 'privileges', isRequired: true, ask: (host) => host.privilege },
  { id: 'pid-namespace', label: 'process ids', isRequired: true, ask: (host) => host.pids },
  { id: 'lockdown', label: 'lockdown', isRequired: true, ask: judgeLockdown },
  {
    id: 'tracefs',
    label: 'tracefs',
    isRequired: true,
    ask: (host) => (host.tracefs === null ? lacking('not mounted', MOUNT_TRACEFS) : supported(host.tracefs)),
  },
  {
    id: 'btf',
    label: 'BTF',
    // Later releases of bpftrace read the arguments of tracepoints by it.
    isRequired: async (host) => (await checkTypes(host)).kind === 'no',
    ask: async (host) => {
      const types = await checkTypes(host)
      return types.kind === 'no' ? types : host.btf
    },
  },
  {
    id: 'clock-tracepoint',
    label: 'tracepoint that ends windows',
    isRequired: true,
    ask: tracepoints('syscalls:sys_enter_getpriority'),
  },
  {
    id: 'syscall-tracepoints',
    label: 'system call tracepoints',
    isRequired: false,
    ask: tracepoints(
      'raw_syscalls:sys_enter',
      'raw_syscalls:sys_exit',
      'syscalls:sys_exit_accept4',
      'syscalls:sys_enter_futex',
    ),
  },
  {
    id: 'sched-tracepoints',
    label: 'scheduler tracepoints',
    isRequired: false,
    ask: tracepoints('sched:sched_switch', 'sched:sched_wakeup', 'sched:sched_process_exec', 'task:task_newtask'),
  },
  {
    id: 'tcp-tracepoints',
    label: 'TCP tracepoints',
    isRequired: false,
    ask: tracepoints('sock:inet_sock_set_state', 'tcp:tcp_retransmit_skb', 'tcp:tcp_retransmit_synack'),
  },
  {
    id: 'lock-tracepoints',
    label: 'kernel lock tracepoints',
    isRequired: false,
    ask: tracepoints('lock:contention_begin', 'lock:contention_end'),
  },
  {
    id: 'perf-events',
    label: 'CPU sampling',
    isRequired: false,
    ask: (host) => checkNeed({ kind: 'perf-event' }, host),
  },
  {
    id: 'kprobes',
    label: 'kprobes',
    isRequired: false,
    ask: (host) => checkNeed({ kind: 'kprobe', function: EVERYWHERE }, host),
  },
  {
    id: 'fexit',
    label: 'fentry and fexit',
    isRequired: false,
    ask: (host) => checkNeed({ kind: 'fexit', function: EVERYWHERE }, host),
  },
  {
    id: 'demangler',
    label: 'C++ and Rust names',
    isRequired: false,
    ask: async () => {
      const program = await findDemangler()
      return program === null
        ? lacking(
            'no c++filt: C++ names are as bpftrace has them, Rust names unreadable',
            installCommand('binutils', thisSystem()),
          )
        : supported(program)
    },
  },
  {
    id: 'xz',
    label: 'compressed symbol tables',
    isRequired: false,
    ask: async () => {
      const program = await findProgram('xz')
      return program === null
        ? lacking(
            'no xz: stripped programs of Fedora and its kin stay without names',
            installCommand('xz', thisSystem(), { debian: 'xz-utils' }),
          )
        : supported(program)
    },
  },
  { id: 'bpf-stats', label: 'BPF run time statistics', isRequired: false, ask: judgeBpfStats },
]

/** A function every kernel with TCP has, never inlined (it is called through sk_prot), first argument unchanged. */
const EVERYWHERE = 'inet_csk_accept'

function judgeKernel(host: Host): Support {
  const text = `Linux ${host.kernel} ${host.arch}, ${host.cpus} CPUs, ${(host.memoryBytes / 2 ** 30).toFixed(1)} GiB`
  return compareVersions(host.kernelVersion, OLDEST_TESTED_KERNEL) >= 0
    ? supported(text)
    : undetermined(`${text}: older than ${OLDEST_TESTED_KERNEL.join('.')}, on which nothing was tested`)
}

function judgeBpfStats(host: Host): Support {
  const value = host.sysctls['kernel.bpf_stats_enabled']
  if (value === '1') return supported('on: the cost of each program is measured')
  if (value === '0')
    return lacking('off: the cost of programs is estimated, not measured', 'sudo sysctl kernel.bpf_stats_enabled=1')
  return undetermined('kernel.bpf_stats_enabled cannot be read')
}
