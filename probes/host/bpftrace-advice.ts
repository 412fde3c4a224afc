import { installCommand, type System, upgradeCommand } from './distribution.ts'
import { compareVersions, OLDEST_BPFTRACE } from './kernel-facts.ts'

/**
 * What helps here where bpftrace is missing or too old, in one line: the command, or the truth that this release has no
 * package that is new enough.
 *
 * @param isInstalled an older one is there
 */
export function bpftraceAdvice(isInstalled: boolean, system: System, minimum = OLDEST_BPFTRACE): string {
  const command = (isInstalled ? upgradeCommand : installCommand)('bpftrace', system)
  const since = minimum === OLDEST_BPFTRACE ? firstRelease[system.ids[0] ?? ''] : undefined
  if (since === undefined) return `${command}; where that is older than ${minimum}: ${UPSTREAM}`
  if (since === 'always' || system.release === null || compareVersions(system.release, since) >= 0) return command
  return `${system.name} has no package that is new enough: ${UPSTREAM}`
}

const UPSTREAM =
  "the AppImage of bpftrace's own releases (github.com/bpftrace/bpftrace), named by PROBE_BPFTRACE=/opt/bpftrace"

/**
 * The first release whose own package is 0.17 or later, as VERSION_ID counts. Of other distributions, also those made from
 * one of these, it is not known: they count otherwise. Sources: the distributions' package lists and release notes.
 */
const firstRelease: Readonly<Record<string, readonly number[] | 'always'>> = {
  // 11: 0.11.3, and no backport; 12: 0.17.0; 13: 0.23.2
  debian: [12],
  // 22.04: 0.14.0; 24.04: 0.20.2
  ubuntu: [23, 4],
  // 37: 0.16; 38: 0.17
  fedora: [38],
  // 8 ends with 0.16; within 9 it grows
  rhel: [9],
  centos: [9],
  rocky: [9],
  almalinux: [9],
  // 3.16: 0.14; 3.19: 0.19
  alpine: [3, 18],
  arch: 'always',
  'opensuse-tumbleweed': 'always',
}
