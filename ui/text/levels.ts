import { counterGrowth, type Metric, metricOf, type PhaseModel, type RunModel } from '../../audit/index.ts'
import { dropCounters, isDropCounter } from './drops.ts'
import { formatNs, formatPercent } from './format.ts'

/** From here on a level is told (percent of its limit). */
const NEAR_LIMIT_PCT = 60
/** More of either nobody reads in a line. */
const MOST = 6

/** Levels that came near what they may be, in the order of the facts: `descriptors 64 of 64 (100 %)`. */
export function nearLimits(phases: readonly PhaseModel[]): string[] {
  const found = new Map<string, { metric: Metric; high: number; most: number; text: string }>()
  for (const phase of phases)
    for (const [source, { high, last }] of phase.telemetry)
      for (const [name, value] of Object.entries(high)) {
        const metric = metricOf(source, name)
        if (!metric?.headline || metric.limit === undefined) continue
        const most = phase.telemetry.get(metric.limitSource ?? source)?.last[metric.limit] ?? last[metric.limit]
        if (most === undefined || most <= 0 || (100 * value) / most < NEAR_LIMIT_PCT) continue
        const key = `${source} ${name}`
        const before = found.get(key)
        if (before && before.high / before.most >= value / most) continue
        const share = formatPercent((100 * value) / most)
        const label = metric.label.replace(/, of (?:host )?limit$/, '')
        found.set(key, {
          metric,
          high: value,
          most,
          text: `${label} ${value} of ${most} (${share})${originOf(phase, metric, most)}`,
        })
      }
  const near = [...found.values()]
    .sort((a, b) => a.metric.rank - b.metric.rank)
    .slice(0, MOST)
    .map(({ text }) => text)
  return [
    ...near,
    ...fullQueues(phases)
      .filter(({ port }) => !found.has(`listeners ${port}.waiting`))
      .map(({ text }) => text),
  ]
}

/** Queues that were full, as what was dropped at them shows: between two looks at them they may have emptied. */
function fullQueues(phases: readonly PhaseModel[]): { port: string; text: string }[] {
  const queues = new Map<string, string>()
  for (const phase of phases)
    for (const [name, limit] of Object.entries(phase.telemetry.get('backlog')?.last ?? {})) {
      const port = LIMIT.exec(name)?.[1]
      if (port === undefined || !((counterGrowth(phase, 'backlog', `${port}.drops`) ?? 0) > 0)) continue
      queues.set(port, `accept queue, port ${port} was full at ${limit}${limitText(phase, limit)}`)
    }
  return [...queues].map(([port, text]) => ({ port, text }))
}
const LIMIT = /^(\d+)\.limit$/

/** Where the limit of an accept queue comes from: listen() asks for one, and gets no more than somaxconn. */
const originOf = (phase: PhaseModel, { source }: Metric, limit: number): string =>
  source === 'listeners' ? limitText(phase, limit) : ''

function limitText(phase: PhaseModel, limit: number): string {
  const somaxconn = phase.telemetry.get('backlog')?.last['somaxconn']
  if (somaxconn === undefined) return ''
  if (limit < somaxconn) return `, the limit is what it gave to listen(): somaxconn is ${somaxconn}`
  return `, the limit is somaxconn ${somaxconn}, or what it gave to listen()`
}

/** What was dropped, killed or refused: the target's own first; what anybody in its network namespace may have done is called so. */
export function faults(model: RunModel, phases: readonly PhaseModel[]): string[] {
  const counted = new Map<string, { metric: Metric; count: number }>()
  for (const phase of phases)
    for (const [source, { last }] of phase.telemetry) {
      // Nothing was dropped when processes of the target ended: notes tell of them.
      if (source === 'target') continue
      for (const name of Object.keys(last)) {
        const metric = isDropCounter(source, name) ? null : metricOf(source, name)
        const grown = metric?.isFault ? counterGrowth(phase, source, name) : null
        if (!metric || grown === null || grown === 0) continue
        const key = `${source} ${name}`
        counted.set(key, { metric, count: (counted.get(key)?.count ?? 0) + grown })
      }
    }
  const drops = dropCounters(model)
    .filter(({ hasRow }) => hasRow)
    .flatMap(({ label, grown }) => {
      const count = phases.reduce((sum, phase) => sum + (grown(phase) ?? 0), 0)
      return count > 0 ? [`${label} ${count}`] : []
    })
  const others = [...counted.values()]
    .sort((a, b) => a.metric.rank - b.metric.rank)
    .map(({ metric, count }) => `${metric.label}${metric.source === 'netns' ? ', namespace' : ''} ${count}`)
  return [...drops, ...others].slice(0, MOST)
}

/** `throttled 8.87 s by the CPU limit of 20 %`, where a cgroup above the target held it back; else null. */
export function throttledText(phases: readonly PhaseModel[]): string | null {
  const ofLevel = new Map<string, { us: number; cpus: number | undefined }>()
  for (const phase of phases) {
    const last = phase.telemetry.get('cgroup')?.last ?? {}
    for (const name of Object.keys(last)) {
      const level = THROTTLED.exec(name)?.[1]
      const us = level === undefined ? null : counterGrowth(phase, 'cgroup', name)
      if (level === undefined || us === null) continue
      ofLevel.set(level, { us: (ofLevel.get(level)?.us ?? 0) + us, cpus: last[`${level}.cpu.limit_cpus`] })
    }
  }
  const [most] = [...ofLevel.values()].sort((a, b) => b.us - a.us)
  if (!most || most.us === 0) return null
  const limit = most.cpus === undefined ? 'a CPU limit' : `the CPU limit of ${formatPercent(100 * most.cpus)}`
  return `throttled ${formatNs(most.us * 1000)} by ${limit}`
}

const THROTTLED = /^(\w+)\.cpu\.throttled_usec$/
