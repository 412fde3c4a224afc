import { columnTotals, frameLabel, functionsOf, type PhaseModel } from '../../audit/index.ts'
import { type Probe, percentile } from '../../probes/index.ts'
import { formatWeight } from '../flame/weight.ts'
import {
  formatClock,
  formatFigure,
  formatMs,
  formatNs,
  formatPercent,
  formatRate,
  formatRatio,
  formatUnit,
} from '../text/format.ts'
import { phaseRows } from '../text/phases.ts'
import {
  baselineOf,
  errorPct,
  figuresOf,
  histogramsOf,
  lossCount,
  lossOfRun,
  placeInPlan,
  rpsOf,
  tableRowsOf,
  targetName,
} from '../text/reading.ts'
import { remarkOf, worstText } from '../text/remark.ts'
import { WORSE } from '../text/stand-outs.ts'
import { systemRows } from '../text/system-rows.ts'
import { worstOf } from '../text/worst.ts'
import type { Scene } from './scene.ts'
import { phaseShown, type Tab, tabsOf } from './state.ts'

/** So many of a list are read out. */
const MOST = 5
const LOG_LINES = 10

export interface ReaderKey {
  key: string
  does: string
  /** index of the tab it reads; null: it is no tab's */
  tab: number | null
}

/** One letter for each tab, the first of its name that is free, and those that are not about a tab. */
export function readerKeys(scene: Scene): ReaderKey[] {
  const taken = new Set(['q', 'p', '?', 'z'])
  const tabs = tabsOf(scene.model, scene.catalog).map(({ title }, tab): ReaderKey | null => {
    const key = [...`${title}${'abcdefghijklmnorstuvwxy'}`.toLowerCase()].find((c) => /[a-z]/.test(c) && !taken.has(c))
    if (key === undefined) return null
    taken.add(key)
    return { key, does: title, tab }
  })
  return [
    ...tabs.filter((key) => key !== null),
    { key: 'p', does: 'next phase', tab: null },
    { key: 'z', does: 'silence, and back', tab: null },
    { key: '?', does: 'these keys', tab: null },
    { key: 'q', does: 'quit', tab: null },
  ]
}

export const keysLine = (scene: Scene): string =>
  `keys: ${readerKeys(scene)
    .map(({ key, does }) => `${key} ${does}`)
    .join(', ')}`

/** What is to be said by itself: where the run is, and what stands out. No line is longer than it must be. */
export function newsLines(scene: Scene): string[] {
  const { model, catalog, state } = scene
  const phase = phaseShown(model, state)
  if (!phase) return ['waiting for the first window']
  const { tone, texts } = remarkOf(model, catalog, phase)
  const worst = worstOf(model, catalog)
  // What is no alarm names the worst phase itself.
  const other = tone === 'worse' && worst && worst.phase !== phase ? worstText(model, catalog) : null
  return [whereLine(scene, phase), ...texts.slice(0, 1), ...(other ? [other] : [])]
}

function whereLine({ model, live }: Scene, phase: PhaseModel): string {
  const { index, of, durationUs } = placeInPlan(model, phase)
  const latest = live && phase.endUs === null ? phase.load?.history.at(-1) : undefined
  const elapsedUs = (phase.endUs ?? model.nowUs) - phase.startUs
  const lost = lossCount(lossOfRun(model))
  const parts = [
    targetName(model),
    `phase ${phase.name}, ${index} of ${of}`,
    `${formatClock(elapsedUs)}${durationUs === null ? '' : ` of ${formatClock(durationUs)}`}`,
    phase.load && `requests ${formatRate(latest?.rps ?? rpsOf(phase))}`,
    phase.load && `p99 ${formatMs(latest?.p99Ms ?? phase.load.response?.p99)}`,
    phase.load && `errors ${formatPercent(errorPct(phase))}`,
    lost > 0 && `lost ${lost}, sums are a lower bound`,
    model.end && `ended: ${model.end.reason.replaceAll('_', ' ')}`,
  ]
  return parts.filter((part) => typeof part === 'string').join('; ')
}

