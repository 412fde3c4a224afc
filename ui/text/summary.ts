import { costOf, firstOf, leftOutText, type PhaseModel, type RunModel } from '../../audit/index.ts'
import { type FigureScope, mergeData, type Probe, percentile } from '../../probes/index.ts'
import { entry } from './entry.ts'
import { clip, formatBytes, formatClock, formatExact, formatMs, formatNs, formatPercent, formatRate } from './format.ts'
import { faults, nearLimits, throttledText } from './levels.ts'
import { phaseTable } from './phases.ts'
import {
  type Catalog,
  errorPct,
  headlines,
  isNotJudged,
  lossCount,
  lossCountText,
  lossOfRun,
  lossText,
  placeInPlan,
  probesOf,
  rpsOf,
  scopeOf,
  seenBy,
  targetName,
} from './reading.ts'
import { worstText } from './remark.ts'

/**
 * What was found, for a reader without a terminal: one line on the target, one per probe, one on what to trust. The
 * numbers are of the whole run (of its phases under load, if there are any); with several phases their table follows.
 */
export function textSummary(model: RunModel, catalog: Catalog, recording?: { path: string; bytes: number }): string {
  const probes = probesOf(model, catalog)
  const lines = [
    about(model),
    ...sumsOf(model),
    ...probes.flatMap((probe) => probeLines(model, probe)),
    ...systemLines(model),
    ...trust(model, probes),
  ]
  if (recording)
    lines.push(
      ...entry('recording', [
        `${recording.path} (${formatBytes(recording.bytes)})`,
        `next: probe flame ${recording.path} -o off-cpu.svg`,
      ]),
    )
  if (model.phases.length > 1) lines.push('', phaseTable(model, catalog))
  const finding = worstText(model, catalog)
  if (finding) lines.push('', ...entry('stands out', [finding]))
  return lines.join('\n')
}

/** One line for a log that is read while the run goes on; `null` parts are left out rather than guessed. */
export function progressLine(model: RunModel): string {
  const phase = model.current
  if (!phase) return 'attaching'
  const latest = phase.load?.history.at(-1)
  const cost = costOf(model, null, [])
  const place = placeInPlan(model, phase)
  const parts = [
    `${formatClock(model.nowUs)} ${phase.name} ${place.index}/${place.of}`,
    phase.load && `${formatRate(latest?.rps ?? rpsOf(phase))}`,
    isNotJudged(model, phase) && 'not judged',
    latest && `p99 ${formatMs(latest.p99Ms)}`,
    phase.load && `errors ${formatPercent(errorPct(phase))}`,
    cost.tracerPct !== null && `cost ${formatPercent(cost.tracerPct)} cpu`,
    `loss ${lossCountText(model)}`,
  ]
  return parts.filter((part) => typeof part === 'string').join('   ')
}

function about(model: RunModel): string {
  const header = model.header
  if (!header) return 'no recording'
  const { host, target } = header
  const variants = [...new Set(header.probes.map((probe) => probe.variant))].join(', ')
  const parts = [
    targetName(model) + (target.processes.length > 1 ? ' processes' : ''),
    target.ports.length > 0 && `${target.ports.length > 1 ? 'ports' : 'port'} ${target.ports.join(' ')}`,
    `kernel ${host.kernel}`,
    host.bpftrace && `bpftrace ${host.bpftrace}${variants ? ` (${variants})` : ''}`,
  ]
  const first = model.phases[0]
  return (
    parts.filter((part) => typeof part === 'string' && part !== '').join(', ') +
    (first && first.startUs > 0 ? `   attached in ${formatNs(first.startUs * 1000)}` : '')
  )
}

/** Which phases the numbers below are of, where it is not all of them. */
function sumsOf(model: RunModel): string[] {
  const loaded = model.phases.filter((phase) => phase.load)
  if (loaded.length === 0 || loaded.length === model.phases.length) return []
  return [`sums of ${firstOf(loaded.map(({ name }) => name)).join(', ')}`]
}

/** What the kernel dropped and how near to its limits the target came; with several phases the table has the drops. */
function systemLines(model: RunModel): string[] {
  const phases = phasesTold(model)
  const dropped = model.phases.length > 1 ? [] : faults(model, phases)
  const limits = nearLimits(phases)
  return [
    ...(dropped.length > 0 ? entry('dropped', dropped) : []),
    ...(limits.length > 0 ? entry('limits', limits) : []),
  ]
}

function probeLines(model: RunModel, probe: Probe): string[] {
  const whole = wholeRun(model, probe)
  if (!whole) return entry(probe.name, ['no window yet'])
  const figures = headlines(probe.draw.figures(whole.data, whole.scope))
  const throttled = throttledText(whole.phases)
  const parts = figures.map(({ label, value, unit, isThrottled }) => {
    const text = `${label} ${formatExact(value, unit)}`
    return isThrottled && throttled ? `${text} (${throttled})` : text
  })
  const top = topFunctions(probe, whole.phases) ?? topRows(probe, whole)
  const remarks = probe.draw.remarks?.(whole.data) ?? []
  const all = [...parts, ...percentiles(probe, whole.data, figures), ...remarks, ...(top ? [top] : [])]
  return entry(probe.name, all.length > 0 ? all : ['nothing seen'])
}

interface Whole {
  data: unknown
  scope: FigureScope
  phases: PhaseModel[]
}

