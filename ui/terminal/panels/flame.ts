import type { PhaseModel, Profile } from '../../../audit/index.ts'
import { columnTotals, findPath, frameLabel, nodeName, pathOf } from '../../../audit/index.ts'
import type { Probe } from '../../../probes/index.ts'
import { type FlameRow, type FlameRun, flameCells } from '../../flame/cells.ts'
import { searchProfile } from '../../flame/search.ts'
import { formatWeight } from '../../flame/weight.ts'
import { clip, formatNs, formatPercent } from '../../text/format.ts'
import type { Brush } from '../cells.ts'
import { BOLD, INVERSE, ink, on, type Role, UNDERLINE } from '../palette.ts'
import type { Scene } from '../scene.ts'
import type { FlameState } from '../state.ts'
import { longParts } from '../tail.ts'

export const noFlame: FlameState = { root: [], selected: [] }

/** What of a profile is on the screen: its nodes are found again by their path, so a growing profile keeps its place. */
export interface FlameShown {
  profile: Profile
  column: string
  root: number
  selected: number
  /** weights are multiplied by this: per request where requests are known */
  scale: number
  perRequest: boolean
  /** of the selected frame: what part took at least so long, where the probe keeps lengths apart */
  long: readonly { leastNs: number; share: number }[]
}

export function flameShown(scene: Scene, probe: Probe, view: string, phase: PhaseModel | null): FlameShown | null {
  const profile = scene.profileOf(scene.model, probe.name, view)
  if (!profile || !phase || !profile.columns.includes(String(phase.id))) return null
  const place = scene.state.flames[probe.name] ?? noFlame
  const root = findPath(profile, place.root) ?? 0
  const requests = profile.unit === 'ns' ? (phase.load?.done ?? 0) : 0
  return {
    profile,
    column: String(phase.id),
    root,
    selected: findPath(profile, place.selected) ?? root,
    scale: requests > 0 ? 1 / requests : 1,
    perRequest: requests > 0,
    long: longParts(scene, probe, view, phase, place.selected),
  }
}

export const flameRows = (shown: FlameShown, width: number, height: number, search: string): FlameRow[] =>
  flameCells(shown.profile, { ...shown, width, height, search: search === '' ? null : search })

/** The flame graph, root on top, and under it one line on the selected frame. */
export function drawFlame(brush: Brush, shown: FlameShown, search: string): void {
  const height = brush.height - 1
  const rows = flameRows(shown, brush.width, height, search)
  const at = (x: number, y: number) => {
    const run = own(rows[y]).find((one) => x >= one.x && x < one.x + one.width)
    return run ? { place: { selected: pathOf(shown.profile, run.node) }, isSelected: run.selected } : null
  }
  brush.spot({ x: 0, y: 0, width: brush.width, height }, { kind: 'flame', at })
  rows.forEach((row, y) => {
    for (const run of row) brush.text(run.x, y, run.text, styleOf(run))
  })
  brush.text(1, height, details(shown, search, brush.width - 2), ink.accent)
}

const tinted: Readonly<Record<string, readonly Role[]>> = {
  user: ['user0', 'user1', 'user2'],
  kernel: ['kernel0', 'kernel1', 'kernel2'],
  jit: ['jit0', 'jit1', 'jit2'],
  unknown: ['unknown0', 'unknown1', 'unknown2'],
}

function styleOf(run: FlameRun): number {
  if (run.selected) return INVERSE | BOLD
  if (run.highlighted) return on('dark', 'highlight', BOLD | UNDERLINE)
  if (run.class === 'folded') return ink.faint
  const role = tinted[run.class]?.[run.tint]
  return role ? on('dark', role) : on('plain', 'root', BOLD)
}

/**
 * `2.90 ms per request   self 0   71.0 % of all   futex_wait   … › serve › cache_get`: the numbers, the name, and the
 * callers as far as there is room, from the nearest; with a search first what part of the whole matches.
 */
function details(
  { profile, column, root, selected, scale, perRequest, long }: FlameShown,
  search: string,
  width: number,
): string {
  const totals = columnTotals(profile, column)
  const value = totals[selected] ?? 0
  const share = (of: number) => formatPercent(of > 0 ? (value / of) * 100 : null)
  const self = profile.self[profile.columns.indexOf(column)]?.[selected] ?? 0
  const parts = [
    `${formatWeight(value * scale, profile.unit)}${perRequest ? ' per request' : ''}`,
    `self ${formatWeight(self * scale, profile.unit)}`,
    `${share(totals[0] ?? 0)} of all`,
  ]
  if (root > 0) parts.push(`${share(totals[root] ?? 0)} of ${frameLabel(nodeName(profile, root))}`)
  // The longest that there are: shorter ones hold them too.
  const longest = long.findLast(({ share: part }) => part >= 0.01)
  if (longest) parts.push(`${formatPercent(longest.share * 100)} in waits ≥${formatNs(longest.leastNs)}`)
  if (search !== '') {
    const found = searchProfile(profile, { column }, search)
    parts.unshift(`/${search}: ${found.nodes.length} frames, ${formatPercent(found.share * 100)}`)
  }
  const path = selected === 0 ? ['all'] : pathOf(profile, selected).map(frameLabel)
  parts.push(path.at(-1) ?? '')
  const line = clip(parts.join('   '), width)
  const callers = callersWithin(path.slice(0, -1), width - line.length - 3)
  return callers === '' ? line : `${line}   ${callers}`
}

/** As many callers as fit, the nearest last; `…` stands for the others. */
function callersWithin(callers: readonly string[], width: number): string {
  for (let from = 0; from < callers.length; from++) {
    const text = [...(from > 0 ? ['…'] : []), ...callers.slice(from)].join(' › ')
    if (text.length <= width) return text
  }
  return ''
}

type Direction = 'up' | 'down' | 'left' | 'right'

/** The place after a step: up and down between callers and callees, left and right along a row. */
export function stepInFlame(shown: FlameShown, rows: readonly FlameRow[], towards: Direction): readonly string[] {
  const { profile, selected } = shown
  const y = rows.findIndex((row) => row.some((run) => run.node === selected && run.class !== 'folded'))
  const row = rows[y]
  const at = row?.find((run) => run.node === selected && run.class !== 'folded')
  if (!row || !at) return pathOf(profile, shown.root)
  const next = {
    up: () => own(rows[y - 1]).find((run) => run.x <= at.x && run.x + run.width > at.x),
    // The widest callee, not the leftmost: the way down is the way of the time.
    down: () =>
      own(rows[y + 1])
        .filter((run) => run.x >= at.x && run.x < at.x + at.width)
        .sort((a, b) => b.width - a.width)[0],
    left: () => own(row).findLast((run) => run.x < at.x),
    right: () => own(row).find((run) => run.x > at.x),
  }[towards]()
  return pathOf(profile, next ? next.node : selected)
}

const own = (row: FlameRow | undefined): FlameRun[] => (row ?? []).filter((run) => run.class !== 'folded')

/** The place of the next frame that matches the search, in reading order, round the end; `null` when none does. */
export function nextMatch(shown: FlameShown, rows: readonly FlameRow[], step: 1 | -1): readonly string[] | null {
  const matches = rows.flatMap((row) => row.filter((run) => run.highlighted))
  if (matches.length === 0) return null
  const at = matches.findIndex((run) => run.node === shown.selected)
  const next = matches.at(at < 0 ? (step === 1 ? 0 : -1) : (at + step) % matches.length)
  return next ? pathOf(shown.profile, next.node) : null
}
