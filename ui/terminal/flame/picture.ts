import { basename } from 'node:path'
import { filter, findPath, type PhaseModel, type Profile, pathOf, under } from '../../../audit/index.ts'
import { columnOf, flameOfRun, type RunFlame } from '../../flame/of-run.ts'
import type { PictureStart } from '../../flame/start.ts'
import { wallFlameOfRun } from '../../flame/wall-of-run.ts'
import { comparedWith } from '../compare.ts'
import type { Scene } from '../scene.ts'
import { phaseShown, type Tab, viewShown } from '../state.ts'
import { doneWords, type Shape, shaped } from './shape.ts'
import { type FlameShown, flameOfScene } from './shown.ts'
import { FILE } from './stacks-tab.ts'
import type { FlameUnit } from './unit.ts'

/** What is seen of stacks, for files: a picture, and its stacks as they are for other tools. */
export interface SeenStacks {
  picture: RunFlame
  /** the stacks that are in sight, of the phase that is shown */
  folded: RunFlame
  /** for the files' names */
  words: { stacks: string[]; against: string[] }
}

/**
 * The flame graph in sight with all that the reader did to it: stacks are reshaped for good, and the head says so; zoom,
 * sandwich, search and unit are where the viewer begins. null where there is none.
 */
export function stacksSeen(scene: Scene, tab: Tab | undefined): SeenStacks | null {
  const { model, state } = scene
  const phase = phaseShown(model, state)
  const shown = flameOfScene(scene, tab)
  const run = phase && runFlame(scene, tab, phase)
  if (!phase || !shown || !run) return null
  const shapes = shown.place.shapes ?? []
  const sandwich = shapes.find((shape) => shape.kind === 'sandwich')
  const lasting = shapes.filter((shape) => shape !== sandwich)
  const { profile } = shaped(shown.whole, lasting)
  const zoomed = sandwich ? 0 : (findPath(profile, pathOf(shown.tree.profile, shown.tree.root)) ?? 0)
  const done = lasting.map(doneWords)
  const base = comparedWith(model, state, phase)
  const columns = run.options.columns.map((column) => dividedBy(shown.unit, column, model.phases, shown))
  const start: PictureStart = {
    // What a column is divided by is told first anyway.
    ...(shown.unit === 'share' || shown.unit === 'total' ? { unit: shown.unit } : {}),
    ...(sandwich ? { of: sandwich.name } : {}),
    ...(zoomed > 0 ? { node: zoomed } : {}),
    ...(state.search === '' ? {} : { search: state.search }),
  }
  const options: RunFlame['options'] = {
    ...run.options,
    lines: [...(done.length > 0 ? [`shown: ${done.join(', ')}`] : []), ...run.options.lines],
    columns,
    invert: shown.isFlame,
    ...(shapes.some(({ kind }) => kind === 'only') ? { whole: 'what is shown' } : {}),
    ...(Object.keys(start).length > 0 ? { start } : {}),
  }
  const key = String(phase.id)
  return {
    picture: { ...run, profile, options },
    folded: {
      ...run,
      profile: inSight(profile, sandwich, zoomed),
      options: { ...options, columns: options.columns.filter((column) => column.key === key) },
    },
    words: {
      stacks: [...stacksWords(scene, tab), phase.name, ...shapes.slice(0, NAMED).map(fileWord)],
      against: base ? ['against', base.name] : [],
    },
  }
}

/** The same stacks before anything was done to them, with what a picture says of them. */
function runFlame(scene: Scene, tab: Tab | undefined, phase: PhaseModel): RunFlame | null {
  const { model, profileOf, state } = scene
  const base = comparedWith(model, state, phase)
  const show = base ? { base, candidate: phase } : { phase }
  if (tab?.kind === 'probe') {
    const view = viewShown(tab.probe, phase, state)
    return view && flameOfRun(model, { probe: tab.probe, view: view.name.slice('flame:'.length), show }, profileOf)
  }
  if (tab?.kind !== 'stacks') return null
  return tab.name === FILE ? fileFlame(scene, show) : wallFlameOfRun(model, show, profileOf)
}

/** Of a file its columns are phases, and its facts notes (file.ts). */
function fileFlame(
  { model, profileOf, title }: Scene,
  show: { phase: PhaseModel } | { base: PhaseModel; candidate: PhaseModel },
): RunFlame | null {
  const profile = profileOf(model, FILE, FILE)
  const key = ({ id }: PhaseModel) => String(id)
  return (
    profile && {
      profile,
      value: profile.unit === 'ns' ? 'time' : 'count',
      options: {
        title: basename(title),
        lines: model.notes.map(({ text }) => text),
        columns: model.phases.map((phase) => {
          // Nothing of the time is known, so nothing is said of it.
          const { facts: _, ...column } = columnOf(model, phase, '')
          return column
        }),
        view: 'phase' in show ? { column: key(show.phase) } : { base: key(show.base), candidate: key(show.candidate) },
      },
    }
  )
}

type Column = RunFlame['options']['columns'][number]

/** A column's weights per second where that is what is seen; per request they are already. */
function dividedBy(unit: FlameUnit, column: Column, phases: readonly PhaseModel[], { exposureOf }: FlameShown): Column {
  const phase = phases.find(({ id }) => String(id) === column.key)
  if (unit !== 'second' || !phase) return column
  const { divide: _, ...rest } = column
  const { seconds } = exposureOf(phase)
  return seconds === null ? rest : { ...rest, divide: { by: seconds, per: 'second' } }
}

/** Stacks with their callers: those through a sandwich's function, or through what is zoomed to. */
function inSight(profile: Profile, sandwich: (Shape & { kind: 'sandwich' }) | undefined, zoomed: number): Profile {
  if (sandwich) return filter(profile, 'through', (name) => name === sandwich.name)
  return zoomed > 0 ? under(profile, zoomed) : profile
}

function stacksWords({ model, state, title }: Scene, tab: Tab | undefined): string[] {
  if (tab?.kind === 'stacks') return [tab.name === FILE ? basename(title).replace(/\.[a-z.]*$/i, '') : tab.name]
  if (tab?.kind !== 'probe') return []
  const view = viewShown(tab.probe, phaseShown(model, state), state)?.name.slice('flame:'.length)
  return [tab.probe.name, ...(view === undefined || view === tab.probe.name ? [] : [view])]
}

/** So many of the things that were done to stacks stand in the name; the head says all. */
const NAMED = 2

function fileWord(shape: Shape): string {
  const verb = { hide: 'without', only: 'through', sandwich: 'around', collapse: 'collapsed', reverse: 'reversed' }
  return 'name' in shape ? `${verb[shape.kind]} ${shape.name}` : verb[shape.kind]
}
