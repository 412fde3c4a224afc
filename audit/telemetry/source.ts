import type { Roster, Target } from '../../probes/index.ts'

/** Numbers by name, as a `telemetry` record holds them; what is not known is not there. */
export type Values = Record<string, number>

/** A place in /proc or /sys that is read again and again. */
export interface Source {
  /** as in the recording; what its numbers mean: facts.ts */
  name: string
  /** the files, for people */
  from: string
  /** read at every n-th sample, and whenever a phase ends; less often where one reading turns out dear (telemetry.ts) */
  every: number
  /** counters of the target's network namespace: it is read as soon as one of them has grown, too */
  wakes?: readonly string[]
  open: (scope: Scope) => OpenSource | Missing
}

/** What is looked at. */
export interface Scope {
  target: Target
  /** its processes as they come and go */
  roster: Roster
  /** the target lives in this process's network namespace: /proc/sys/net and /sys/class/net speak of it, too */
  isOwnNetns: boolean
}

export interface OpenSource {
  /** `null` when it cannot be read any more, or now */
  read: () => Values | null
  close: () => void
}

/** Why a source is unknown here, in words for the user. */
export interface Missing {
  missing: string
  /** nothing is unknown: what it would tell of does not exist here (no connection tracking, no IPv6, no card) */
  isNothing?: true
}

export const isMissing = <T extends object>(opened: T | Missing): opened is Missing => 'missing' in opened
