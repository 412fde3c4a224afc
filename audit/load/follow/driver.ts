import { existsSync } from 'node:fs'
import { sanitizeText } from '../../../probes/index.ts'
import { kindOfName } from '../../plan/phase-kind.ts'
import type { Course, LoadDriver } from '../driver.ts'
import { createPhaseKeeper, type PhaseKeeper } from '../phase-keeper.ts'
import { followClock } from '../wall-clock.ts'
import { createSampleReader, type SampleFormat } from './formats.ts'
import { createGroupPhases } from './group-phases.ts'
import { ofFile } from './import.ts'
import { createSkipCount } from './skip-count.ts'
import { tailFile } from './tail.ts'
import type { SampleReader, WallSample } from './wall-sample.ts'

export interface FollowOptions {
  /** a JTL, or a CSV or NDJSON with the keys of plain-row.ts, that somebody else's load tool writes; waited for when absent */
  file: string
  format: SampleFormat
  /** the load counts as over when nothing was added for so long after its first request; null: only `stop()` ends it */
  quietMs?: number | null
}

const QUIET_MS = 60_000
const MS_NS = 1_000_000n

/**
 * Follows the output of a load that somebody else runs. Its phases begin when the first request of a new group (JMeter: thread
 * group) is read, so as late as the tool writes it; requests that started before are left out.
 *
 * `run` rejects with LoadError `samples_unreadable` when the file is none that can be read.
 */
export function followDriver({ file, format, quietMs = QUIET_MS }: FollowOptions): LoadDriver {
  const stopping = new AbortController()
  const shown = sanitizeText(file, { maxLength: 200 })
  return {
    name: 'follow',
    pids: () => [],
    run: async (course) => {
      const keeper = createPhaseKeeper(course, process.hrtime.bigint())
      const follow = follower(course, keeper, shown)
      const silence = createSilence(quietMs, () => {
        course.note(`${shown}: nothing was added for ${(quietMs ?? 0) / 1000} s; the load is over`)
        stopping.abort()
      })
      let read = readSamples(format, follow, course)
      if (!existsSync(file)) course.note(`${shown} is not there yet: waiting for it`)
      try {
        const tail = tailFile(file, {
          signal: stopping.signal,
          onRestart: () => (read = readSamples(format, follow, course)),
        })
        for await (const chunk of tail) {
          read.reader.write(chunk)
          if ((await follow.take(read.batch.splice(0))) > 0) silence.reset()
        }
        read.reader.end()
        await follow.take(read.batch.splice(0))
      } catch (error) {
        throw ofFile(file, error)
      } finally {
        silence.stop()
        keeper.close()
        follow.tell()
      }
      return { failed: null, reasons: [] }
    },
    stop: async () => stopping.abort(),
  }
}

interface Follower {
  /** books samples, begins phases; resolves with how many count */
  take(samples: readonly WallSample[]): Promise<number>
  skipped(why: string): void
  /** what was left out */
  tell(): void
}

function follower(course: Course, keeper: PhaseKeeper, shown: string): Follower {
  const firstNs = keeper.current().atNs
  const groups = createGroupPhases()
  const toMonotonic = followClock((text) => course.note(text))
  const skips = createSkipCount()
  const told = new Set<string>()
  let past = 0

  const noteOnce = (why: string, text: string) => {
    if (told.has(why)) return
    told.add(why)
    course.note(text)
  }
  const phaseOf = async (group: string | null, startNs: bigint): Promise<number | null> => {
    const placement = groups.place(group, startNs)
    if (placement.to === 'phase') return placement.id
    if (placement.to === 'begin') {
      const phase = await keeper.begin(placement.name, kindOfName(placement.name))
      groups.begun(placement.name, phase)
      return phase.id
    }
    if (placement.why === 'parallel')
      noteOnce('parallel', `${shown}: groups run side by side; a request counts in the phase it started in`)
    if (placement.why === 'too many')
      noteOnce('too many', `${shown}: more than 100 phases; the rest count in the last one`)
    return null
  }

  return {
    async take(samples) {
      let count = 0
      for (const { startMs, group, groupNumber: _, ...sample } of samples) {
        const startNs = toMonotonic(startMs)
        // Files round down to a millisecond.
        if (startNs + MS_NS <= firstNs) {
          past++
          continue
        }
        count++
        keeper.books.add({ ...sample, startNs, phase: await phaseOf(group, startNs) })
      }
      return count
    },
    skipped: skips.add,
    tell() {
      if (past > 0)
        course.note(`${shown}: ${past} ${past === 1 ? 'request' : 'requests'} from before this run left out`)
      const text = skips.tell(shown)
      if (text) course.note(text)
    },
  }
}

function readSamples(
  format: SampleFormat,
  { skipped }: Follower,
  { note }: Course,
): { reader: SampleReader; batch: WallSample[] } {
  const batch: WallSample[] = []
  return { batch, reader: createSampleReader(format, { sample: (sample) => batch.push(sample), skipped, note }) }
}

/** Calls `onQuiet` when it was not reset for so long; the first reset starts it. */
function createSilence(quietMs: number | null, onQuiet: () => void): { reset(): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined
  const stop = () => clearTimeout(timer)
  return {
    reset() {
      stop()
      if (quietMs !== null) timer = setTimeout(onQuiet, quietMs)
    },
    stop,
  }
}
