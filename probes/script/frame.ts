import type { Dialect } from './dialect.ts'
import { type Expr, variable } from './expr.ts'
import { type ResultMap, type ScratchMap, stateMap } from './maps.ts'
import { BUSY, SIDE, STACK_SIDE } from './print.ts'

/**
 * What decides when a window ends.
 *
 * `cuts`: the recorder is the clock. It calls getpriority(PRIO_PROCESS, word), a harmless system call that fails; the
 * script answers on that call's tracepoint. A syscall tracepoint is never skipped under load, as interval and profile
 * programs are, and the cut can be made exactly where a phase begins.
 *
 * `ticks`: bpftrace's own interval, for a script that a person runs by hand. A busy machine skips ticks: that is why each
 * window is stamped.
 */
export type FrameKind =
  | { kind: 'cuts' /** pid of the process whose getpriority calls are obeyed */; recorderPid: number }
  | { kind: 'ticks' }

/** of the number that a word carries */
const BITS = 27
const NUMBERS = 2 ** BITS

/**
 * Words stand above every possible pid, so they name no process. Those that carry a number have 27 bits for it, more than
 * any pid needs (PID_MAX_LIMIT, include/linux/threads.h); of a larger one the upper bits go first, in `high`.
 */
export const WORD = {
  base: 2 ** 30,
  ping: 2 ** 30,
  release: 2 ** 30 + 1,
  stop: 2 ** 30 + 2,
  cut: 2 ** 30 + 16,
  forget: 2 ** 30 + NUMBERS,
  join: 2 ** 30 + 2 * NUMBERS,
  leave: 2 ** 30 + 3 * NUMBERS,
  high: 2 ** 30 + 4 * NUMBERS,
} as const

/** The word that cuts: the window that follows belongs to `phase` (>= 1); with or without printing stacks. */
export const cutWord = (phase: number, withStacks: boolean): number => WORD.cut + 2 * phase + (withStacks ? 1 : 0)

/** The word that empties the maps of a thread which has ended, as the recorder knows from /proc. */
export const forgetWord = (thread: number): number => WORD.forget + thread

/** Maps of the target filter that words change. */
export interface MembershipWords {
  /** `join` adds the number as a key, `leave` removes it */
  readonly members?: ScratchMap
}

/** The words that add a number to the target's members, or remove it. */
export function memberWords(does: 'join' | 'leave', number: number): number[] {
  const high = Math.floor(number / NUMBERS)
  return [...(high > 0 ? [WORD.high + high] : []), WORD[does] + (number % NUMBERS)]
}

/** When the phase began (CLOCK_BOOTTIME ns), for programs that clamp waits to it; the frame keeps it. */
export const phaseStart = stateMap('phase_start', 'int')

/** Naming the frames of stacks is what costs a tracer: every so many ticks is enough to see them by hand. */
const TICKS_PER_STACKS = 5

export interface FrameOptions {
  dialect: Dialect
  frame: FrameKind
  /** after this the script ends itself, s */
  limitSeconds: number
  /** entries that any map may hold */
  mapEntries: number
}

interface Maps {
  words: MembershipWords
  results: readonly ResultMap[]
  scratch: readonly ScratchMap[]
  /** statements that empty what is kept of a thread */
  forget: (thread: Expr<'int'>) => readonly string[]
}

/** What stands above everything: how to run a script that is meant to be run by hand. */
export function printHead({ frame, dialect, mapEntries }: FrameOptions): string[] {
  if (frame.kind === 'cuts') return []
  const environment = Object.entries(dialect.environment(mapEntries)).map(([name, value]) => `${name}=${value}`)
  return [
    `// for bpftrace ${dialect.version.join('.')}; run it: sudo env ${environment.join(' ')} bpftrace --no-warnings FILE
// A window is printed each second between CUT (with its end, ns since boot) and FIN; stacks with every fifth.
// Maps come in pairs that take turns: @x_a is printed while @x_b fills. Ctrl-C prints what is left, and the waits still open.`,
  ]
}

/** The state that the frame keeps, set before any event. */
export function printState({ frame }: FrameOptions): string {
  const zeroes = [SIDE, STACK_SIDE, BUSY, '@phase', ...(frame.kind === 'ticks' ? ['@tick'] : [])]
  return `  ${zeroes.map((name) => `${name} = (uint64)0;`).join(' ')} @${phaseStart.name} = nsecs; @started = nsecs;`
}

/** The programs that end windows, bound the run, and leave nothing to be printed twice. */
export function printFrame(options: FrameOptions, maps: Maps): string[] {
  const { frame, limitSeconds, dialect } = options
  return frame.kind === 'cuts'
    ? [printCuts(frame.recorderPid, dialect, maps), printHeartbeat(limitSeconds), printEnd(maps)]
    : [printTicks(limitSeconds, maps), printLastWindow(maps)]
}

