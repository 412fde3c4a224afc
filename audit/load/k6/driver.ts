import { setTimeout as sleep } from 'node:timers/promises'
import { temporaryFolder } from '../../../files/index.ts'
import { hideSecrets, sanitizeText } from '../../../probes/index.ts'
import type { Course, DriverVerdict, LoadDriver } from '../driver.ts'
import { LoadError } from '../load-error.ts'
import { findOnPath } from '../program.ts'
import { createCsvReader } from './csv.ts'
import { inspectScript, type K6Program, versionOf } from './inspect.ts'
import { createLedger, type K6Ledger } from './ledger.ts'
import { createComplaint, type K6LogLine } from './log.ts'
import type { K6Timetable } from './plan.ts'
import { EndedEarly, type K6Exit, type K6Process, startK6 } from './process.ts'
import type { MetricRow } from './rows.ts'
import { failureOf, verdictOf } from './verdict.ts'

export interface K6Options {
  script: string
  /** further arguments of `k6 run` */
  args?: readonly string[]
  /** variables for the script and for k6, beside PATH and HOME */
  env?: Readonly<Record<string, string>>
  /** takes secrets out of what k6 says; by default what looks like one */
  clean?: (text: string) => string
  /** ends a start that takes long; afterwards `stop` does */
  signal?: AbortSignal
}

/** k6 that stands at its start: VUs are made, the first request waits for `run`. `stop` ends it, whether it ran or not. */
export interface K6Driver extends LoadDriver {
  readonly program: K6Program
  /** what it will do; its first phase is the one that has to run when `run` is called */
  readonly timetable: K6Timetable
}

const SETTLE_EVERY_MS = 250
/** Beyond its own timetable, graceful stops included: teardown, summaries, a slow disk. */
const OVERTIME_MS = 5 * 60_000
const LATE_CUT_MS = 50
const VAGUE_START_MS = 100
/** Notes from k6's log; a script may complain with each iteration. */
const NOTES_LIMIT = 50
const TRACE_LIMIT = 5
const TRIED = /^[12]\./

/**
 * Starts k6 paused and reads its timetable.
 *
 * @throws LoadError `tool_missing` without k6, `bad_script` when it cannot use the script, `tool_failed` otherwise
 */
export async function k6Driver({
  script,
  args = [],
  env = {},
  clean = hideSecrets,
  signal,
}: K6Options): Promise<K6Driver> {
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: process.env['HOME'] ?? '/',
    ...env,
    K6_NO_USAGE_REPORT: 'true',
    K6_AUTO_EXTENSION_RESOLUTION: 'false',
  }
  const k6 = findOnPath('k6', environment.PATH)
  if (k6 === null) {
    const fix = 'install k6 (https://grafana.com/docs/k6), or use the built-in load: load: { driver: builtin }'
    throw new LoadError('tool_missing', 'no k6 on the PATH', fix)
  }
  const [version, timetable] = await Promise.all([
    versionOf(k6, environment),
    inspectScript(k6, script, args, environment, clean),
  ])
  const program = { path: k6, version }

  const folder = temporaryFolder('k6')
  const remove = () => folder.discard()
  const log = createLog()
  // Before the release there is a header to read, and no value.
  let onRow = (_: MetricRow): void => {}
  const reader = createCsvReader((row) => onRow(row))
  let child: K6Process
  try {
    const files = { folder, clean, onData: reader.write, onLog: log.take, ...(signal ? { signal } : {}) }
    child = await startK6({ k6, script, args, env: environment, ...files })
  } catch (error) {
    remove()
    throw error instanceof EndedEarly ? endedEarly(script, error.exit, log.complaint()) : error
  }

  let isRunning = true
  let stopping = false
  let driving: Promise<DriverVerdict> | null = null
  void child.ended.then(() => {
    isRunning = false
  })
  const stop = async () => {
    stopping = true
    await child.stop()
    await driving?.catch(() => undefined) // it still reads the summary; its failure is told by `run`
    remove()
  }

  const drive = async (course: Course): Promise<DriverVerdict> => {
    if (program.version === null || !TRIED.test(program.version))
      course.note(`probe was tried with k6 1 and 2; this is ${program.version ?? 'of unknown version'}`)
    log.speakTo((text) => course.note(text))
    const ledger = createLedger(course, timetable.phases)
    onRow = ledger.row
    const settling = setInterval(ledger.settle, SETTLE_EVERY_MS)
    try {
      const start = stopping ? null : await child.release()
      if (start) {
        if (start.withinMs > VAGUE_START_MS)
          course.note(`k6 began within ${start.withinMs.toFixed(0)} ms: its phases are cut no better than that`)
        ledger.released(start.atNs)
        await beginPhases(course, timetable, start.atNs, child.ended, ledger)
      }
      const exit = await child.ended
      reader.end()
      ledger.end()
      const { iterations, requests } = ledger.counts.totals()
      if (iterations > 0 && requests === 0)
        course.note(`k6 ran ${iterations} iterations without an HTTP request: other protocols are not counted`)
      if (reader.skipped > 0) course.note(`${reader.skipped} lines of k6's output were no metric and are not counted`)
      return verdictOf({
        ...exit,
        stopped: stopping,
        ran: start !== null,
        thresholds: await child.thresholds(),
        ...{ checks: ledger.counts.checks, dropped: ledger.counts.dropped },
        complaint: log.complaint(),
      })
    } finally {
      clearInterval(settling)
    }
  }
  return {
    name: 'k6',
    program,
    timetable,
    pids: () => (isRunning ? [child.pid] : []),
    run: async (course) => {
      try {
        driving = drive(course)
        return await driving
      } finally {
        // Whatever happened: no load goes on that nobody watches.
        await stop()
      }
    },
    stop,
  }
}

