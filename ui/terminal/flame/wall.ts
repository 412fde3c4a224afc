import { type Profile, type ProfileOf, type RunModel, wallOf } from '../../../audit/index.ts'
import { WALL } from './stacks-tab.ts'

const known = new WeakMap<RunModel, { of: string; busy: Profile | null }>()

/** Also answers for the wall clock, which is made again only when there are new stacks. */
export const withWall =
  (profileOf: ProfileOf): ProfileOf =>
  (model, probe, view) => {
    if (probe !== WALL) return profileOf(model, probe, view)
    const parts = [profileOf(model, 'on-cpu'), ...VIEWS.map((name) => profileOf(model, 'off-cpu', name))]
    const of = parts.map((part) => part?.revision ?? -1).join(' ')
    const before = known.get(model)
    if (before?.of === of) return before.busy
    const busy = wallOf(model)?.busy ?? null
    known.set(model, { of, busy })
    return busy
  }

const VIEWS = ['blocked', 'runnable', 'unknown', 'waiting'] as const