function printCuts(recorderPid: number, dialect: Dialect, maps: Maps): string {
  const shown = [...maps.scratch]
    .filter((map) => map.shown)
    .sort((a, b) => Number(a.holds === 'stack') - Number(b.holds === 'stack'))
    .map((map) => `      print(@${map.name});`)
  const forgets = maps.forget(variable('int', 'thread'))
  return `// ---- the frame: answers the recorder's getpriority(PRIO_PROCESS, word) ----
tracepoint:syscalls:sys_enter_getpriority
/pid == ${recorderPid}/
{
  $word = (uint64)args->who;
  if ($word == ${WORD.ping}) { printf("PONG %llu\\n", nsecs); }
  if ($word == ${WORD.release}) { ${BUSY} = (uint64)0; }
  if ($word == ${WORD.stop}) { exit(); }
${forgets.length === 0 ? '' : `${printForgets(forgets, dialect)}\n`}${printMembership(maps.words)}  if ($word >= ${WORD.cut} && $word < ${WORD.forget}) {
    // word = ${WORD.cut} + 2 * phase + (1 when stacks are wanted)
    $phase = (uint64)($word - ${WORD.cut}) >> 1;
    $stacks = $word & 1;
    $side = ${SIDE};
    $stack_side = ${STACK_SIDE};
    $old = @phase;
    $now = nsecs;
    printf("CUT %llu %llu %llu\\n", $now, $phase, $stacks);
    // from here on events go to the other side
    ${flip(SIDE, '$side')}
    if ($stacks == 1) { ${flip(STACK_SIDE, '$stack_side')} }
    if ($old != $phase) {
      // the phase changed: what still waits, and since when; first, before much of it has ended
      ${BUSY} = (uint64)1; @phase = $phase; @${phaseStart.name} = $now;
${shown.join('\n')}
    }
${printSides(maps, '    ')}
    printf("FIN %llu\\n", nsecs);
  }
}`
}

/** Before anything is deleted it is asked whether a frame is under way, as in every other program (print.ts). */
const printForgets = (forgets: readonly string[], dialect: Dialect): string =>
  [
    `  if ($word >= ${WORD.forget} && $word < ${WORD.join}) {`,
    '    // a thread has ended, and its end was not seen',
    `    $thread = (uint64)($word - ${WORD.forget});`,
    ...(dialect.deletingWhilePrintingAborts ? [`    $busy = ${BUSY};`] : []),
    ...forgets,
    '  }',
  ].join('\n')

/** Whom the recorder found in /proc, or found to be none of the target. */
const printMembership = ({ members }: MembershipWords): string =>
  members === undefined
    ? ''
    : `  if ($word >= ${WORD.high}) {
    @word_high = (uint64)($word - ${WORD.high}) << ${BITS};
  } else if ($word >= ${WORD.join}) {
    $number = (uint64)@word_high + ($word & ${NUMBERS - 1});
    @word_high = (uint64)0;
    if ($word >= ${WORD.leave}) { delete(@${members.name}[$number]); } else { @${members.name}[$number] = (uint64)1; }
  }
`

function printTicks(limitSeconds: number, maps: Maps): string {
  return `// ---- the frame: a window each second ----
interval:s:1
{
  $tick = @tick + 1;
  @tick = $tick;
  $stacks = $tick % ${TICKS_PER_STACKS} == 0 ? 1 : 0;
  $side = ${SIDE};
  $stack_side = ${STACK_SIDE};
  printf("CUT %llu\\n", nsecs);
  // from here on events go to the other side
  ${flip(SIDE, '$side')}
  if ($stacks == 1) { ${flip(STACK_SIDE, '$stack_side')} }
${printSides(maps, '  ')}
  printf("FIN %llu\\n", nsecs);
  // the limit bounds every run
  $started = @started;
  if ((uint64)(nsecs - $started) > ${limitSeconds}000000000) { exit(); }
}`
}

/** Prints and clears the sides that events have left. */
function printSides({ results }: Maps, indent: string): string {
  const slow = results.filter(holdsStack)
  const fast = results.filter((map) => !holdsStack(map))
  const side = (of: readonly ResultMap[], suffix: string, inner: string) =>
    of.map(({ name }) => `${inner}  print(@${name}_${suffix}); clear(@${name}_${suffix});`)
  const sides = (of: readonly ResultMap[], variable: string, inner: string) => [
    `${inner}if (${variable} == 0) {`,
    ...side(of, 'a', inner),
    `${inner}} else {`,
    ...side(of, 'b', inner),
    `${inner}}`,
  ]
  return [
    ...(fast.length > 0 ? sides(fast, '$side', indent) : []),
    ...(slow.length > 0
      ? [
          `${indent}if ($stacks == 1) {`,
          `${indent}  // last: prints are handled one after the other, and symbols take time`,
          ...sides(slow, '$stack_side', `${indent}  `),
          `${indent}}`,
        ]
      : []),
  ].join('\n')
}

const holdsStack = (map: ResultMap) => map.key.includes('stack')

const flip = (name: string, variable: string) =>
  `if (${variable} == 0) { ${name} = (uint64)1; } else { ${name} = (uint64)0; }`

function printHeartbeat(limitSeconds: number): string {
  return `// an orphan dies of SIGPIPE here within a second; the limit bounds every run
interval:s:1
{
  printf("BEAT\\n");
  $started = @started;
  if ((uint64)(nsecs - $started) > ${limitSeconds}000000000) { exit(); }
}`
}

const OWN_STATE = [SIDE, STACK_SIDE, BUSY, '@phase', `@${phaseStart.name}`, '@started']

const printEnd = ({ results, scratch, words }: Maps): string =>
  clearAtEnd('nothing is printed twice at the end', [
    ...results.flatMap(({ name }) => [`@${name}_a`, `@${name}_b`]),
    ...scratch.map(({ name }) => `@${name}`),
    ...OWN_STATE,
    ...(words.members === undefined ? [] : ['@word_high']),
  ])

/** bpftrace itself prints what is left in maps at the end: the last part of a window, and the waits that are still open. */
const printLastWindow = ({ scratch }: Maps): string =>
  clearAtEnd('what is not for reading', [
    ...scratch.filter((map) => !map.shown).map(({ name }) => `@${name}`),
    ...OWN_STATE,
    '@tick',
  ])

const clearAtEnd = (why: string, names: readonly string[]): string =>
  [`// ${why}`, 'END', '{', ...names.map((name) => `  clear(${name});`), '}'].join('\n')
