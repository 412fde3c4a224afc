import path from 'node:path'
import { sanitizeText } from '../text.ts'
import { askVersion } from './ask-version.ts'
import { bpftraceAdvice } from './bpftrace-advice.ts'
import { thisSystem } from './distribution.ts'
import { compareVersions, OLDEST_BPFTRACE, parseVersion } from './kernel-facts.ts'
import { CLEAN_ENVIRONMENT, findProgram, isExecutable } from './privilege.ts'
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
  if (!found)
    return { bpftrace: null, support: lacking('no bpftrace on this host', bpftraceAdvice(false, thisSystem())) }

  const answer = await askVersion([found, '--version'], CLEAN_ENVIRONMENT)
  if (answer.kind !== 'told') {
    const why =
      answer.kind === 'late'
        ? `did not tell its version within ${answer.limitMs / 1000} s`
        : `does not tell its version: ${answer.said}`
    return { bpftrace: null, support: undetermined(`${sanitizeText(found)} ${why}`) }
  }
  const bpftrace: Bpftrace = { path: found, version: answer.version }
  return { bpftrace, support: judgeBpftrace(bpftrace, { isNamed: Boolean(named) }) }
}

const UNSET = 'unset PROBE_BPFTRACE, or name another: PROBE_BPFTRACE=/usr/bin/bpftrace'

/**
 * @param minimum as "0.17"
 * @param isNamed by PROBE_BPFTRACE
 */
export function judgeBpftrace(
  { path: file, version }: Bpftrace,
  { minimum = OLDEST_BPFTRACE, isNamed = false, system = thisSystem() } = {},
): Support {
  const text = version.join('.')
  if (compareVersions(version, parseVersion(minimum) ?? []) >= 0) return supported(`${text} (${sanitizeText(file)})`)
  const fix = isNamed ? UNSET : bpftraceAdvice(true, system, minimum)
  return lacking(`needs bpftrace ${minimum}; ${sanitizeText(file)} is ${text}`, fix)
}
