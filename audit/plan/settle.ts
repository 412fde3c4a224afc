import { dirname, resolve } from 'node:path'
import { nearest } from '../../probes/index.ts'
import { highestRpsOf, PEAK_OF_THIS_HOST } from './ceiling.ts'
import {
  DEFAULT_INTERVAL_MS,
  defaultAbort,
  defaultBudgets,
  defaultBuiltin,
  defaultThresholds,
  limitsOver,
} from './limits.ts'
import { settlePhases } from './phases.ts'
import type { AbortRule, Plan, PlannedLoad, PlannedPhase, Thresholds, TlsOptions } from './plan.ts'
import { type Preset, presets } from './preset.ts'
import type { Key } from './problem.ts'
import { settleRequests } from './requests.ts'
import { planSchema, type WrittenPlan } from './schema.ts'
import { expandVariables, MissingVariable } from './secrets.ts'
import { settleTarget } from './target.ts'

/** What a plan is completed from, and where complaints about it go. */
export interface Settling {
  /** of the plan: relative names in it start in its folder */
  path: string
  env: Readonly<Record<string, string | undefined>>
  readFile: (path: string) => Buffer
  /** of the command line, before what the plan says */
  preset: Preset | undefined
  /** names of the catalog; undefined: they are not checked here */
  probeNames: readonly string[] | undefined
  /** false: the command line says what is watched */
  needsTarget: boolean
  report(path: readonly Key[], message: string): void
}

/** A plan as it runs, of one whose keys and values are each right: defaults, percentages, files, variables, and what belongs together. */
export function settle(written: WrittenPlan, settling: Settling): Omit<Plan, 'written' | 'secrets'> {
  const { report } = settling
  const driver = written.load?.driver ?? 'builtin'
  const url = urlOf(written.target?.url, report)
  const peakRps = written.peak ?? null
  const thresholds = thresholdsOf(written.thresholds)
  const phases = phasesOf(written, { driver, peakRps, thresholds }, settling)
  const ceilingRps = written.ceiling ?? null
  checkCeiling(phases, ceilingRps, report)
  return {
    target: settleTarget(written.target, {
      url,
      needsUrl: driver === 'builtin' && settling.needsTarget,
      needsTarget: settling.needsTarget,
      folder: folderOf(settling),
      expand: (text, path) => expand(text, path, settling),
      report,
    }),
    peakRps,
    load: loadOf(written.load, url, settling),
    phases,
    consent: written.consent ?? [],
    ceilingRps,
    thresholds,
    abort: abortOf(written.abort, driver, report),
    probes: probesOf(written.probes, settling),
    budgets: {
      overheadPct: hundredfold(written.budgets?.overhead, defaultBudgets.overheadPct),
      loss: written.budgets?.loss ?? defaultBudgets.loss,
      achieved: written.budgets?.achieved ?? defaultBudgets.achieved,
      sendLagMs: written.budgets?.send_lag ?? defaultBudgets.sendLagMs,
    },
    intervalMs: written.interval ?? DEFAULT_INTERVAL_MS,
    out: written.out ?? null,
  }
}

type Report = Settling['report']

function urlOf(text: string | undefined, report: Report): URL | null {
  if (text === undefined) return null
  const path = ['target', 'url']
  if (!URL.canParse(text)) {
    report(path, 'expected a URL like http://127.0.0.1:8080/')
    return null
  }
  const url = new URL(text)
  if (url.username || url.password)
    report(path, 'a URL is shown and recorded: user and password belong into load.auth.basic')
  return url
}

const thresholdsOf = ({ profile = 'internal', ...limits }: NonNullable<WrittenPlan['thresholds']> = {}): Thresholds =>
  limitsOver(defaultThresholds[profile], limits)

function loadOf(written: WrittenPlan['load'], url: URL | null, settling: Settling): PlannedLoad {
  const { report } = settling
  const all = (texts: Readonly<Record<string, string>> | undefined, key: string) =>
    Object.fromEntries(
      Object.entries(texts ?? {}).map(([name, text]) => [name, expand(text, ['load', key, name], settling)]),
    )
  switch (written?.driver) {
    case 'k6': {
      const script = fileOf(written.script, ['load', 'script'], settling)
      return { driver: 'k6', script, args: written.args ?? [], env: all(written.env, 'env') }
    }
    case 'jmeter': {
      const plan = fileOf(written.plan, ['load', 'plan'], settling)
      return { driver: 'jmeter', plan, properties: all(written.properties, 'properties') }
    }
    case 'follow':
      return { driver: 'follow', file: resolve(folderOf(settling), written.file), format: written.format ?? 'auto' }
    case 'none':
      return { driver: 'none' }
  }
  return {
    driver: 'builtin',
    protocol: written?.protocol ?? defaultBuiltin.protocol,
    connections: written?.connections ?? defaultBuiltin.connections,
    keepAlive: written?.keep_alive ?? defaultBuiltin.keepAlive,
    timeoutMs: written?.timeout ?? defaultBuiltin.timeoutMs,
    maxInFlight: written?.max_in_flight ?? Math.max(defaultBuiltin.maxInFlight, written?.connections ?? 0),
    maxQueue: written?.max_queue ?? defaultBuiltin.maxQueue,
    workers: written?.workers ?? defaultBuiltin.workers,
    requests: settleRequests(written?.requests, {
      url,
      headers: written?.headers,
      auth: written?.auth,
      report,
      expand: (text, path) => expand(text, path, settling),
      file: (name, path) => contentOf(name, path, settling),
    }),
    tls: tlsOf(written?.tls, url, settling),
  }
}

