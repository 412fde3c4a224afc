import {
  type Destination,
  durationText,
  type Forecast,
  type Plan,
  percentText,
  type Thresholds,
  type Timetable,
  type TimetableRow,
} from '../../audit/index.ts'
import { hideInArguments, hideSecrets, sanitizeText } from '../../probes/index.ts'
import { entry, TEXT_WIDTH } from './entry.ts'
import { formatBytes, formatClock, formatCount, formatPercent, formatRate, left, right } from './format.ts'

export interface DryRun {
  plan: Plan
  timetable: Timetable
  forecast: Forecast
  /** where the load goes; null: that is not known, or nobody's affair; a text: why it cannot be told */
  destination: Destination | string | null
  /** what tracing needs on this host, a sentence each; empty: nothing is missing */
  privileges: readonly string[]
  scripts: readonly { name: string; text: string }[]
}

/**
 * What an audit would do, and what it would need and cost, without doing it. At most 100 columns, but for the scripts,
 * which stand first, as they would run: what is read most is then at hand where a terminal stops.
 */
export function dryRunText({ plan, timetable, forecast, destination, privileges, scripts }: DryRun): string {
  const lines = [
    ...told('target', targetParts(plan)),
    ...told('load', loadParts(plan)),
    ...toldIfAny('goes to', destinationParts(destination, plan)),
    '',
    ...timetableLines(timetable, plan),
    '',
    ...told('judged by', limitParts(plan.thresholds)),
    ...told('stops', [stopText(plan)]),
    ...told('no verdict', budgetParts(plan)),
    '',
    ...told('probes', plan.probes ?? ['the default ones']),
    ...told('privileges', privileges.length > 0 ? privileges : ['nothing is missing']),
    ...told('expected cost', costParts(forecast, timetable)),
    ...warnings(plan, forecast).flatMap((text) => told('warning', [text])),
    ...told('disk', diskParts(forecast)),
    ...told('results', [plan.out ?? 'probe-audit-TIME here']),
  ]
  const texts = scripts.flatMap(({ name, text }) => [rule(name), text.trimEnd(), ''])
  return [...texts, ...(texts.length > 0 ? [rule('the audit')] : []), ...lines].join('\n')
}

function targetParts({ target: { url, select, follow, command } }: Plan): string[] {
  const chosen = select && Object.entries(select).map(([key, value]) => `${key} ${[value].flat().join(' ')}`)
  const watched = chosen
    ? `watched: ${chosen.join(' ')}`
    : command
      ? 'watched: the command'
      : url && `watched: who listens on ${portOf(url)}`
  return [
    url && hideSecrets(url.replace(/\?.*$/s, '')), // a query may hold what should not be shown
    command && `starts ${hideInArguments(command.argv).join(' ')}`,
    watched || 'watched: as the command line says',
    follow && 'and its children',
  ].filter((part) => typeof part === 'string')
}

function portOf(url: string): string {
  const { port, protocol } = new URL(url)
  return `port ${port || (protocol === 'https:' ? '443' : '80')}`
}

function loadParts({ load }: Plan): string[] {
  switch (load.driver) {
    case 'builtin': {
      const { protocol, connections, keepAlive, timeoutMs, workers, requests, tls } = load
      const mix = requests.map(({ name, weight }) =>
        requests.length > 1 ? `${name} (${share(weight, requests)})` : name,
      )
      return [
        `built in, ${protocol}`,
        keepAlive ? `${formatCount(connections)} connections` : 'a connection for each request',
        `timeout ${durationText(timeoutMs)}`,
        ...(workers === null ? [] : [`${workers} processes`]),
        ...(tls.verify ? [] : ['any certificate is taken']),
        ...mix.slice(0, 10),
        ...(mix.length > 10 ? [`and ${mix.length - 10} more`] : []),
      ]
    }
    case 'k6':
      return ['k6', load.script]
    case 'jmeter':
      return ['JMeter', load.plan]
    case 'follow':
      return [`followed: ${load.file}`, `format ${load.format}`]
    case 'none':
      return ['none of ours']
  }
}

const share = (weight: number, all: readonly { weight: number }[]): string =>
  formatPercent((100 * weight) / all.reduce((sum, one) => sum + one.weight, 0))

function destinationParts(destination: Destination | string | null, { load }: Plan): string[] {
  if (typeof destination === 'string') return [destination]
  if (destination === null)
    return load.driver === 'k6' || load.driver === 'jmeter'
      ? ['wherever the script says: without target.url it is not checked whether that is this host']
      : []
  const { host, port, addresses, foreign, peakRps, ceilingRps, consent } = destination
  const at = addresses.includes(host) ? '' : ` (${addresses.join(', ')})`
  const isHere = foreign.length === 0
  return [
    `${host}:${port}${at}`,
    isHere ? 'this host' : 'not this host',
    ...(isHere ? [] : [consentText(consent)]),
    ...(peakRps === null ? ['at the rate of the script'] : [`at most ${formatRate(peakRps)}`]),
    ...(peakRps === null ? [] : [`ceiling ${formatRate(ceilingRps)}`]),
  ]
}

const consentText = (consent: Destination['consent']): string =>
  consent.kind === 'plan' ? `consent by the plan (${consent.entry})` : 'no consent yet: it will be asked for (or --yes)'

