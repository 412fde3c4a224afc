import { setTimeout as sleep } from 'node:timers/promises'
import { sanitizeText } from '../../../probes/index.ts'
import { kindOfName } from '../../plan/phase-kind.ts'
import type { Course, DriverVerdict, LoadDriver } from '../driver.ts'
import { tailFile } from '../follow/tail.ts'
import { LoadError } from '../load-error.ts'
import { createSampleBooks } from '../samples.ts'
import { followClock } from '../wall-clock.ts'
import { createCounts } from './counts.ts'
import { createCsvReader } from './csv.ts'
import { createJsonReader } from './json.ts'
import { restOf } from './rest.ts'
import { createRequestAssembler, type K6Event, type MetricReader, type MetricRow } from './rows.ts'
import { countedReasons } from './verdict.ts'
import { writersOf } from './writers.ts'

export interface K6FollowOptions {
  /** what a k6 that somebody else started writes by `--out csv=FILE` or `--out json=FILE` */
  file: string
  format?: 'csv' | 'json' | 'auto'
  /** `host:port` of its REST API, if it has one: as long as it answers, a file that does not grow is not at its end */
  restAddress?: string
  /**
   * without news for so long, ms, the run is over, where it cannot be seen who writes the file: k6 writes its number of VUs
   * each second
   */
  idleMs?: number
}

const SETTLE_EVERY_MS = 250
const IDLE_MS = 10_000
const LOOK_FOR_END_EVERY_MS = 200
/** All processes are looked through for who writes the file. */
const LOOK_EVERY_MS = 2_000
/** Status of k6 from which on nothing is sent any more: ended, interrupted, marked as failed. */
const ENDED = 9

/**
 * Follows the output of a k6 that runs already. A scenario's first request begins a phase: the kernel is cut when that
 * request is read, which is later than k6 began the scenario by k6's flush (its CSV each second unless K6_CSV_SAVE_INTERVAL
 * says otherwise, its JSON up to two seconds when little happens). Requests are placed by their scenario.
 */
export function k6Follow(options: K6FollowOptions): LoadDriver {
  const stopping = new AbortController()
  const writers = new Set<number>()
  let ended: Promise<unknown> = Promise.resolve()
  return {
    name: 'follow',
    pids: () => [...writers],
    run: (course) => {
      const run = follow(course, options, writers, stopping.signal)
      ended = run.catch(() => undefined) // told by `run`
      return run
    },
    stop: async () => {
      stopping.abort()
      await ended
    },
  }
}

