import {
  createRunModel,
  type PhaseModel,
  type Profile,
  type ProfileOf,
  pathOf,
  type RunModel,
} from '../../../audit/index.ts'
import type { RunFlame } from '../../flame/of-run.ts'
import type { PictureStart } from '../../flame/start.ts'
import type { ScreenState } from '../state.ts'
import { type FlameState, noFlame, type Shape, withShape } from './shape.ts'
import { FILE, FILE_KIND } from './stacks-tab.ts'

/** What a screen needs to show a file of stacks: a model whose phases stand for its columns, and nothing else. */
export interface StackFile {
  model: RunModel
  profileOf: ProfileOf
  start: Partial<ScreenState>
}

/** A file of stacks as a screen sees it; `shapes` is done to them at first. */
export function stackFile({ profile, options }: RunFlame, shapes: readonly Shape[] = []): StackFile {
  const model = createRunModel(new Map())
  const columns = options.columns.length > 0 ? options.columns : [{ key: 'all', label: 'all' }]
  const idOf = (key: string): number => columns.findIndex((column) => column.key === key)
  model.phases = columns.map((column, id) => phaseOf(column, id))
  model.current = model.phases[0] ?? null
  for (const text of options.lines) model.notes.push({ tUs: 0, text, kind: 'note' })
  const shown: Profile = { ...profile, columns: profile.columns.map((key) => String(idOf(key))) }
  const { view } = options
  return {
    model,
    profileOf: (_, name) => (name === FILE ? shown : null),
    start: {
      ...('column' in view
        ? { phaseId: phaseId(idOf(view.column)) }
        : { phaseId: phaseId(idOf(view.candidate)), compare: phaseId(idOf(view.base)) }),
      flame: { unit: null, isFlame: options.invert ?? false },
      search: options.start?.search ?? '',
      flames: { [FILE]: placeAtFirst(profile, options.start ?? {}, shapes) },
    },
  }
}

/** As the picture was looked at that these are the stacks of. */
function placeAtFirst(profile: Profile, { of, node = 0 }: PictureStart, shapes: readonly Shape[]): FlameState {
  const path = pathOf(profile, node)
  const start: FlameState = { root: path, selected: path, ...(shapes.length > 0 ? { shapes } : {}) }
  return of === undefined ? start : withShape(start, { kind: 'sandwich', name: of, from: noFlame })
}

const phaseId = (index: number): number | null => (index < 0 ? null : index)

function phaseOf({ label, divide }: RunFlame['options']['columns'][number], id: number): PhaseModel {
  return {
    id,
    name: label,
    kind: FILE_KIND,
    startUs: 0,
    endUs: 0,
    probes: new Map(),
    load: divide?.per === 'request' ? loadOf(divide.by) : null,
    telemetry: new Map(),
    loss: {},
  }
}

/** Of the load of a picture's phase nothing is kept but how many requests there were. */
const loadOf = (done: number): PhaseModel['load'] => ({
  targetRps: null,
  planned: null,
  sent: done,
  done,
  errors: {},
  inFlight: null,
  queued: null,
  startUs: 0,
  endUs: 0,
  response: null,
  service: null,
  sendLag: null,
  generatorCpuUs: null,
  history: [],
})
