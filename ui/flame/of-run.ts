import { type PhaseModel, type Profile, type ProfileOf, profileOf, type RunModel } from '../../audit/index.ts'
import type { Probe } from '../../probes/index.ts'
import { formatClock } from '../text/format.ts'
import { lossCount, lossOfRun, lossText, targetName } from '../text/reading.ts'
import type { FlameSvgOptions } from './svg.ts'

/** A picture of a run's stacks: the profile, and what its head and phase switch say. */
export interface RunFlame {
  profile: Profile
  options: FlameSvgOptions
  /** what is measured, in a word, for formats that name it: `off-cpu` */
  value: string
}

export interface RunFlameChoice {
  probe: Probe
  /** one of `draw.flame.views`; the first by default */
  view?: string
  show: { phase: PhaseModel } | { base: PhaseModel; candidate: PhaseModel }
}

/**
 * The flame graph of a probe over a run; null when the run has no stacks of it. Every phase travels in the file. A model
 * that is a copy has its profiles elsewhere: `profiles` finds them.
 */
export function flameOfRun(
  model: RunModel,
  { probe, view, show }: RunFlameChoice,
  profiles: ProfileOf = profileOf,
): RunFlame | null {
  const flame = probe.draw.flame
  const chosen = view === undefined ? flame?.views[0] : flame?.views.find(({ name }) => name === view)
  const profile = chosen ? profiles(model, probe.name, chosen.name) : null
  if (!flame || !chosen || !profile) return null
  const key = (phase: PhaseModel) => String(phase.id)
  return {
    profile,
    value: probe.name,
    options: {
      title: `${flame.title} · ${chosen.title}`,
      lines: headLines(model, [probe.name]),
      columns: model.phases
        .filter((phase) => profile.columns.includes(key(phase)))
        .map((phase) => columnOf(model, phase, probe.name)),
      view: 'phase' in show ? { column: key(show.phase) } : { base: key(show.base), candidate: key(show.candidate) },
    },
  }
}

/** What holds for a whole picture of a run: whose, where and when, by which probes, and what was lost. */
export function headLines(model: RunModel, probes: readonly string[]): string[] {
  const { header } = model
  const losses = lossCount(lossOfRun(model))
  const variant = (probe: string) => header?.probes.find(({ name }) => name === probe)?.variant
  return [
    [
      `${targetName(model)} on ${header?.host.name ?? 'unknown host'}`,
      `Linux ${header?.host.kernel ?? 'unknown'}`,
      header?.host.bpftrace ? `bpftrace ${header.host.bpftrace}` : null,
      header ? `recorded ${header.started}` : null,
    ]
      .filter((part) => part !== null)
      .join(' · '),
    [
      `probe ${probes.map((probe) => `${probe}${variant(probe) ? ` (${variant(probe)})` : ''}`).join(' and ')}`,
      losses === 0 ? `loss ${lossText(model)}` : `loss ${losses}: widths are a lower bound`,
    ].join(' · '),
  ]
}

/** A phase as a column of a picture; `more` is said beside what it covers. */
export function columnOf(
  model: RunModel,
  phase: PhaseModel,
  probe: string,
  more: readonly string[] = [],
): FlameSvgOptions['columns'][number] {
  const seen = phase.probes.get(probe)
  const requests = phase.load?.done ?? 0
  const facts = [
    `${formatClock(seen?.coveredUs ?? (phase.endUs ?? model.nowUs) - phase.startUs)} covered`,
    requests > 0 ? `${requests} requests` : null,
    ...more,
  ].filter((fact) => fact !== null)
  return {
    key: String(phase.id),
    label: phase.name,
    facts: facts.join(' · '),
    ...(requests > 0 ? { divide: { by: requests, per: 'request' } } : {}),
  }
}