async function follow(
  course: Course,
  options: K6FollowOptions,
  /** who makes the load, kept up to date */
  writers: Set<number>,
  signal: AbortSignal,
): Promise<DriverVerdict> {
  const name = sanitizeText(options.file)
  const since = { ns: process.hrtime.bigint(), earlier: 0 }
  const toMonotonic = followClock((text) => course.note(text))
  const counts = createCounts()
  const books = createSampleBooks((slice) => course.slice(slice))
  books.begin({ id: course.firstPhase, atNs: since.ns, plannedRps: null })
  const phases = new Map<string, { id: number; atNs: bigint }>()
  const end = new AbortController()
  const isOver = isOverBy(options, writers)
  let newsMs = performance.now()
  const looking = abortWhen(() => isOver(performance.now() - newsMs), end, signal)
  looking.catch(() => undefined) // told when it is awaited
  const settling = setInterval(() => books.settle(process.hrtime.bigint()), SETTLE_EVERY_MS)

  let events: K6Event[] = []
  const assembler = createRequestAssembler((event) => events.push(event))
  let reader: MetricReader | null = null

  const take = async (event: K6Event) => {
    if (event.type !== 'request' && event.type !== 'dropped') return counts.take(event)
    const endNs = toMonotonic(event.type === 'request' ? event.endUnixMs : event.unixMs)
    if (endNs < since.ns) {
      if (event.type === 'request') since.earlier++
      return
    }
    counts.take(event)
    if (event.scenario !== '' && !phases.has(event.scenario)) {
      const begun = await course.begin(event.scenario, kindOfName(event.scenario))
      phases.set(event.scenario, begun)
      books.begin({ ...begun, plannedRps: null })
    }
    const own = phases.get(event.scenario)
    const startNs = event.type === 'request' ? endNs - BigInt(Math.round(event.responseMs * 1e6)) : endNs
    // What came before the cut is the scenario's all the same; what comes later is of the phase that runs by then.
    const phase = own && startNs < own.atNs ? own.id : null
    if (event.type === 'dropped') return books.drop(startNs, event.count, phase)
    const { responseMs, serviceMs, outcome } = event
    books.add({ startNs, responseMs, serviceMs, outcome, phase })
  }
  const takeAll = async () => {
    const taken = events
    events = []
    for (const event of taken) await take(event)
  }

  course.note(`following ${name}: a phase begins when the first request of a scenario is read, up to seconds late`)
  try {
    const onRestart = () => course.note(`${name} became shorter or was replaced: read from its start again`)
    for await (const chunk of tailFile(options.file, { signal: AbortSignal.any([signal, end.signal]), onRestart })) {
      newsMs = performance.now()
      reader ??= readerFor(options, chunk, assembler.row)
      reader.write(chunk)
      await takeAll()
    }
    reader?.end()
    assembler.end()
    await takeAll()
  } finally {
    end.abort()
    await looking
    clearInterval(settling)
    writers.clear()
    books.close(process.hrtime.bigint())
  }
  if (!reader && !signal.aborted)
    throw new LoadError('tool_failed', `nothing came in ${name}`, `start k6 with --out csv=${name}`)
  if (since.earlier > 0) course.note(`${since.earlier} requests had ended before they were watched and are not counted`)
  if (reader && reader.skipped > 0) course.note(`${reader.skipped} lines of ${name} were no metric and are not counted`)
  if (reader?.wholeSeconds)
    course.note(`${name} tells times in whole seconds: set K6_CSV_TIME_FORMAT=unix_nano to place requests better`)
  return { failed: null, reasons: countedReasons(counts) }
}

/** Looks now and then; ends itself when somebody else has. */
async function abortWhen(isOver: () => Promise<boolean>, end: AbortController, signal: AbortSignal): Promise<void> {
  while (!(signal.aborted || end.signal.aborted)) {
    try {
      if (await isOver()) return end.abort()
    } catch (error) {
      end.abort() // nobody would ever say that the run is over
      throw error
    }
    // A sleep that is cut short is noticed by the loop's condition.
    await sleep(LOOK_FOR_END_EVERY_MS, undefined, { signal: AbortSignal.any([signal, end.signal]) }).catch(
      () => undefined,
    )
  }
}

function readerFor(options: K6FollowOptions, first: Buffer, onRow: (row: MetricRow) => void): MetricReader {
  const { format = 'auto' } = options
  const isJson = format === 'auto' ? first.toString('utf8', 0, 16).trimStart().startsWith('{') : format === 'json'
  return isJson ? createJsonReader(onRow) : createCsvReader(onRow)
}

/**
 * Whether a file is at its end: nothing new came, and whoever wrote it has closed it or, where we cannot see who that is,
 * nothing has come for long and no REST API says that k6 runs.
 */
function isOverBy(
  { file, restAddress, idleMs = IDLE_MS }: K6FollowOptions,
  writers: Set<number>,
): (idleForMs: number) => Promise<boolean> {
  const rest = restAddress === undefined ? null : restOf(restAddress)
  let seen = false
  let lookedMs = Number.NEGATIVE_INFINITY
  return async (idleForMs) => {
    const nowMs = performance.now()
    if (nowMs - lookedMs >= LOOK_EVERY_MS) {
      lookedMs = nowMs
      writers.clear()
      for (const pid of await writersOf(file)) writers.add(pid)
      if (seen && writers.size === 0) return true
      seen ||= writers.size > 0
    }
    if (idleForMs < idleMs || writers.size > 0) return false
    const status = await rest?.status()
    return !status || status.status >= ENDED
  }
}
