import { existsSync } from 'node:fs'
import { judgeBpftrace } from './bpftrace.ts'
import type { Host } from './host.ts'
import { fexitWord, whyAbsent } from './kernel-facts.ts'
import { judgeLockdown, lacksEvents } from './lockdown.ts'
import { lacking, type Support, supported, undetermined } from './support.ts'
import { formatPath, parseTracepointFields, readTracefs } from './tracefs.ts'
import { tryAttach } from './trial.ts'

/** One thing a variant of a probe asks of the host. */
export type Need =
  | { kind: 'tracepoint'; name: string; fields?: readonly string[] }
  | { kind: 'btf' }
  | { kind: 'kprobe'; function: string }
  | { kind: 'fexit'; function: string }
  | { kind: 'bpftrace'; min: string }
  | { kind: 'perf-event' }
  /** as `uname -m` says */
  | { kind: 'machine'; is: string }

/** Whether the host meets a need. Tracepoints are looked up in tracefs, kprobes and fexit are attached for a moment. */
export async function checkNeed(need: Need, host: Host): Promise<Support> {
  if (LOCKED_AWAY.has(need.kind)) {
    const lockdown = judgeLockdown(host)
    if (lockdown.kind === 'no') return lockdown
  }
  switch (need.kind) {
    case 'tracepoint':
      return checkTracepoint(need.name, need.fields ?? [], host)
    case 'btf':
      return host.btf
    case 'kprobe':
      return checkKprobe(need.function, host)
    case 'fexit':
      return checkFexit(need.function, host)
    case 'bpftrace':
      return host.bpftrace === null ? host.bpftraceSupport : judgeBpftrace(host.bpftrace, { minimum: need.min })
    case 'perf-event':
      return checkPerfEvent()
    case 'machine':
      return host.arch === need.is ? supported() : lacking(`it is for ${need.is}, this is ${host.arch}`)
  }
}

/** What a kernel keeps back in lockdown: it then looks as if it had been built without. */
const LOCKED_AWAY: ReadonlySet<Need['kind']> = new Set(['tracepoint', 'kprobe', 'fexit', 'perf-event'])

/** The first need that is not met, in their order; `yes` when all are. */
export async function checkNeeds(needs: readonly Need[], host: Host): Promise<Support> {
  for (const need of needs) {
    const support = await checkNeed(need, host)
    if (support.kind !== 'yes') return support
  }
  return supported()
}

/** The command that makes tracefs visible. */
export const MOUNT_TRACEFS = 'sudo mount -t tracefs tracefs /sys/kernel/tracing'

async function checkTracepoint(name: string, fields: readonly string[], host: Host): Promise<Support> {
  // bpftrace reads the same files: without them it cannot attach either.
  if (host.tracefs === null) return lacking('tracefs is not mounted', MOUNT_TRACEFS)
  const format = await readTracefs(host, formatPath(name))
  if (format.kind === 'unreadable') return undetermined(`${name} cannot be looked up: ${format.cause}`)
  if (format.kind === 'absent' && lacksEvents(host.tracefs)) {
    const { lockdown } = host
    const why = lockdown === 'none' || lockdown === 'integrity' ? '' : '; the kernel may be locked down'
    return lacking(`${host.tracefs} has no events at all${why}`, 'probe doctor')
  }
  if (format.kind === 'absent') return lacking(whyAbsent(name, null, host.kernelVersion))
  const present = parseTracepointFields(format.text)
  const missing = fields.find((field) => !present.has(field))
  return missing === undefined ? supported() : lacking(whyAbsent(name, missing, host.kernelVersion))
}

async function checkKprobe(name: string, host: Host): Promise<Support> {
  if (host.tracefs === null) return lacking('tracefs is not mounted', MOUNT_TRACEFS)
  const events = await readTracefs(host, 'kprobe_events')
  if (events.kind === 'absent') return lacking('this kernel was built without kprobes (CONFIG_KPROBE_EVENTS)')
  return tryAttach(`kprobe:${name}`, host)
}

async function checkFexit(name: string, host: Host): Promise<Support> {
  if (host.btf.kind !== 'yes') return host.btf
  return tryAttach(`${fexitWord(host.bpftrace?.version ?? [])}:${name}`, host)
}

function checkPerfEvent(): Support {
  // The file exists exactly where the kernel has perf events; tracing programs are above its limit.
  if (!existsSync('/proc/sys/kernel/perf_event_paranoid'))
    return lacking('this kernel was built without perf events (CONFIG_PERF_EVENTS)')
  return supported()
}
