import { formatNamed } from '../../audit/index.ts'
import { safeName } from '../../files/index.ts'
import type { Probe } from '../../probes/index.ts'
import { csvText } from '../text/csv.ts'
import { distributionCsv, overTimeCsv } from '../text/distribution-csv.ts'
import { figuresCsv } from '../text/figures-csv.ts'
import { logText } from '../text/log.ts'
import { histogramsOf, probesOf } from '../text/reading.ts'
import { systemCsv } from '../text/system-rows.ts'
import type { ExportKind } from './export.ts'
import { stacksSeen } from './flame/picture.ts'
import { type OverTime, probeOverTime } from './panels/heat.ts'
import { overviewViews } from './panels/overview.ts'
import { tableSeen } from './panels/table-seen.ts'
import type { Scene } from './scene.ts'
import { phaseShown, tabsOf, viewShown } from './state.ts'
import { runPhases } from './time-axis.ts'

/** A file to be written: a name without folder, made of letters, digits, `-` and `.` only, and what goes into it. */
export interface Document {
  name: string
  pieces: Iterable<string | Uint8Array>
}

type Made = Document | null | Promise<Document | null>

const makers: Readonly<Record<ExportKind, (scene: Scene) => Made>> = {
  flame: async (scene) => {
    const seen = stacksSeen(scene, tabOf(scene))
    if (!seen) return null
    const { flameSvg } = await import('../flame/svg.ts')
    const { profile, options } = seen.picture
    return {
      name: fileName([...seen.words.stacks, ...seen.words.against], '.svg'),
      pieces: [flameSvg(profile, options)],
    }
  },
  folded: (scene) => {
    const seen = stacksSeen(scene, tabOf(scene))
    if (!seen) return null
    const { profile, options, value } = seen.folded
    const pieces = formatNamed('folded').write?.(profile, { ...options, value }) ?? []
    return { name: fileName(seen.words.stacks, '.folded'), pieces }
  },
  timeline: async ({ model, catalog }) => {
    const { timelineSvg } = await import('../chart/timeline.ts')
    return { name: 'timeline.svg', pieces: [timelineSvg({ ...model, phases: runPhases(model) }, catalog)] }
  },
  figures: (scene) => {
    const { model, catalog } = scene
    const probe = probeOf(scene)
    const pieces = [figuresCsv(model, probe ? [probe] : probesOf(model, catalog), { withLoad: probe === null })]
    return { name: fileName([probe?.name ?? '', 'figures'], '.csv'), pieces }
  },
  table: (scene) => {
    const probe = probeOf(scene)
    const phase = phaseShown(scene.model, scene.state)
    const seen = probe && tableSeen(scene, probe)
    if (!seen || !phase) return null
    // As numbers: the unit stands in the column's title.
    const titles = seen.columns.map(({ label, unit }) =>
      unit === 'text' || unit === 'count' ? label : `${label} [${unit}]`,
    )
    const rows = seen.rows.map((row) => seen.columns.map(({ key }) => row[key] ?? null))
    return { name: fileName([probe.name, phase.name], '.csv'), pieces: [csvText([titles, ...rows])] }
  },
  distribution: (scene) => {
    const seen = histogramSeen(scene)
    return (
      seen && {
        name: fileName([seen.probe.name, seen.label, 'distribution'], '.csv'),
        pieces: [distributionCsv(scene.model, seen.probe, seen.label)],
      }
    )
  },
  heat: (scene) => {
    const seen = heatSeen(scene)
    return (
      seen && {
        name: fileName([...seen.words, 'over-time'], '.csv'),
        pieces: [overTimeCsv(runPhases(scene.model), seen.what.read(scene.model))],
      }
    )
  },
  system: ({ model }) => ({ name: 'system.csv', pieces: [systemCsv(model)] }),
  log: ({ model }) => ({ name: 'log.txt', pieces: [logText(model)] }),
}

/** Makes a file of what is seen; null when that has gone meanwhile. */
export async function documentOf(scene: Scene, kind: ExportKind): Promise<Document | null> {
  return makers[kind](scene)
}

const tabOf = ({ model, catalog, state }: Scene) => tabsOf(model, catalog)[state.tab]

function probeOf(scene: Scene): Probe | null {
  const tab = tabOf(scene)
  return tab?.kind === 'probe' ? tab.probe : null
}

function histogramSeen(scene: Scene): { probe: Probe; label: string } | null {
  const probe = probeOf(scene)
  const phase = phaseShown(scene.model, scene.state)
  const view = probe && viewShown(probe, phase, scene.state)
  const shown = view && view.kind !== 'flame' ? histogramsOf(probe, phase)[view.histogram] : undefined
  return probe && shown ? { probe, label: shown.label } : null
}

function heatSeen(scene: Scene): { what: OverTime; words: string[] } | null {
  const tab = tabOf(scene)
  const overview = tab?.kind === 'overview' ? overviewViews(scene).shown : null
  if (overview?.kind === 'heat') return { what: overview.what, words: ['response'] }
  const seen = histogramSeen(scene)
  return seen && { what: probeOverTime(seen.probe, seen.label), words: [seen.probe.name, seen.label] }
}

/** Phases are named by users, and marks by anybody: of a name only what is safe in every folder is kept. */
export function fileName(parts: readonly string[], ending: string): string {
  const words = parts.map((part) =>
    safeName(part.toLowerCase().replace(/[._]+/g, '-'), { otherwise: '', longest: LONGEST_WORD }),
  )
  const name = words.filter((word) => word !== '').join('-')
  return `${safeName(name, { otherwise: 'probe', longest: LONGEST })}${ending}`
}

const LONGEST_WORD = 40
/** With the ending and a number it stays a name that every file system takes. */
const LONGEST = 180
