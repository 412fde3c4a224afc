import type { RunModel } from '../../../audit/index.ts'
import type { Tab } from '../state.ts'

/** Stacks that are no probe's: `profileOf` of a scene knows them by these names. */
export const WALL = 'wall'
export const FILE = 'file'

/** Phases of this kind stand for the columns of a file of stacks; nothing else is known of them. */
export const FILE_KIND = 'stacks of a file'

/** A model of a file of stacks (see file.ts): there is no run, and nothing but a flame graph to show. */
export const isStackFile = ({ phases }: RunModel): boolean =>
  phases.length > 0 && phases.every(({ kind }) => kind === FILE_KIND)

/** The tabs that are flame graphs and nothing else. */
export function stacksTabs(model: RunModel): Tab[] {
  if (isStackFile(model)) return [{ kind: 'stacks', title: 'Stacks', name: FILE, question: 'Where is it spent?' }]
  const question = 'Where was the time of threads that had work?'
  return hasWall(model) ? [{ kind: 'stacks', title: 'Wall', name: WALL, question }] : []
}

/** Whether both kinds of stacks are recorded that a wall clock is made of. */
function hasWall(model: RunModel): boolean {
  const isRecorded = (name: string): boolean =>
    model.header?.probes.some((probe) => probe.name === name) === true ||
    model.phases.some(({ probes }) => probes.has(name))
  return isRecorded('on-cpu') && isRecorded('off-cpu')
}
