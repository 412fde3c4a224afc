import type { Host } from './host.ts'
import { judgeLockdown } from './lockdown.ts'
import { checkNeed, MOUNT_TRACEFS, type Need } from './needs.ts'
import { mayAdministrate } from './privilege.ts'
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

/**
 * Whether bpftrace gets at the types of this kernel. What it needs of them, and which rights it needs to read them, changes
 * from release to release: where that is a question, it is tried.
 */
export async function checkTypes(host: Host): Promise<Support> {
  const hasAllRights = host.privilege.how === 'sudo' || mayAdministrate()
  if (host.bpftrace === null || (host.btf.kind === 'yes' && hasAllRights)) return host.btf
  const trial = await tryProgram(TYPES, host)
  if (trial.kind !== 'no') return trial
  const bpftrace = `bpftrace ${host.bpftrace.version.join('.')}`
  if (host.btf.kind === 'no')
    return lacking(`${bpftrace} needs BTF for every tracepoint; ${host.btf.reason}`, host.btf.fix)
  return lacking(
    `without CAP_SYS_ADMIN ${bpftrace} does not find the types of this kernel: ${trial.reason}`,
    'sudo, or the container with --cap-add SYS_ADMIN; bpftrace 0.23 does without',
  )
}

/** An argument of a tracepoint and a field of a structure: the least that scripts read (engine/targets.ts). */
const TYPES =
  'tracepoint:syscalls:sys_enter_getpriority { @n = (uint64)args->who; @t = (uint64)((struct task_struct *)curtask)->nsproxy; }'

const hostChecks: readonly ((host: Host) => Support | Promise<Support>)[] = [
  (host) => host.pids,
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
