import { costOf, leftOutText, type RunModel } from '../../audit/index.ts'
import { type FigureScope, mergeData, type Probe } from '../../probes/index.ts'
import { entry } from './entry.ts'
import {
  formatBytes,
  formatClock,
  formatFigure,
  formatMs,
  formatNs,
  formatPercent,
  formatRate,
  formatUnit,
} from './format.ts'
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
  return [`sums of ${loaded.map(({ name }) => name).join(', ')}`]
}

function probeLines(model: RunModel, probe: Probe): string[] {
  const whole = wholeRun(model, probe)
  if (!whole) return entry(probe.name, ['no window yet'])
  const figures = headlines(probe.draw.figures(whole.data, whole.scope))
  const parts = figures.map((figure) => `${figure.label} ${formatFigure(figure)}`)
  const top = topRows(probe, whole)
  const all = top ? [...parts, top] : parts
  return entry(probe.name, all.length > 0 ? all : ['nothing seen'])
}

interface Whole {
  data: unknown
  scope: FigureScope
}

function wholeRun(model: RunModel, probe: Probe): Whole | null {
  // A phase without load would make every number per request wrong.
  const loaded = model.phases.filter((phase) => phase.load)
  const seen = (loaded.length > 0 ? loaded : model.phases).flatMap((phase): Whole[] => {
    const own = seenBy(probe, phase)
    return own ? [{ data: own.data, scope: scopeOf(phase, own.coveredUs) }] : []
  })
  if (seen.length === 0) return null
  return seen.reduce((a, b) => ({
    data: mergeData(probe.record, a.data, b.data),
    scope: {
      durationUs: a.scope.durationUs + b.scope.durationUs,
      requests: a.scope.requests === null || b.scope.requests === null ? null : a.scope.requests + b.scope.requests,
    },
  }))
}

function topRows(probe: Probe, whole: Whole): string | null {
  const table = probe.draw.table
  const names = table?.columns.filter((column) => column.unit === 'text') ?? []
  const number = table?.columns.find((column) => column.unit !== 'text')
  if (!table || !number || number.unit === 'text') return null
  const { unit } = number
  const rows = table.rows(whole.data, whole.scope).slice(0, 3)
  const text = rows.map((row) => {
    const value = row[number.key]
    // Of what has no name the next best says which it is.
    const name = table.named
      ? table.named.map((key) => row[key]).join(' > ')
      : names.map(({ key }) => row[key]).find((text) => text !== null && text !== undefined)
    return `${name ?? ''} ${formatUnit(typeof value === 'number' ? value : null, unit)}`
  })
  return text.length > 0 ? `top: ${text.join(' · ')}` : null
}

const SKIPPED =
  'the kernel skipped events while another BPF program ran on the same processor: other tracing agents on this host'

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
