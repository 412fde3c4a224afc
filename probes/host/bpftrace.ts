import path from 'node:path'
import { sanitizeText } from '../text.ts'
import { askVersion } from './ask-version.ts'
import { compareVersions, OLDEST_BPFTRACE, parseVersion } from './kernel-facts.ts'
import { CLEAN_ENVIRONMENT, findProgram, isExecutable } from './privilege.ts'
import { readProc } from './process.ts'
import { lacking, type Support, supported, undetermined } from './support.ts'

/** The bpftrace that will be used. */
export interface Bpftrace {
  /** absolute */
  path: string
  version: readonly [major: number, minor: number, patch: number]
}

/**
 * Finds bpftrace in the trusted directories, or where the environment variable PROBE_BPFTRACE says (an absolute path),
 * and asks for its version. A version that is too old is found, and not supported.
 */
export async function inspectBpftrace(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<{ bpftrace: Bpftrace | null; support: Support }> {
  const named = environment['PROBE_BPFTRACE']
  if (named && !path.isAbsolute(named))
    return { bpftrace: null, support: lacking(`PROBE_BPFTRACE is not an absolute path: ${sanitizeText(named)}`, UNSET) }
  if (named && !(await isExecutable(named)))
    return { bpftrace: null, support: lacking(`PROBE_BPFTRACE cannot be executed: ${sanitizeText(named)}`, UNSET) }
  const found = named || (await findProgram('bpftrace'))
  if (!found) return { bpftrace: null, support: lacking('no bpftrace on this host', installCommand('bpftrace')) }

  const asked = await askVersion([found], CLEAN_ENVIRONMENT)
  if (asked.version === null)
    return { bpftrace: null, support: undetermined(`${sanitizeText(found)} does not tell its version: ${asked.why}`) }
  const { version } = asked
  const bpftrace: Bpftrace = { path: found, version }
  return { bpftrace, support: judgeBpftrace(bpftrace) }
}

const UNSET = 'unset PROBE_BPFTRACE, or name a bpftrace: PROBE_BPFTRACE=/usr/bin/bpftrace'

/** @param minimum as "0.17" */
export function judgeBpftrace({ path: file, version }: Bpftrace, minimum = OLDEST_BPFTRACE): Support {
  const text = version.join('.')
  return compareVersions(version, parseVersion(minimum) ?? []) >= 0
    ? supported(`${text} (${sanitizeText(file)})`)
    : lacking(`needs bpftrace ${minimum}; ${sanitizeText(file)} is ${text}`, installCommand('bpftrace'))
}

/** The command that installs a package on this distribution (os-release(5)). */
export function installCommand(packageName: string, osRelease = readProc('/etc/os-release') ?? ''): string {
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => (match[1] ?? '').split(' '))
  const command = ids.map((id) => installers[id]).find((known) => known !== undefined)
  return `${command ?? 'install the package'} ${packageName}`
}

const installers: Readonly<Record<string, string>> = {
  debian: 'sudo apt-get install',
  ubuntu: 'sudo apt-get install',
  fedora: 'sudo dnf install',
  rhel: 'sudo dnf install',
  centos: 'sudo dnf install',
  suse: 'sudo zypper install',
  opensuse: 'sudo zypper install',
  arch: 'sudo pacman -S',
  alpine: 'sudo apk add',
}
