import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import path from 'node:path'
import { askVersion } from './ask-version.ts'
import { CAPABILITY_BPFTRACE, compareVersions, MODEST_BPFTRACE, parseVersion } from './kernel-facts.ts'
import { readProc } from './process.ts'
import { lacking, type Support, supported, undetermined } from './support.ts'

/** Directories whose programs are run; PATH is not asked, it may be somebody else's. */
export const TRUSTED_DIRECTORIES = ['/usr/bin', '/usr/local/bin', '/usr/sbin', '/bin', '/sbin']

/** All the environment a program started here gets. */
export const CLEAN_ENVIRONMENT = { PATH: TRUSTED_DIRECTORIES.join(':'), LC_ALL: 'C' }

/** How the tracer gets its rights; `null`: not at all. */
export type Elevation = 'root' | 'caps' | 'sudo' | null

/** Absolute path of a program in the trusted directories; `null` when it is in none. */
export async function findProgram(name: string): Promise<string | null> {
  for (const directory of TRUSTED_DIRECTORIES) {
    const candidate = path.join(directory, name)
    if (await isExecutable(candidate)) return candidate
  }
  return null
}

export async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What a process may do, from /proc/self/status. */
export interface Credentials {
  euid: number
  effective: bigint
  /** what a program without file capabilities inherits when it is started by a user who is not root */
  ambient: bigint
}

export function parseCredentials(status: string): Credentials {
  const line = (key: string) => new RegExp(`^${key}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? ''
  return {
    euid: Number(line('Uid').split(/\s+/)[1] ?? Number.NaN),
    effective: bitsOf(line('CapEff')),
    ambient: bitsOf(line('CapAmb')),
  }
}

const bitsOf = (hex: string): bigint => (/^[0-9a-f]{1,16}$/i.test(hex) ? BigInt(`0x${hex}`) : 0n)

/**
 * Whether these credentials suffice to trace without sudo. Tracing programs need CAP_BPF and CAP_PERFMON (5.8; before,
 * CAP_SYS_ADMIN); bpftrace itself asks for root before CAPABILITY_BPFTRACE, and for the two DAC ones after.
 */
export function judgeCredentials(
  credentials: Credentials,
  bpftrace: readonly number[] | null,
): { support: Support; how: Elevation } {
  if (credentials.euid === 0) {
    if (has(credentials.effective, CAP_SYS_ADMIN) || has(credentials.effective, CAP_BPF, CAP_PERFMON))
      return { support: supported('root'), how: 'root' }
    const reason = 'root, but without CAP_BPF and CAP_PERFMON, as in a container'
    const isModest = bpftrace === null || compareVersions(bpftrace, parseVersion(MODEST_BPFTRACE) ?? []) >= 0
    const wanted = isModest ? ['BPF', 'PERFMON', 'SYS_PTRACE'] : ['SYS_ADMIN', 'SYS_PTRACE']
    const fix = `start the container with ${wanted.map((name) => `--cap-add ${name}`).join(' ')}`
    return { support: lacking(reason, fix), how: null }
  }
  const isNewEnough = bpftrace !== null && compareVersions(bpftrace, parseVersion(CAPABILITY_BPFTRACE) ?? []) >= 0
  const mayTrace = has(credentials.ambient, CAP_SYS_ADMIN) || has(credentials.ambient, CAP_BPF, CAP_PERFMON)
  if (isNewEnough && mayTrace && has(credentials.ambient, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE))
    return { support: supported('ambient capabilities'), how: 'caps' }
  return { support: lacking('not root'), how: null }
}

/** Whether this process may do everything to the kernel that a capability may allow. */
export const mayAdministrate = (): boolean =>
  has(parseCredentials(readProc('/proc/self/status') ?? '').effective, CAP_SYS_ADMIN)

/** Whether sudo starts this program without asking: it is started, with --version, not believed. */
export async function judgeSudo(sudo: string | null, program: string | null): Promise<Support> {
  if (sudo === null) return lacking('not root, and there is no sudo', 'run probe as root')
  if (program === null) return undetermined('not root; whether sudo would do cannot be tried without bpftrace')
  const answer = await askVersion([sudo, '-n', '--', program, '--version'], CLEAN_ENVIRONMENT)
  if (answer.kind === 'told' || (answer.kind === 'silent' && answer.code === 0))
    return supported('sudo without a password')
  return answer.kind === 'late'
    ? undetermined(
        `not root, and sudo -n ${program} did not answer within ${answer.limitMs / 1000} s`,
        'run it with sudo',
      )
    : lacking(
        `not root, and sudo -n does not start ${program}`,
        'sudo -v, then the same command again; or run it with sudo',
      )
}

/** Finds out how the tracer can be given its rights. */
export async function inspectPrivilege(
  bpftrace: { path: string; version: readonly number[] } | null,
  sudo: string | null,
): Promise<{ support: Support; how: Elevation }> {
  const credentials = parseCredentials(readProc('/proc/self/status') ?? '')
  const own = judgeCredentials(credentials, bpftrace?.version ?? null)
  if (own.how !== null || credentials.euid === 0) return own
  const support = await judgeSudo(sudo, bpftrace?.path ?? null)
  return { support, how: support.kind === 'yes' ? 'sudo' : null }
}

// include/uapi/linux/capability.h
const CAP_DAC_OVERRIDE = 1
const CAP_DAC_READ_SEARCH = 2
const CAP_SYS_ADMIN = 21
const CAP_PERFMON = 38
const CAP_BPF = 39

const has = (set: bigint, ...capabilities: number[]): boolean =>
  capabilities.every((capability) => (set >> BigInt(capability)) & 1n)