/** A tab in lines: the most important first, a number with its name, no columns. */
export function tabLines(scene: Scene, tab: Tab): string[] {
  const phase = phaseShown(scene.model, scene.state)
  if (!phase) return ['waiting for the first window']
  switch (tab.kind) {
    case 'overview':
      return [...newsLines(scene), ...overviewLines(scene, phase)]
    case 'probe':
      return [`${tab.probe.question} In ${phase.name}:`, ...probeLines(scene, tab.probe, phase)]
    case 'system':
      return [`System, in ${phase.name}:`, ...systemLines(scene, phase)]
    case 'log':
      return logLines(scene)
    default:
      return newsLines(scene)
  }
}

function overviewLines({ model, catalog }: Scene, phase: PhaseModel): string[] {
  return phaseRows(model, catalog).flatMap((row) => {
    const { text, ratio } = row.cell(phase)
    return text === '–' ? [] : [`${row.label.trim()}: ${text}${times(ratio, baselineOf(model, phase))}`]
  })
}

const times = (ratio: number | null, baseline: PhaseModel | null): string =>
  ratio === null || ratio < WORSE || !baseline
    ? ''
    : Number.isFinite(ratio)
      ? `, ${formatRatio(ratio).slice(1)} times worse than ${baseline.name}`
      : `, none in ${baseline.name}`

function probeLines(scene: Scene, probe: Probe, phase: PhaseModel): string[] {
  const lines = figuresOf(probe, phase).map((figure) => `${figure.label}: ${formatFigure(figure)}`)
  for (const { label, histogram } of histogramsOf(probe, phase))
    if (histogram.count > 0)
      lines.push(
        `${label}: p50 ${formatNs(percentile(histogram, 0.5))}, p99 ${formatNs(percentile(histogram, 0.99))}, max ${formatNs(histogram.max)}`,
      )
  lines.push(...tableLines(probe, phase), ...stackLines(scene, probe, phase))
  return lines.length > 0 ? lines : ['nothing seen']
}

function tableLines(probe: Probe, phase: PhaseModel): string[] {
  const { columns } = probe.draw.table ?? { columns: [] }
  return tableRowsOf(probe, phase)
    .slice(0, MOST)
    .map((row) =>
      columns
        .flatMap(({ key, label, unit }, i) => {
          const value = row[key] ?? null
          if (value === null) return []
          const text = typeof value === 'number' && unit !== 'text' ? formatUnit(value, unit) : String(value)
          return [i === 0 ? text : `${label} ${text}`]
        })
        .join(', '),
    )
}

/** The functions in which most of the weight stands. */
function stackLines({ model, profileOf }: Scene, probe: Probe, phase: PhaseModel): string[] {
  return (probe.draw.flame?.views ?? []).flatMap(({ name, title }) => {
    const profile = profileOf(model, probe.name, name)
    const column = profile?.columns.indexOf(String(phase.id)) ?? -1
    const self = profile?.self[column]
    if (!profile || !self) return []
    const all = columnTotals(profile, String(phase.id))[0] ?? 0
    if (all <= 0) return []
    const functions = functionsOf(profile)
    const sums = functions.self(self)
    const top = functions.names
      .map((name, id) => ({ name, weight: sums[id] ?? 0 }))
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight)
      .slice(0, MOST)
      .map(({ name, weight }) => `${frameLabel(name)} ${formatPercent((weight / all) * 100)}`)
    return [`${title}: ${formatWeight(all, profile.unit)}, most in ${top.join(', ')}`]
  })
}

function systemLines({ model }: Scene, phase: PhaseModel): string[] {
  const baseline = baselineOf(model, phase)
  const moved = systemRows(model).rows.filter((row) => row.isFault(phase) || (row.worse(phase) ?? 0) >= WORSE)
  if (moved.length === 0) return ['nothing got worse']
  return moved.slice(0, 3 * MOST).map((row) => `${row.label}: ${row.text(phase)}${times(row.worse(phase), baseline)}`)
}

function logLines({ model }: Scene): string[] {
  const lines = model.notes.slice(-LOG_LINES).map(({ tUs, kind, text }) => `${formatClock(tUs)} ${kind} ${text}`)
  return lines.length > 0 ? lines : ['no notes']
}
