import { numberOf, sourceOfFile } from './proc-file.ts'
import type { Source, Values } from './source.ts'

/** Events of memory management since boot: /proc/vmstat. */
export const virtualMemory: Source = {
  name: 'vmstat',
  from: '/proc/vmstat',
  every: 2,
  open: () => sourceOfFile('/proc/vmstat', parseVmstat),
}

/** How memory is used now: /proc/meminfo, in bytes. */
export const memory: Source = {
  name: 'meminfo',
  from: '/proc/meminfo',
  every: 5,
  open: () => sourceOfFile('/proc/meminfo', parseMeminfo),
}

/**
 * Picks what tells of a shortage. Kernels count some per zone or per kind of page (allocstall_dma, _normal, _movable;
 * workingset_refault_anon, _file): those are added up.
 */
export function parseVmstat(text: string): Values | null {
  const values: Values = {}
  for (const line of text.split('\n')) {
    const blank = line.indexOf(' ')
    const name = EVENTS.get(line.slice(0, blank))
    if (name === undefined) continue
    const value = numberOf(line.slice(blank + 1))
    if (value !== null) values[name] = (values[name] ?? 0) + value
  }
  return Object.keys(values).length > 0 ? values : null
}

export function parseMeminfo(text: string): Values | null {
  const values: Values = {}
  for (const line of text.split('\n')) {
    const [key = '', kib, unit] = line.split(/:? +/)
    const name = SIZES.get(key)
    const value = numberOf(kib)
    if (name !== undefined && value !== null && unit === 'kB') values[name] = value * 1024
  }
  return Object.keys(values).length > 0 ? values : null
}

const EVENTS: ReadonlyMap<string, string> = new Map([
  ...['pgfault', 'pgmajfault', 'pswpin', 'pswpout', 'oom_kill'].map((name) => [name, name] as const),
  ...['compact_stall', 'compact_fail', 'pgscan_direct', 'pgsteal_direct', 'pgscan_kswapd'].map((n) => [n, n] as const),
  ...['thp_fault_fallback', 'numa_pages_migrated', 'drop_slab', 'drop_pagecache'].map((n) => [n, n] as const),
  ...['', '_dma', '_dma32', '_normal', '_movable', '_device', '_high'].map(
    (z) => [`allocstall${z}`, 'allocstall'] as const,
  ),
  ...['', '_anon', '_file'].map((kind) => [`workingset_refault${kind}`, 'workingset_refault'] as const),
])

const SIZES: ReadonlyMap<string, string> = new Map([
  ['MemTotal', 'total_bytes'],
  ['MemFree', 'free_bytes'],
  ['MemAvailable', 'available_bytes'],
  ['Cached', 'cached_bytes'],
  ['Dirty', 'dirty_bytes'],
  ['Writeback', 'writeback_bytes'],
  ['Slab', 'slab_bytes'],
  ['SwapTotal', 'swap_total_bytes'],
  ['SwapFree', 'swap_free_bytes'],
  ['CommitLimit', 'commit_limit_bytes'],
  ['Committed_AS', 'committed_bytes'],
])
