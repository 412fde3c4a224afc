import type { Host } from './host.ts'
import { judgeLockdown } from './lockdown.ts'
import { checkNeed, MOUNT_TRACEFS, type Need } from './needs.ts'
import { lacking, type Support } from './support.ts'
import { tryProgram } from './trial.ts'

/** What keeps every probe from being attached here, whatever it asks. */
export interface Obstacle {
  code: 'no_bpftrace' | 'no_privilege' | 'no_probe'
  reason: string
  fix: string | undefined
}

/**
 * The first obstacle that attaching meets on this host; null: none. Who attaches, and who foretells whether that will do,
 * ask this one function. Where something cannot be found out it is no obstacle: trying tells.
 */
export async function findObstacle(host: Host): Promise<Obstacle | null> {
  if (host.bpftrace === null || host.bpftraceSupport.kind === 'no') return obstacle('no_bpftrace', host.bpftraceSupport)
  if (host.privilege.how === null) return obstacle('no_privilege', host.privilege)
  for (const check of hostChecks) {
    const support = await check(host)
    if (support.kind === 'no') return obstacle('no_probe', support)
  }
  return null
}

/** What every script hears the recorder by (script/frame.ts), whatever its probes need. */
export const CLOCK: Need = { kind: 'tracepoint', name: 'syscalls:sys_enter_getpriority', fields: ['who'] }

/** Whether scripts can do without the kernel's description of its types, or have it. */
export async function checkTypes(host: Host): Promise<Support> {
  if (host.btf.kind === 'yes' || host.bpftrace === null) return host.btf
  const trial = await tryProgram('tracepoint:syscalls:sys_enter_getpriority { @n = (uint64)args->who; }', host)
  if (trial.kind !== 'no') return trial
  const reason = host.btf.kind === 'no' ? host.btf.reason : host.btf.cause
  return lacking(`bpftrace ${host.bpftrace.version.join('.')} needs BTF for every tracepoint; ${reason}`, host.btf.fix)
}

const hostChecks: readonly ((host: Host) => Support | Promise<Support>)[] = [
  judgeLockdown,
  (host) => (host.tracefs === null ? lacking('tracefs is not mounted', MOUNT_TRACEFS) : { kind: 'yes' }),
  (host) => checkNeed(CLOCK, host),
  checkTypes,
]

const obstacle = (code: Obstacle['code'], support: Support): Obstacle => ({
  code,
  reason: support.kind === 'no' ? support.reason : support.kind === 'unknown' ? support.cause : '',
  fix: support.kind === 'yes' ? undefined : support.fix,
})
