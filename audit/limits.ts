/**
 * What is read of a file at most. Anybody may have written it, so every reader has bounds that fit a gigabyte of memory
 * and a time that goes by the file's size; all of them stand here. Past a bound the rest is left out and counted, or the
 * file is refused with the bound in the message. `npm run fuzz` and test/fuzz/bombs.test.ts hold the readers to them.
 */
interface Limit {
  most: number
  /** what there is at most, so that "more than 2000 notes and marks" can be said */
  of: string
  /** what is counted as left out, where that is something else */
  left?: string
  reason: string
}

const MIB = 1 << 20

const table = {
  // ---- a recording: the lines of the file ----
  lineBytes: {
    most: 8 * MIB,
    of: 'bytes in a line',
    left: 'lines',
    reason:
      'the longest real one, the stacks of a four-hour phase, takes 1 MiB; parsed, a line takes up to 20 times its size',
  },
  depth: {
    most: 64,
    of: 'levels of JSON',
    left: 'lines',
    reason: 'a plan has some 8; what walks them calls itself for each',
  },
  unpackedFloor: {
    most: 32 * MIB,
    of: 'bytes unpacked, whatever the packed size',
    reason: 'a short recording of an idle target packs well; so much is read in a second',
  },
  unpackedRatio: {
    most: 64,
    of: 'times its packed size, unpacked',
    reason: 'recordings unpack to 3 to 20 times their size, what is made to burst to 1000',
  },
  unpackedBytes: {
    most: 8192 * MIB,
    of: 'bytes unpacked',
    reason: 'a recording of a week takes half of it',
  },
  damagedLines: {
    most: 100_000,
    of: 'lines that are no records',
    reason: 'a file that holds so many is something else',
  },
  tailBytes: {
    most: 32 * MIB,
    of: 'bytes of windows still to be added up',
    reason: 'ten seconds of windows take 1 MiB',
  },

  // ---- a recording: what a model keeps of it ----
  notes: { most: 2_000, of: 'notes and marks', reason: 'the first and the latest; nobody reads more' },
  losses: { most: 20_000, of: 'reports of loss', reason: 'the first and the latest; the sums of phases are whole' },
  phases: { most: 500, of: 'phases', reason: 'each is a column of every profile, a row of every table' },
  probesOfPhase: { most: 64, of: 'probes in a phase', reason: 'the catalog has eight' },
  frames: { most: 1_000_000, of: 'frame names', reason: 'the most that was seen is 60 000' },
  frameText: { most: 128 * MIB, of: 'characters of frame names', reason: 'as the frames' },
  windowText: {
    most: 96 * MIB,
    of: 'characters of windows over time',
    left: 'windows over time',
    reason: 'a real run with ten phases keeps 40 Mi; the sums of phases go on',
  },
  phaseText: {
    most: 4 * MIB,
    of: 'characters of what a probe saw in a phase',
    left: 'windows of a phase',
    reason: 'a busy phase takes 100 kB',
  },
  summaryText: {
    most: 16 * MIB,
    of: 'characters of the summary',
    left: 'parts of the summary',
    reason: 'that of a hundred phases takes 1 MiB',
  },
  sources: { most: 256, of: 'sources of telemetry', reason: 'there are some 30' },
  telemetryNames: {
    most: 20_000,
    of: 'numbers of telemetry',
    reason: 'names of all sources together; destinations come and go, a host has up to 2 000',
  },
  telemetryKept: {
    most: 1_000_000,
    of: 'numbers of telemetry in phases',
    reason: 'each phase has its own first and last',
  },
  errorClasses: { most: 256, of: 'classes of errors', reason: 'there are some 30; further ones count as "other"' },
  histogramText: { most: 256 << 10, of: 'characters of a latency histogram', reason: 'the largest takes 100 kB' },

  // ---- stacks, of any file ----
  depthOfStack: {
    most: 100_000,
    of: 'frames in a stack',
    left: 'stacks',
    reason: 'tracers stop at 127, most runtimes at 10 000; what is written of stacks grows with its square',
  },
  places: {
    most: 8 * MIB,
    of: 'places of stacks',
    left: 'stacks',
    reason: 'each takes 40 to 80 bytes, and as much again while it is drawn',
  },
  cells: {
    most: 16 * MIB,
    of: 'places of stacks times phases',
    left: 'stacks',
    reason: 'each takes 16 bytes',
  },
  stackLine: {
    most: 256 * MIB,
    of: 'bytes without an end of line',
    reason: 'what goes on so never ends, and holds no stacks',
  },
  nameBytes: { most: 96 * MIB, of: 'bytes of names', reason: 'a name takes its text twice' },
  columns: { most: 100, of: 'phases in a file of stacks', reason: 'each weighs every place' },

  // ---- a pprof profile ----
  pprofBytes: { most: 128 * MIB, of: 'bytes', reason: 'read as a whole; the largest of a busy service are 20 MiB' },
  pprofUnpacked: { most: 192 * MIB, of: 'bytes unpacked', reason: 'as a recording; half of it is texts' },
  pprofEntries: {
    most: 1_500_000,
    of: 'entries (texts, functions, locations, lines, mappings, samples, labels)',
    reason: 'each takes up to 200 bytes; the largest real ones have 300 000',
  },
  pprofTypes: { most: 64, of: 'kinds of values', reason: 'heap profiles have four' },
  pprofFrames: { most: 20_000_000, of: 'frames in all of its stacks', reason: 'so many are read in two seconds' },

  // ---- an SVG of ours ----
  svgBytes: { most: 128 * MIB, of: 'bytes', reason: 'the picture of a file with 8 Mi places takes 100 MiB' },
  svgUnpacked: {
    most: 192 * MIB,
    of: 'bytes of its profile, unpacked',
    reason: 'some 12 bytes a place, and the names',
  },

  svgRatio: {
    most: 200,
    of: 'times the packed size of its profile',
    reason: 'many phases that weigh little pack 50 times',
  },

  // ---- results and plans of load tools ----
  jmxElements: { most: 1_000_000, of: 'elements', reason: 'a plan of 64 MiB has half of them' },
  jmxDepth: { most: 1_000, of: 'levels of elements', reason: 'a plan nests three levels a controller' },
  jmxGroups: { most: 1_000, of: 'thread groups', reason: 'each is a phase, or a part of one' },
} as const satisfies Record<string, Limit>

export type LimitName = keyof typeof table
export const LIMITS: Readonly<Record<LimitName, Limit>> = table

/** A bound in words: `2000 notes and marks`, `8 MiB in a line`. */
export function limitText(name: LimitName): string {
  const { most, of } = LIMITS[name]
  if (most < MIB || most % MIB !== 0) return `${most} ${of}`
  return of.startsWith('bytes') ? `${most / MIB} MiB${of.slice('bytes'.length)}` : `${most / MIB} Mi ${of}`
}

/** What was left out of a file, and why. */
export const leftOutText = (name: LimitName, count: number): string =>
  `${count} ${LIMITS[name].left ?? LIMITS[name].of} left out: there are more than ${limitText(name)}`
