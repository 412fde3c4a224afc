import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe } from 'vitest'

/** A thing a suite cannot do without: why it cannot run here, or null. */
type Requirement = () => string | null

export const program =
  (name: string, debianPackage: string): Requirement =>
  () =>
    onPath(name) ? null : `no ${name} on this host (apt-get install ${debianPackage})`

export const network: readonly Requirement[] = [program('ip', 'iproute2'), program('nft', 'nftables')]
/** Where cgroups of version 2 are made; null: nowhere. */
export const cgroup2 = (): string | null =>
  /^\S+ (\S+) cgroup2 /m.exec(existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8') : '')?.[1] ?? null
export const cgroups: readonly Requirement[] = [() => (cgroup2() === null ? 'no cgroup v2 is mounted here' : null)]
export const mounts: readonly Requirement[] = [program('mount', 'mount')]
export const otherUsers: readonly Requirement[] = [program('setpriv', 'util-linux')]
export const programList: readonly Requirement[] = [program('bpftool', 'bpftool')]
export const terminal: readonly Requirement[] = [program('script', 'bsdutils')]
export const xmlParser: readonly Requirement[] = [program('python3', 'python3')]

const kernel: readonly Requirement[] = [
  () => (process.getuid?.() === 0 ? null : 'not root'),
  program('bpftrace', 'bpftrace'),
  program('gcc', 'gcc libc6-dev'),
  () =>
    existsSync('/sys/kernel/tracing/events/sched')
      ? null
      : 'tracefs is not mounted (mount -t tracefs tracefs /sys/kernel/tracing)',
]

/** A suite on the real kernel. Where the host cannot run it, it is reported as skipped, with the reason in its name. */
export function kernelSuite(name: string, body: () => void, more: readonly Requirement[] = []): void {
  const lacks = [...kernel, ...more].map((requirement) => requirement()).filter((reason) => reason !== null)
  if (lacks.length === 0) describe(name, body)
  else describe.skip(`${name} [skipped: ${lacks.join('; ')}]`, body)
}

function onPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      return false // not here: the next directory
    }
  })
}