function timetableLines({ rows, durationMs, requests, isUpperBound }: Timetable, plan: Plan): string[] {
  if (rows.length === 0) {
    const by =
      plan.load.driver === 'none'
        ? 'probe mark'
        : plan.load.driver === 'k6'
          ? 'k6'
          : plan.load.driver === 'jmeter'
            ? 'JMeter'
            : 'the file'
    return told('phases', [`as ${by} gives them`])
  }
  const atMost = isUpperBound ? '≤ ' : ''
  return [
    columns('at', 'for', 'phase', 'kind', 'rate', 'requests', ''),
    ...rows.map(rowLine),
    columns(
      '',
      `${atMost}${formatClock((durationMs ?? 0) * 1000)}`,
      'in all',
      '',
      '',
      requests === null ? '' : `${atMost}${formatCount(requests)}`,
      '',
    ),
  ]
}

function rowLine(row: TimetableRow): string {
  const { name, kind, type, startMs, durationMs, requests, discard } = row
  const atMost = type === 'search' ? '≤ ' : ''
  return columns(
    startMs === null ? 'then' : formatClock(startMs * 1000),
    `${atMost}${durationText(durationMs)}`,
    name,
    kind,
    rateOf(row),
    requests === null ? '' : `${atMost}${formatCount(requests)}`,
    discard ? 'not judged' : '',
  )
}

function rateOf({ type, fromRps, toRps, requests }: TimetableRow): string {
  if (requests === null) return 'not ours'
  if (type === 'search') return `search ${formatRate(fromRps)} to ${formatRate(toRps)}`
  if (fromRps === toRps) return fromRps === 0 ? 'none' : formatRate(fromRps)
  return `${formatRate(fromRps)} to ${formatRate(toRps)}`
}

const columns = (
  at: string,
  span: string,
  name: string,
  kind: string,
  rate: string,
  requests: string,
  remark: string,
): string =>
  `${right(at, 7)}  ${right(span, 9)}  ${left(name, 18)}  ${left(kind, 8)}  ${left(rate, 27)}  ${right(requests, 9)}  ${remark}`.trimEnd()

function limitParts({ p50Ms, p99Ms, p999Ms, errors }: Thresholds): string[] {
  const limits = [
    p50Ms !== null && `p50 ≤ ${durationText(p50Ms)}`,
    p99Ms !== null && `p99 ≤ ${durationText(p99Ms)}`,
    p999Ms !== null && `p99.9 ≤ ${durationText(p999Ms)}`,
    errors !== null && `errors ≤ ${percentText(errors)}`,
  ].filter((part) => typeof part === 'string')
  return limits.length > 0 ? limits : ['nothing']
}

function stopText({ abort }: Plan): string {
  if (!abort) return 'never for errors'
  const { errors, windowMs, minRequests } = abort
  return `when more than ${percentText(errors)} of the requests of ${durationText(windowMs)} failed, once ${minRequests} have ended`
}

function budgetParts({ budgets: { overheadPct, loss, achieved, sendLagMs }, load }: Plan): string[] {
  return [
    overheadPct !== null && `tracing > ${formatPercent(overheadPct)} of a core`,
    `loss > ${percentText(loss)}`,
    load.driver === 'builtin' && `sent < ${percentText(achieved)} of the plan`,
    load.driver === 'builtin' && sendLagMs !== null && `generator late by > ${durationText(sendLagMs)}`,
  ].filter((part) => typeof part === 'string')
}

function costParts(forecast: Forecast, { highestRps }: Timetable): string[] {
  const { tracingUsPerRequest: us, tracingPct: pct, ownPct, ownMemoryBytes, generatorPct } = forecast
  return [
    `tracing ${formatCount(us.low)} to ${formatCount(us.high)} µs CPU a request${
      pct ? `: ${formatPercent(pct.low)} to ${formatPercent(pct.high)} of a core at ${formatRate(highestRps)}` : ''
    }`,
    `probe itself ${formatPercent(ownPct)} of a core, ${formatBytes(ownMemoryBytes)}`,
    ...(generatorPct === null ? [] : [`generator ${formatPercent(generatorPct)} of a core`]),
  ]
}

function warnings({ budgets: { overheadPct } }: Plan, { tracingPct }: Forecast): string[] {
  if (overheadPct === null || tracingPct === null || tracingPct.high <= overheadPct) return []
  return [
    `tracing may cost more than its budget of ${formatPercent(overheadPct)} of a core: choose fewer probes (syscalls costs most), or raise budgets.overhead`,
  ]
}

function diskParts({ recordingBytes, recordingBytesPerMinute, windows }: Forecast): string[] {
  const perMinute = `up to ${formatBytes(recordingBytesPerMinute)} a minute`
  if (recordingBytes === null) return [perMinute]
  return [
    `recording about ${formatBytes(recordingBytes)} before it is compressed`,
    `${formatCount(windows)} windows`,
    perMinute,
  ]
}

/** Programs, files and probes are named by whoever wrote the plan. */
const told = (label: string, parts: readonly string[]): string[] =>
  entry(
    label,
    parts.map((part) => sanitizeText(part)),
  )

const toldIfAny = (label: string, parts: readonly string[]): string[] => (parts.length > 0 ? told(label, parts) : [])

const rule = (name: string): string => `── ${name} ${'─'.repeat(Math.max(0, TEXT_WIDTH - name.length - 4))}`
