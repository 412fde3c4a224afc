import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import type { Host } from './host.ts'
import { readProc } from './process.ts'
import { lacking, type Support, supported, undetermined } from './support.ts'

/** none, integrity, confidentiality, or Unknown. */
export function readLockdown(tracefs: string | null): string {
  const told = parseLockdown(readProc('/sys/kernel/security/lockdown'))
  return told === UNKNOWN ? inferLockdown(readProc('/proc/cmdline') ?? '', lacksEvents(tracefs)) : told
}

/** The mode in brackets of "none [integrity] confidentiality"; `Unknown` without the file. */
export const parseLockdown = (text: string | null): string => /\[(\w+)\]/.exec(text ?? '')?.[1] ?? UNKNOWN

/**
 * Where securityfs is not mounted: a kernel started with lockdown=confidentiality keeps the files of tracefs back
 * (LOCKDOWN_TRACEFS, security/security.c), so both together tell it. The word alone does not: the kernel may lack it.
 */
export const inferLockdown = (commandLine: string, isWithoutEvents: boolean): string =>
  isWithoutEvents && /(?:^|\s)lockdown=confidentiality(?:\s|$)/.test(commandLine) ? 'confidentiality' : UNKNOWN

/** Whether tracefs is mounted and has no events at all. */
export const lacksEvents = (tracefs: string | null): boolean => {
  if (tracefs === null || !existsSync(tracefs)) return false
  try {
    readdirSync(tracefs)
  } catch {
    return false // not for this user: nothing is known
  }
  return !existsSync(path.join(tracefs, 'events'))
}

/** Whether the kernel lets itself be looked at; `no` makes everything else a question without meaning. */
export function judgeLockdown({ lockdown, tracefs }: Pick<Host, 'lockdown' | 'tracefs'>): Support {
  if (lockdown === 'confidentiality')
    return lacking(
      'the kernel is locked down (confidentiality): nobody may read its memory, trace or sample',
      'boot without lockdown=confidentiality',
    )
  if (lockdown === 'none' || lockdown === 'integrity') return supported(lockdown)
  const unreadable = '/sys/kernel/security/lockdown cannot be read'
  return undetermined(
    lacksEvents(tracefs) ? `${unreadable}; ${tracefs} has no events, as under lockdown` : unreadable,
    'sudo mount -t securityfs securityfs /sys/kernel/security',
  )
}

const UNKNOWN = 'Unknown'