function wholeRun(model: RunModel, probe: Probe): Whole | null {
  const seen = phasesTold(model).flatMap((phase): Whole[] => {
    const own = seenBy(probe, phase)
    return own ? [{ data: own.data, scope: scopeOf(phase, own.coveredUs), phases: [phase] }] : []
  })
  if (seen.length === 0) return null
  return seen.reduce((a, b) => ({
    data: mergeData(probe.record, a.data, b.data),
    scope: {
      durationUs: a.scope.durationUs + b.scope.durationUs,
      requests: sumOf(a.scope.requests, b.scope.requests),
      cpuNs: sumOf(a.scope.cpuNs, b.scope.cpuNs),
    },
    phases: [...a.phases, ...b.phases],
  }))
}

/** A phase without load would make every number per request wrong. */
function phasesTold(model: RunModel): PhaseModel[] {
  const loaded = model.phases.filter((phase) => phase.load)
  return loaded.length > 0 ? loaded : model.phases
}

const sumOf = (a: number | null | undefined, b: number | null | undefined): number | null =>
  typeof a === 'number' && typeof b === 'number' ? a + b : null

/** Distributions that a probe has of its own account, where its figures do not tell them already; of many its table does. */
function percentiles(probe: Probe, data: unknown, told: readonly { key: string }[]): string[] {
  const histograms = probe.draw.histograms?.(data).filter(({ histogram }) => histogram.count > 0) ?? []
  if (histograms.length > MOST_DISTRIBUTIONS || told.some(({ key }) => key === 'p99')) return []
  return histograms.map(({ label, histogram }) => {
    const at = (quantile: number) => formatNs(percentile(histogram, quantile))
    return `${label} p50 ${at(0.5)}, p99 ${at(0.99)}, max ${formatNs(histogram.max)}`
  })
}
const MOST_DISTRIBUTIONS = 2

/** Whose time it is, by functions of the program itself: `top: reserve_seat 64.0 % · parse 12.0 %`. */
function topFunctions(probe: Probe, phases: readonly PhaseModel[]): string | null {
  const sums = new Map<string, number>()
  let total = 0
  for (const phase of phases) {
    const functions = phase.probes.get(probe.name)?.functions
    total += functions?.total ?? 0
    for (const [name, value] of functions?.byName ?? []) sums.set(name, (sums.get(name) ?? 0) + value)
  }
  const top = [...sums].sort((a, b) => b[1] - a[1]).slice(0, MOST_TOLD)
  if (total === 0 || top.length === 0) return null
  return `top: ${top.map(([name, value]) => `${clip(name, LONGEST_NAME)} ${formatPercent((100 * value) / total)}`).join(' · ')}`
}
const MOST_TOLD = 3
const LONGEST_NAME = 48

function topRows(probe: Probe, whole: Whole): string | null {
  const table = probe.draw.table
  if (!table) return null
  const names = table.columns.filter((column) => column.unit === 'text')
  const numbers = table.columns.filter((column) => column.unit !== 'text')
  const told = table.told ? numbers.filter(({ key }) => table.told?.includes(key)) : numbers.slice(0, 1)
  const text = table
    .rows(whole.data, whole.scope)
    .slice(0, MOST_TOLD)
    .map((row) => {
      // Of what has no name the next best says which it is.
      const name = table.named
        ? table.named.map((key) => row[key]).join(' > ')
        : names.map(({ key }) => row[key]).find((one) => one !== null && one !== undefined)
      const values = told.flatMap(({ key, label, unit }) => {
        const value = row[key]
        if (typeof value !== 'number' && told.length > 1) return []
        const number = unit === 'text' ? '' : formatExact(typeof value === 'number' ? value : null, unit)
        return unit === 'percent' ? [`${number} ${label}`] : [number]
      })
      return `${name ?? ''} ${values.join(', ')}`
    })
  return text.length > 0 ? `top: ${text.join(' · ')}` : null
}

const SKIPPED =
  'the kernel skipped events while another BPF program ran on the same processor: some hundred a minute are probe’s own, more come from other agents'

function trust(model: RunModel, probes: readonly Probe[]): string[] {
  const cost = costOf(model, null, probes)
  const loss = lossOfRun(model)
  const lines = entry('cost', [
    `tracer ${formatPercent(cost.tracerPct)} of a core`,
    `kernel programs ${formatPercent(cost.bpfPct)}${cost.bpfEstimated && cost.bpfPct !== null ? ' (estimate)' : ''}`,
    `loss ${lossText(model)}`,
  ])
  for (const note of new Set(model.notes.filter((n) => n.kind === 'note').map((n) => n.text)))
    lines.push(`note: ${note}`)
  if (lossCount(loss) > 0) lines.push('warning: data was lost; sums are a lower bound')
  if (loss['skipped']) lines.push(`warning: ${SKIPPED}`)
  if (model.skipped > 0) lines.push(`warning: ${model.skipped} lines of the recording were not understood`)
  for (const [what, count] of model.leftOut) lines.push(`warning: ${leftOutText(what, count)}`)
  // An attach has no plan to be held against.
  if (model.end?.verdict && model.header?.plan) lines.push(...entry('verdict', [model.end.verdict]))
  if (model.end && model.end.reason !== 'done') lines.push(`ended: ${model.end.reason.replaceAll('_', ' ')}`)
  return lines
}