type WrittenTls = Extract<WrittenPlan['load'], { connections?: unknown }>['tls']

function tlsOf(written: WrittenTls, url: URL | null, settling: Settling): TlsOptions {
  if (written && url?.protocol === 'http:')
    settling.report(['load', 'tls'], 'the url is http: these options are for https')
  const path = ['load', 'tls', 'ca']
  const ca = written?.ca === undefined ? null : (contentOf(written.ca, path, settling)?.toString('latin1') ?? null)
  if (ca !== null && !ca.includes('-----BEGIN '))
    settling.report(path, 'expected a file of PEM certificates (-----BEGIN CERTIFICATE-----)')
  return { ca, verify: written?.verify ?? true, serverName: written?.server_name ?? null }
}

function phasesOf(
  written: WrittenPlan,
  of: { driver: string; peakRps: number | null; thresholds: Thresholds },
  { preset: asked, report }: Settling,
): PlannedPhase[] {
  const { driver, peakRps, thresholds } = of
  const preset = asked ?? written.preset
  if (!asked && written.preset && written.phases) report(['preset'], 'expected preset or phases, got both')
  if (driver === 'k6' || driver === 'jmeter') {
    const told = `${driver} brings its own phases: leave it out`
    if (written.phases) report(['phases'], told)
    if (preset) report(['preset'], told)
    return []
  }
  const hasRates = driver === 'builtin'
  if (!hasRates && preset) report(['preset'], 'a preset is a course of rates, which only the builtin driver makes')
  else if (preset && peakRps === null) report(['preset'], 'its rates are percentages: add peak, like peak: 1000/s')
  else if (preset)
    return settlePhases(planSchema.parse({ phases: presets[preset] }).phases ?? [], { ...of, hasRates, report })
  if (hasRates && !preset && !written.phases)
    report(['phases'], 'missing: expected phases, or preset: quick (a minute) or standard (4 h 22 min)')
  return settlePhases(written.phases ?? [], { peakRps, thresholds, hasRates, report })
}

/** A rate that nobody means costs a host dearly, its own one, too: one digit too many is a tenfold load. */
function checkCeiling(phases: readonly PlannedPhase[], ceilingRps: number | null, report: Report): void {
  const highest = highestRpsOf(phases)
  const most = ceilingRps ?? PEAK_OF_THIS_HOST
  if (highest > most)
    report(
      ['ceiling'],
      `the phases ask for up to ${highest}/s and the ceiling is ${most}/s: if that is meant, ceiling: ${Math.ceil(highest)}/s`,
    )
}

function abortOf(written: WrittenPlan['abort'], driver: string, report: Report): AbortRule | null {
  if (driver === 'none' || driver === 'follow') {
    if (written) report(['abort'], `driver ${driver} does not make the load and cannot stop it: leave abort out`)
    return null
  }
  if (written === false) return null
  return {
    errors: written?.errors ?? defaultAbort.errors,
    windowMs: written?.window ?? defaultAbort.windowMs,
    minRequests: written?.min ?? defaultAbort.minRequests,
  }
}

function probesOf(written: readonly string[] | undefined, { probeNames, report }: Settling): readonly string[] | null {
  if (!written) return null
  for (const [index, name] of written.entries()) {
    if (written.indexOf(name) !== index) report(['probes', index], `${JSON.stringify(name)} stands here twice`)
    if (!probeNames || probeNames.includes(name)) continue
    const meant = nearest(name, probeNames)
    report(
      ['probes', index],
      `no probe is called ${JSON.stringify(name)}; ${meant ? `did you mean ${meant}?` : `there are ${probeNames.join(', ')}`}`,
    )
  }
  return written
}

const hundredfold = (share: number | null | undefined, otherwise: number | null): number | null =>
  share === undefined ? otherwise : share === null ? null : share * 100

const folderOf = ({ path }: Settling): string => dirname(resolve(path))

/** A file another tool will read: it must be there. */
function fileOf(name: string, path: readonly Key[], settling: Settling): string {
  contentOf(name, path, settling)
  return resolve(folderOf(settling), name)
}

function contentOf(name: string, path: readonly Key[], settling: Settling): Buffer | null {
  const file = resolve(folderOf(settling), name)
  try {
    return settling.readFile(file)
  } catch (error) {
    settling.report(path, `cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`)
    return null
  }
}

function expand(text: string, path: readonly Key[], { env, report }: Settling): string {
  try {
    return expandVariables(text, env)
  } catch (error) {
    if (!(error instanceof MissingVariable)) throw error
    report(path, error.message)
    return ''
  }
}
