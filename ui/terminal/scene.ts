import type { Profile, ProfileOf, RunModel } from '../../audit/index.ts'
import type { Catalog } from '../text/reading.ts'
import { FILE, WALL } from './flame/stacks-tab.ts'
import type { Shelf } from './overlay.ts'
import type { ScreenState } from './state.ts'

/** What a panel draws from. A panel is a pure function (scene, brush): the same scene gives the same cells. */
export interface Scene {
  model: RunModel
  catalog: Catalog
  profileOf: ProfileOf
  state: ScreenState
  /** false: a recording is replayed */
  live: boolean
  /** what is looked at, e.g. the recording's file name */
  title: string
  /** spans that were selected, which are among the model's phases, and what is being done for another */
  shelf?: Shelf
  /** what is asked before the reader quits; without it quitting ends nothing but the screen */
  leaving?: string | undefined
  /** share of the recording that has been read so far; null when all of it is there */
  readShare?: number | null
}

export type Source = Pick<Scene, 'model' | 'profileOf'>

/** A copy of what is known now, which does not change while the run goes on. */
export function freeze({ model, profileOf }: Source, catalog: Catalog): Source {
  const { frames, ...rest } = model
  const still: RunModel = { ...structuredClone(rest), frames }
  const profiles = new Map<string, Profile | null>()
  for (const probe of catalog.values())
    for (const view of probe.draw.flame?.views ?? []) {
      const profile = profileOf(model, probe.name, view.name)
      profiles.set(`${probe.name}/${view.name}`, profile && copy(profile))
    }
  for (const name of [WALL, FILE]) {
    const profile = profileOf(model, name, name)
    profiles.set(`${name}/${name}`, profile && copy(profile))
  }
  const first = (probe: string) => catalog.get(probe)?.draw.flame?.views[0]?.name
  return { model: still, profileOf: (_, probe, view) => profiles.get(`${probe}/${view ?? first(probe)}`) ?? null }
}

const copy = (profile: Profile): Profile => ({
  unit: profile.unit,
  names: profile.names,
  size: profile.size,
  nameOf: profile.nameOf.slice(),
  parentOf: profile.parentOf.slice(),
  firstChild: profile.firstChild.slice(),
  nextSibling: profile.nextSibling.slice(),
  columns: [...profile.columns],
  self: profile.self.map((weights) => weights.slice()),
  selfCount: profile.selfCount.map((counts) => counts.slice()),
})
