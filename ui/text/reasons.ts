import type { PhaseModel, RunModel } from '../../audit/index.ts'
import { kernelStandOuts } from './kernel-rows.ts'
import type { Catalog } from './reading.ts'
import { ranked, type StandOut, standOutsOf } from './stand-outs.ts'

/** What goes with a phase's being worse, and one place on the screen that shows it. Never said to be the cause. */
export interface Reason extends StandOut {
  /** what else stands out at the same place, the telling first */
  also: readonly StandOut[]
}

/** What counts the same by another name, or adds it up, is no news beside the reason. */
const addsSomething = new Set<StandOut['weight']>(['wait', 'mean', 'work', 'fault'])

/**
 * Why a phase is worse than another, as far as it was measured: what stands out, the telling first, one for each place
 * that shows it. A wait too short to be felt is none. Kept until the model changes.
 */
export function reasonsOf(model: RunModel, catalog: Catalog, phase: PhaseModel, base: PhaseModel): Reason[] {
  const kept = known.get(model)
  const own = kept?.revision === model.revision ? kept.of : new Map<string, Reason[]>()
  if (own !== kept?.of) known.set(model, { revision: model.revision, of: own })
  const pair = `${phase.id} ${base.id}`
  const reasons = own.get(pair) ?? find(model, catalog, phase, base)
  own.set(pair, reasons)
  return reasons
}

const known = new WeakMap<RunModel, { revision: number; of: Map<string, Reason[]> }>()

function find(model: RunModel, catalog: Catalog, phase: PhaseModel, base: PhaseModel): Reason[] {
  const [drops, others] = split(standOutsOf(model, catalog, phase, base), ({ weight }) => weight === 'drop')
  const all = [...drops, ...ranked([...others, ...kernelStandOuts(model, phase, base)])]
  const places = new Map<string, StandOut[]>()
  for (const found of all) {
    if (found.weight === 'trifle') continue
    const place = JSON.stringify(found.at)
    places.set(place, [...(places.get(place) ?? []), found])
  }
  return [...places.values()].flatMap(([first, ...rest]) =>
    first ? [{ ...first, also: rest.filter(({ weight }) => addsSomething.has(weight)) }] : [],
  )
}

const split = <T>(all: readonly T[], isFirst: (one: T) => boolean): [T[], T[]] => [
  all.filter(isFirst),
  all.filter((one) => !isFirst(one)),
]
