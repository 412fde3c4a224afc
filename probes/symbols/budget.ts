import { sanitizeText } from '../text.ts'
import { LIMITS, type LimitName } from './limits.ts'

/** What may still be read, and what had to be left out. */
export interface Budget {
  /** Takes so much of what all processes share; false when there is not enough left: then nothing is taken. */
  take: (name: LimitName, amount: number, of: string) => boolean
  /** Gives back what is no longer held. */
  release: (name: LimitName, amount: number) => void
  /** For a limit that each thing has by itself; false when `amount` is past it. */
  allows: (name: LimitName, amount: number, of: string) => boolean
  /** Works for a process, on its time; null, without working, when that is used up. */
  onTimeOf: <T>(pid: number, of: string, work: () => T) => T | null
  /** What was left out since the last call, ready to be shown; each limit once. */
  takeNotes: () => string[]
}

/** What a limit means to who reads a note. */
const MEANINGS: Readonly<Record<LimitName, (limit: number) => string>> = {
  perfMapBytes: (n) => `a perf map is read up to ${mib(n)}, its newest part`,
  perfMapEntries: (n) => `a perf map is read up to ${n} functions, the newest ones`,
  perfMapLineBytes: (n) => `a line of a perf map is read up to ${n} bytes`,
  perfMapsBytes: (n) => `perf maps of all processes are read up to ${mib(n)}`,
  mapsBytes: (n) => `a process's list of mapped files is read up to ${mib(n)}`,
  regions: (n) => `of a process ${n} executable ranges are looked at`,
  openFiles: (n) => `${n} mapped files are looked at`,
  elfHeaders: (n) => `${n} headers of a file are looked at`,
  noteSegments: (n) => `${n} segments with notes are looked at`,
  noteBytes: (n) => `notes are read up to ${n} bytes`,
  symbols: (n) => `of a file ${n} symbols are read`,
  symbolsTogether: (n) => `of all files ${n} symbols are read`,
  ehFrameBytes: (n) => `.eh_frame without an index is read up to ${mib(n)}`,
  ehFrameEntries: (n) => `.eh_frame without an index is read up to ${n} entries`,
  checksumBytes: (n) => `debug files are checked up to ${mib(n)} in all`,
  packedBytes: (n) => `a packed symbol table is read up to ${mib(n)}`,
  unpackedBytes: (n) => `a symbol table is unpacked up to ${mib(n)}`,
  unpackedTogether: (n) => `symbol tables are unpacked up to ${mib(n)} in all`,
  processMs: (n) => `the files of a process are read for ${n / 1000} s`,
}

const mib = (bytes: number): string => `${bytes / 1024 / 1024} MiB`
const SHOWN_LENGTH = 200

/** One for all that is read for a target. */
export function createBudget(limits: Readonly<Record<LimitName, number>> = LIMITS): Budget {
  const used = new Map<LimitName, number>()
  const usedMs = new Map<number, number>()
  const said = new Set<LimitName>()
  const notes: string[] = []
  let working = false

  const leaveOut = (name: LimitName, of: string): false => {
    if (said.has(name)) return false
    said.add(name)
    const what = sanitizeText(of, { maxLength: SHOWN_LENGTH })
    notes.push(
      `names may be missing from stacks: ${MEANINGS[name](limits[name])}, and there is more (first seen: ${what})`,
    )
    return false
  }
  return {
    take: (name, amount, of) => {
      const sum = (used.get(name) ?? 0) + amount
      if (sum > limits[name]) return leaveOut(name, of)
      used.set(name, sum)
      return true
    },
    release: (name, amount) => used.set(name, Math.max(0, (used.get(name) ?? 0) - amount)),
    allows: (name, amount, of) => amount <= limits[name] || leaveOut(name, of),
    onTimeOf: (pid, of, work) => {
      // Work within work is on the time of the outer.
      if (working) return work()
      const before = usedMs.get(pid) ?? 0
      if (before > limits.processMs) {
        leaveOut('processMs', of)
        return null
      }
      const begun = performance.now()
      working = true
      try {
        return work()
      } finally {
        working = false
        usedMs.set(pid, before + performance.now() - begun)
      }
    },
    takeNotes: () => notes.splice(0),
  }
}
