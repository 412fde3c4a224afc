import { bindingOf, bindings, placesOf } from './bindings/all.ts'
import type { Context, Update } from './bindings/binding.ts'
import { inTime, pinnedOrNot } from './bindings/brush.ts'
import { exportsOf } from './export.ts'
import { rank } from './fuzzy.ts'
import { lanesOf } from './lanes.ts'
import { overviewViews } from './panels/overview.ts'
import type { Scene } from './scene.ts'
import { phaseShown, type ScreenState, type Tab, tabsOf, viewsOf } from './state.ts'

/** Something that the palette can do. */
export interface Command {
  /** what is typed to find it, and what is shown */
  text: string
  /** at the right: what it does, or the key that does it too */
  note: string
  run: (context: Context) => Update
}

/** A command that wants a word of the reader's own after its name. */
interface Asking {
  word: string
  takes: string
  note: string
  applies: (scene: Scene) => boolean
  run: (context: Context, answer: string) => Update
}

const asking: readonly Asking[] = [
  {
    word: 'mark',
    takes: 'NAME',
    note: 'begin a phase of this name',
    applies: ({ live, model }) => live && !model.end,
    run: ({ state }, label) => ({ state, effect: { do: 'mark', label } }),
  },
]

/** What the palette offers for what was typed, best first. All of it is made from the tables of the screen. */
export function commandsFor(scene: Scene, query: string): Command[] {
  const typed = query.trimStart()
  const open = asking.filter(({ applies }) => applies(scene))
  const answered = open.flatMap(({ word, note, run }): Command[] => {
    const answer = typed.startsWith(`${word} `) ? typed.slice(word.length).trim() : ''
    return answer === '' ? [] : [{ text: `${word} ${answer}`, note, run: (context) => run(context, answer) }]
  })
  const unanswered = open.map(
    ({ word, takes, note }): Command => ({
      text: `${word} ${takes}`,
      note,
      run: ({ state }) => ({ state: asked(state, `${word} `) }),
    }),
  )
  const all = [
    ...exportCommands(scene),
    ...placeCommands(scene),
    ...unanswered,
    ...laneCommands(scene),
    ...keyCommands(scene),
  ]
  return [...answered, ...rank(typed.replace(/^:/, ''), all, ({ text }) => text)]
}

/** The palette with this in it. */
export const asked = (state: ScreenState, text: string): ScreenState => ({
  ...state,
  prompt: { kind: 'command', text },
  hands: { ...state.hands, chosen: 0 },
})

const exportCommands = (scene: Scene): Command[] =>
  exportsOf(scene).map(({ word, does, kind }) => ({
    text: `export ${word}`,
    note: does,
    run: ({ state }) => ({ state, effect: { do: 'export', kind } }),
  }))

const going = (text: string, note: string, next: (state: ScreenState) => ScreenState): Command => ({
  text,
  note,
  run: (context) => ({ state: next(context.state) }),
})

/** Which lanes stand on the screen. */
function laneCommands(scene: Scene): Command[] {
  const lanes = lanesOf(scene)
  if (lanes.length === 0) return []
  const { pinned } = scene.state.time
  return [
    ...(['two', 'all', 'none'] as const).map((word) =>
      going(`lanes ${word}`, 'L', (now) => inTime(now, { lanes: word })),
    ),
    ...lanes.map(({ key, label }) =>
      pinned.includes(key)
        ? going(`unpin ${label}`, 'lets the lane go', (now) => pinnedOrNot(now, key))
        : going(`pin ${label}`, 'the lane stays on every tab', (now) => pinnedOrNot(now, key)),
    ),
  ]
}

/** Where one can go: tabs, views of the tab, phases, and marks that began none. */
function placeCommands(scene: Scene): Command[] {
  const { model, catalog, state } = scene
  const tabs = tabsOf(model, catalog)
  const toPhase = (id: number | null) => (now: ScreenState) => ({ ...now, phaseId: id })
  return [
    ...tabs.map(({ title }, at) => going(`tab ${title}`, String(at + 1), (now) => ({ ...now, tab: at }))),
    ...viewCommands(scene, tabs[state.tab]),
    ...model.phases.map(({ id, name }) => going(`phase ${name}`, 'p', toPhase(id))),
    going('phase follow', 'the one that runs', toPhase(null)),
    ...model.notes.flatMap(({ kind, text, tUs }) => {
      const at = model.phases.findLast(({ startUs }) => startUs <= tUs)
      return kind === 'mark' && at ? [going(`mark ${text}`, `its phase: ${at.name}`, toPhase(at.id))] : []
    }),
  ]
}

function viewCommands(scene: Scene, tab: Tab | undefined): Command[] {
  const { model, state } = scene
  const of = (place: string, views: readonly { name: string; title: string }[]) =>
    views.map(({ name, title }) =>
      going(`view ${title}`, 'v', (now) => ({ ...now, views: { ...now.views, [place]: name } })),
    )
  if (tab?.kind === 'probe') return of(tab.probe.name, viewsOf(tab.probe, phaseShown(model, state)))
  // What needs more columns than there are is shown once there are.
  return tab?.kind === 'overview' ? of('overview', overviewViews(scene, Number.POSITIVE_INFINITY).all) : []
}

/** Keys by what the help says of them, where they mean something now; a key that something nearer has taken is not named. */
function keyCommands(scene: Scene): Command[] {
  const places = placesOf(scene)
  return bindings.flatMap((binding) => {
    const { help, keys, where, applies, listed, act } = binding
    if (!help || listed === false || !places.includes(where) || !(applies?.(scene) ?? true)) return []
    const isItsKey = bindingOf(keys[0] ?? '', places) === binding
    return [{ text: help.does, note: isItsKey ? help.keys : '', run: act }]
  })
}