/** Cuts where the timetable says, until k6 has ended. */
async function beginPhases(
  course: Course,
  { phases, totalMs }: K6Timetable,
  zeroNs: bigint,
  ended: Promise<unknown>,
  ledger: K6Ledger,
): Promise<void> {
  const over = new AbortController()
  void ended.then(() => over.abort())
  const sinceStartMs = () => Number(process.hrtime.bigint() - zeroNs) / 1e6
  /** False: k6 ended first. */
  const reach = async (ms: number): Promise<boolean> => {
    const waitMs = ms - sinceStartMs()
    if (waitMs <= 0) return true
    // A sleep that is cut short by the end is told apart by the signal.
    await sleep(waitMs, undefined, { signal: over.signal }).catch(() => undefined)
    return !over.signal.aborted
  }
  for (const { name, kind, startMs } of phases.slice(1)) {
    if (!(await reach(startMs))) return
    const begun = await course.begin(name, kind)
    ledger.begun(begun)
    const lateMs = Number(begun.atNs - zeroNs) / 1e6 - startMs
    if (lateMs > LATE_CUT_MS) course.note(`phase ${name} was cut ${lateMs.toFixed(0)} ms after k6 began it`)
  }
  if (!(await reach(phases.at(-1)?.endMs ?? 0))) return
  ledger.planOver()
  if (!(await reach(totalMs + OVERTIME_MS))) return
  throw new LoadError('tool_failed', 'k6 did not end with its timetable', 'run the script with k6 alone first')
}

interface K6Log {
  take(line: K6LogLine): void
  speakTo(note: (text: string) => void): void
  complaint(): string | null
}

/** Each distinct warning and error of k6's log once, as notes of the run; of a crash its beginning. */
function createLog(): K6Log {
  const told = new Set<string>()
  const early: string[] = []
  const complaint = createComplaint()
  let speak = (text: string): void => void early.push(text)
  let traced = 0
  return {
    take: (line) => {
      complaint.take(line)
      const { level, text } = line
      const isWorth = level === null ? ++traced <= TRACE_LIMIT : level !== 'info' && level !== 'debug'
      if (!isWorth || told.has(text) || told.size >= NOTES_LIMIT) return
      told.add(text)
      speak(`k6: ${text}`)
    },
    speakTo: (note) => {
      speak = note
      for (const text of early.splice(0)) note(text)
    },
    complaint: complaint.text,
  }
}

const endedEarly = (script: string, exit: K6Exit, complaint: string | null): LoadError =>
  new LoadError(
    'tool_failed',
    `${failureOf({ ...exit, complaint })} (${sanitizeText(script)})`,
    'run it with k6 alone first',
  )
