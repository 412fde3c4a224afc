import type { Candidate } from '../../probes/index.ts'
import { clip, formatPercent, left, right, UNKNOWN } from '../text/format.ts'
import type { Brush } from './cells.ts'
import { BOLD, INVERSE, ink } from './palette.ts'

/** A process, or those that listen on the same port as one service: the oldest stands for all. */
export interface Service extends Candidate {
  /** the others */
  others?: readonly Candidate[]
}

/** What the reader of a list of processes sees and has typed. */
export interface PickerState {
  /** in the order in which they stand: it is made once, so that nothing moves under the reader's eyes */
  processes: readonly Service[]
  filter: string
  /** pid; null: the first */
  selected: number | null
}

/** `port`: whoever serves it is meant, not the process alone */
export type Picked = { do: 'pick'; pid: number; port: number | null } | { do: 'leave' }

/** Less CPU than this (percent of a core) is not burning any. */
const BUSY_PCT = 1
const LONGEST_FILTER = 60

/** Those that match what was typed; without anything typed those that listen or burn CPU, and all when none does. */
export function matching({ processes, filter }: PickerState): readonly Service[] {
  const words = filter.toLowerCase().split(' ').filter(Boolean)
  if (words.length > 0)
    return processes.filter((service) => {
      const text = [service, ...(service.others ?? [])].map(searched).join(' ').toLowerCase()
      return words.every((word) => text.includes(word))
    })
  const likely = processes.filter(({ ports, cpuPct }) => (ports?.length ?? 0) > 0 || (cpuPct ?? 0) >= BUSY_PCT)
  return likely.length > 0 ? likely : processes
}

const searched = ({ pid, command, comm, user, ports }: Candidate): string =>
  `${pid} ${comm} ${command} ${user ?? ''} ${(ports ?? []).map((port) => `:${port}`).join(' ')}`

/** Processes that listen on the same port of the same network are one service. */
function services(seen: readonly Candidate[]): Service[] {
  const groups = new Map<string, Candidate[]>()
  for (const process of seen) {
    const [port] = process.ports ?? []
    const key = port === undefined ? `pid ${process.pid}` : `${process.netns ?? ''} ${port}`
    groups.set(key, [...(groups.get(key) ?? []), process])
  }
  return [...groups.values()].flatMap((group): Service[] => {
    const [oldest, ...others] = group.toSorted((a, b) => a.starttime - b.starttime || a.pid - b.pid)
    if (oldest === undefined) return []
    if (others.length === 0) return [oldest]
    const known = group.flatMap(({ cpuPct }) => cpuPct ?? [])
    return [{ ...oldest, others, cpuPct: known.length > 0 ? known.reduce((sum, pct) => sum + pct, 0) : null }]
  })
}

/**
 * The list after another look. The first look that knows the CPU sets the order: what listens and burns most on top. From
 * then on each stays in its place, those that are gone leave, those that are new stand at the end.
 */
export function refreshed(state: PickerState, look: readonly Candidate[]): PickerState {
  const seen = services(look)
  const isOrdered = state.processes.some(({ cpuPct }) => cpuPct !== null)
  if (!isOrdered) return { ...state, processes: seen.toSorted(compare) }
  const byPid = new Map(seen.map((process) => [process.pid, process]))
  const kept = state.processes.flatMap(({ pid, starttime }) => {
    const now = byPid.get(pid)
    if (now?.starttime !== starttime) return []
    byPid.delete(pid)
    return [now]
  })
  return { ...state, processes: [...kept, ...byPid.values()] }
}

const compare = (a: Candidate, b: Candidate): number =>
  Number((b.ports?.length ?? 0) > 0) - Number((a.ports?.length ?? 0) > 0) ||
  (b.cpuPct ?? 0) - (a.cpuPct ?? 0) ||
  a.pid - b.pid

/** The state after a key, or what the reader has decided. */
export function pressInPicker(state: PickerState, key: string, rows: number): PickerState | Picked {
  const shown = matching(state)
  const at = selectedIn(state, shown)
  const to = (index: number): PickerState => ({
    ...state,
    selected: shown[Math.max(0, Math.min(shown.length - 1, index))]?.pid ?? null,
  })
  switch (key) {
    case 'escape':
    case 'ctrl-c':
      return { do: 'leave' }
    case 'enter': {
      const chosen = shown[at]
      return chosen ? { do: 'pick', pid: chosen.pid, port: chosen.ports?.[0] ?? null } : state
    }
    case 'up':
    case 'shift-tab':
      return to(at - 1)
    case 'down':
    case 'tab':
      return to(at + 1)
    case 'pageup':
      return to(at - Math.max(1, rows))
    case 'pagedown':
      return to(at + Math.max(1, rows))
    case 'backspace':
    case 'delete':
      return { ...state, filter: state.filter.slice(0, -1), selected: null }
    default:
      // One glyph is text; longer names are keys that mean nothing here.
      return [...key].length === 1 && key >= ' '
        ? { ...state, filter: (state.filter + key).slice(0, LONGEST_FILTER), selected: null }
        : state
  }
}

