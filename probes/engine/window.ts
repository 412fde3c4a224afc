import type { DecodedStack, Probe } from '../define.ts'
import type { Program } from '../script/program.ts'
import type { Demangler } from '../symbols/demangle.ts'
import { isMangled, NAME_LENGTH, type NamesByAddress } from '../symbols/frames.ts'
import { sanitizeText } from '../text.ts'
import { readOpen, readRows } from './decode.ts'
import type { OpenRow, RawFrame, Row, WindowFrame } from './frame.ts'
import type { CutFrame } from './tracer.ts'

export interface ProbeWindow {
  probe: string
  phase: number
  startNs: number
  endNs: number
  data: unknown
  /** null when the probe has none, or this cut did not ask for them */
  stacks: DecodedStack[] | null
  /** where the span that the stacks cover begins */
  stacksStartNs: number
  unit: 'samples' | 'ns' | 'count'
  loss: { kind: 'map_full' | 'untracked' | 'truncated'; count: number }[]
  notes: string[]
}

export const NO_DEMANGLER = 'C++ and Rust names are not all readable, since there is no c++filt: install binutils'

export const DEAD_WAITS = 'waits of threads that ended unseen were left out: when they were over is not known'

export const hasMangledNames = ({ stacks }: ProbeWindow): boolean =>
  stacks?.some(({ frames }) => frames.some(isMangled)) ?? false

/** Windows with names that people can read, and with what their stacks tell by those. */
export async function named(
  windows: readonly ProbeWindow[],
  probes: readonly Probe[],
  demangle: Demangler,
): Promise<ProbeWindow[]> {
  return (await withReadableNames(windows, demangle)).map((window) => withStacksRead(probes, window))
}

async function withReadableNames(windows: readonly ProbeWindow[], demangle: Demangler): Promise<ProbeWindow[]> {
  const mangled = windows.flatMap(({ stacks }) => (stacks ?? []).flatMap(({ frames }) => frames.filter(isMangled)))
  const readable = mangled.length === 0 ? null : await demangle(mangled)
  if (readable === null) return [...windows]
  return windows.map((window) => ({
    ...window,
    stacks:
      window.stacks?.map((row) => ({ ...row, frames: row.frames.map((name) => readable.get(name) ?? name) })) ?? null,
  }))
}

function withStacksRead(probes: readonly Probe[], window: ProbeWindow): ProbeWindow {
  const read = probes.find(({ name }) => name === window.probe)?.withStacks
  return read && window.stacks ? { ...window, data: read(window.data, window.stacks) } : window
}

/** Addresses of all user frames in a frame's stacks that the tracer has not named. */
export function userAddressesIn(frame: WindowFrame, { results, scratch }: Program): Set<string> {
  const found = new Set<string>()
  const take = (part: unknown) => {
    if (!Array.isArray(part)) return
    for (const { address, symbol } of part as RawFrame[]) if (address !== null && symbol === null) found.add(address)
  }
  for (const { map } of results.values())
    if (map.key.includes('stack')) for (const { key } of frame.rows(map)) key.forEach(take)
  for (const { map } of scratch.values())
    if (map.shown && map.holds === 'stack') for (const { value } of frame.open(map) ?? []) take(value)
  return found
}

/**
 * Addresses of what threads of the target wait for, as the reader takes them (`*` and hex: of data, not of code). The
 * kernel's own lie above all that is a number exactly.
 */
export function dataAddressesIn(frame: WindowFrame, { results, scratch }: Program): Set<string> {
  const found = new Set<string>()
  const take = (address: number) => {
    if (address > 0 && Number.isSafeInteger(address)) found.add(`*${address.toString(16)}`)
  }
  for (const { map } of results.values())
    for (const [i, part] of map.key.entries())
      if (part === 'address') for (const { key } of frame.rows(map)) take(Number(key[i]))
  for (const { map } of scratch.values())
    if (map.isAddress) for (const { value } of frame.open(map) ?? []) take(Number(value))
  return found
}

/** The variable at an address (0x…), safe to show. */
export function dataName(names: NamesByAddress, address: string): string | null {
  const symbol = names.symbolOf({ address: address.replace(/^0x/, '*'), symbol: null, module: null })
  return symbol === null ? null : sanitizeText(symbol, { maxLength: NAME_LENGTH })
}

/** Reads each map once, when it is first asked for. */
export function windowFrame(frame: CutFrame, { perThread }: Pick<Program, 'perThread'>): WindowFrame {
  const ofThreads = new Set(perThread.flatMap(({ maps, untilGone = [] }) => [...maps, ...untilGone]))
  const read = new Map<string, Row[]>()
  const readOpened = new Map<string, OpenRow[]>()
  return {
    startNs: frame.startNs,
    endNs: frame.endNs,
    withStacks: frame.withStacks,
    rows: (map) => {
      const data = frame.results.get(`@${map.name}`)
      const rows = read.get(map.name) ?? (data === undefined ? [] : readRows(map, data))
      read.set(map.name, rows)
      return rows
    },
    open: (map) => {
      if (frame.open === null) return null
      const data = frame.open.get(`@${map.name}`)
      const rows = readOpened.get(map.name) ?? (data === undefined ? [] : readOpen(map, data))
      readOpened.set(map.name, rows)
      return ofThreads.has(map) ? rows.filter(({ key }) => !frame.gone.all.has(key[0] ?? 0)) : rows
    },
  }
}

/** A map that holds as many entries as it may has dropped others, silently on 0.17. */
export function fullMaps(frame: CutFrame, program: Program, probe: string) {
  const full = (maps: ReadonlyMap<string, unknown> | null, owners: ReadonlyMap<string, { probe: string }>) =>
    [...(maps ?? [])].filter(([name, data]) => {
      const entries =
        typeof data === 'object' && data !== null && 'entries' in data ? (data.entries as unknown[]).length : 0
      return owners.get(name)?.probe === probe && entries >= program.mapEntries
    }).length
  const count = full(frame.results, program.results) + full(frame.open, program.scratch)
  return count > 0 ? [{ kind: 'map_full' as const, count }] : []
}