const selectedIn = ({ selected }: PickerState, shown: readonly Service[]): number =>
  Math.max(
    0,
    shown.findIndex(({ pid }) => pid === selected),
  )

const PID = 8
const CPU = 9
const PORTS = 18
const USER = 12
/** rows of title, question, heads and keys */
const FRAME = 4

/** Rows of processes that a terminal has room for. */
export const pickerRows = (height: number): number => Math.max(0, height - FRAME)

/** The list, under what was typed, over the keys. */
export function drawPicker(state: PickerState, brush: Brush): void {
  const shown = matching(state)
  const at = selectedIn(state, shown)
  const rows = pickerRows(brush.height)
  brush.text(0, 0, ' probe ', BOLD | INVERSE)
  brush.text(8, 0, 'Which process?', BOLD)
  const found = `${shown.length} of ${state.processes.length}`
  brush.text(brush.width - found.length - 1, 0, found, ink.dim)
  const x = brush.text(1, 1, state.filter === '' ? '' : state.filter)
  brush.text(x, 1, ' ', INVERSE)
  if (state.filter === '') brush.text(x + 2, 1, 'type to search all: name, pid, :port, user', ink.dim)
  const columns = columnsOf(brush.width)
  for (const { title, x: from, width, align } of columns)
    if (brush.height > 2) brush.text(from, 2, align(title, width), ink.dim)
  const from = Math.max(0, Math.min(at - Math.floor(rows / 2), shown.length - rows))
  shown.slice(from, from + rows).forEach((process, i) => {
    const isSelected = from + i === at
    if (isSelected) brush.fill(0, i + 3, brush.width, ' ', INVERSE)
    for (const { x: column, width, align, text, style } of columns)
      brush.text(column, i + 3, align(text(process), width), isSelected ? INVERSE | BOLD : style(process))
  })
  if (shown.length === 0 && rows > 0)
    brush.text(1, 3, state.processes.length === 0 ? 'looking' : 'no process matches', ink.dim)
  drawKeys(brush)
}

function drawKeys(brush: Brush): void {
  let x = 1
  for (const [key, does] of [
    ['enter', 'attach'],
    ['↑ ↓', 'choose'],
    ['esc', 'leave'],
  ] as const)
    x = brush.text(brush.text(x, brush.height - 1, key, BOLD), brush.height - 1, ` ${does}`, ink.dim) + 3
}

interface Column {
  title: string
  x: number
  width: number
  align: (text: string, width: number) => string
  text: (process: Service) => string
  style: (process: Service) => number
}

/** The command is what people know; on a narrow terminal the owner gives way first, then the ports. */
function columnsOf(width: number): Column[] {
  const plain = () => 0
  const all: (Omit<Column, 'x'> & { least: number })[] = [
    { title: 'pid', width: PID, align: right, text: ({ pid }) => String(pid), style: plain, least: 0 },
    {
      title: 'cpu',
      width: CPU,
      align: right,
      text: ({ cpuPct }) => formatPercent(cpuPct),
      style: ({ cpuPct }) => ((cpuPct ?? 0) >= BUSY_PCT ? BOLD : ink.dim),
      least: 30,
    },
    {
      title: 'listens on',
      width: PORTS,
      align: left,
      text: ({ ports }) => (ports === null ? UNKNOWN : ports.map((port) => `:${port}`).join(' ')),
      style: () => ink.accent,
      least: 60,
    },
    { title: 'user', width: USER, align: left, text: ({ user }) => user ?? UNKNOWN, style: () => ink.dim, least: 80 },
  ]
  let x = 1
  const columns = all
    .filter(({ least }) => width >= least)
    .map((column): Column => {
      const at = x
      x += column.width + 2
      return { ...column, x: at }
    })
  return [
    ...columns,
    {
      title: 'command',
      x,
      width: Math.max(0, width - x - 1),
      align: (text, room) => left(clip(text, room), room),
      text: ({ command, others }) => (others ? `${others.length + 1} processes: ${command}` : command),
      style: plain,
    },
  ]
}
