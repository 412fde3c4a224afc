import { createHash } from 'node:crypto'
import type { Dialect } from './dialect.ts'
import type { Expr } from './expr.ts'
import { type ResultMap, type ScratchMap, stateMap } from './maps.ts'
import type { Handler, ScriptParts, Statement } from './parts.ts'
import { BUSY, type Printer, printHandler, printStatement, SIDE, STACK_SIDE } from './print.ts'

/**
 * Puts the programs of several probes into one script with the frame around them: two sides of every result map that a
 * cut flips between, the list of open waits when the phase changes, a heartbeat and a hard end.
 *
 * The recorder is the clock. It calls getpriority(PRIO_PROCESS, word), a harmless system call that fails; the script
 * answers on that call's tracepoint. A syscall tracepoint is never skipped under load, as interval and profile programs
 * are. Words stand above every possible pid, so they name no process:
 */
export const WORD = {
  base: 2 ** 30,
  ping: 2 ** 30,
  release: 2 ** 30 + 1,
  stop: 2 ** 30 + 2,
  cut: 2 ** 30 + 16,
} as const

/** The word that cuts: the window that follows belongs to `phase` (>= 1); with or without printing stacks. */
export const cutWord = (phase: number, withStacks: boolean): number => WORD.cut + 2 * phase + (withStacks ? 1 : 0)

export interface Program {
  text: string
  sha256: string
  /** every map of the script by its printed name (result maps without the side suffix) */
  results: ReadonlyMap<string, { probe: string; map: ResultMap }>
  scratch: ReadonlyMap<string, { probe: string; map: ScratchMap }>
  /** entries that any map may hold */
  mapEntries: number
}

export interface ProgramOptions {
  dialect: Dialect
  /** pid of the process whose getpriority calls are obeyed */
  recorderPid: number
  /** after this the script ends itself, s */
  limitSeconds: number
  mapEntries: number
  /** statements and programs that keep the target filter up to date (children, ...) */
  targets: ScriptParts
}

/** When the phase began (CLOCK_BOOTTIME ns), for programs that clamp waits to it; the frame keeps it. */
export const phaseStart = stateMap('phase_start', 'int')

export function buildProgram(
  probes: readonly { name: string; parts: ScriptParts }[],
  options: ProgramOptions,
): Program {
  const results = new Map<string, { probe: string; map: ResultMap }>()
  const scratch = new Map<string, { probe: string; map: ScratchMap }>()
  const printer: Printer = {
    dialect: options.dialect,
    resultName: (map) => `@${map.name}`,
    scratchName: (map) => `@${map.name}`,
  }
  const register = (probe: string, parts: ScriptParts) => {
    for (const map of mapsOf(parts)) {
      if (map === phaseStart) continue
      const known = map.role === 'result' ? results : scratch
      const name = `@${map.name}`
      const owner = known.get(name)
      if (owner && owner.map !== map) throw new Error(`two maps are called ${name} (${owner.probe}, ${probe})`)
      known.set(name, { probe, map } as never)
    }
  }
  register('target', options.targets)
  for (const { name, parts } of probes) register(name, parts)

  const sections = [
    printBegin(printer, [options.targets, ...probes.map((p) => p.parts)]),
    ...options.targets.handlers.map((handler) => printHandler(printer, handler)),
    ...probes.flatMap(({ name, parts }) => [
      `// ---- ${name} ----`,
      ...orderForReadiness(parts.handlers).map((handler) => printHandler(printer, handler)),
    ]),
    printFrame([...results.keys()], scratch, results, options),
    printHeartbeat(options.limitSeconds),
    printEnd([...results.keys()], [...scratch.keys()]),
  ]
  const text = `${sections.join('\n\n')}\n`
  return {
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
    results,
    scratch,
    mapEntries: options.mapEntries,
  }
}

/** Sampling programs first: bpftrace attaches in order, so the frame's answer proves that everything before it is there. */
const orderForReadiness = (handlers: readonly Handler[]): Handler[] =>
  [...handlers].sort((a, b) => Number(isSampling(b)) - Number(isSampling(a)))
const isSampling = (handler: Handler) => handler.attach.some((point) => point.type === 'profile')

function printBegin(printer: Printer, parts: readonly ScriptParts[]): string {
  const body = parts.flatMap((p) => p.begin ?? []).flatMap((statement) => printStatement(printer, statement, '  '))
  return [
    'BEGIN',
    '{',
    `  ${SIDE} = (uint64)0; ${STACK_SIDE} = (uint64)0; ${BUSY} = (uint64)0; @phase = (uint64)0; @${phaseStart.name} = nsecs; @started = nsecs;`,
    ...body,
    '}',
  ].join('\n')
}

function printFrame(
  names: readonly string[],
  scratch: ReadonlyMap<string, { map: ScratchMap }>,
  results: ReadonlyMap<string, { map: ResultMap }>,
  options: ProgramOptions,
): string {
  const holdsStack = (name: string) => hasStack(results.get(name)?.map)
  const fast = names.filter((name) => !holdsStack(name))
  const slow = names.filter(holdsStack)
  const side = (of: readonly string[], suffix: string, indent: string) =>
    of.map((name) => `${indent}print(${name}_${suffix}); clear(${name}_${suffix});`)
  const sides = (of: readonly string[], variable: string, indent: string) =>
    of.length === 0
      ? []
      : [
          `${indent}if (${variable} == 0) {`,
          ...side(of, 'a', `${indent}  `),
          `${indent}} else {`,
          ...side(of, 'b', `${indent}  `),
          `${indent}}`,
        ]
  const shown = [...scratch]
    .filter(([, { map }]) => map.shown)
    .sort((a, b) => Number(a[1].map.holds === 'stack') - Number(b[1].map.holds === 'stack'))
    .map(([name]) => `      print(${name});`)
  const flip = (name: string, variable: string) =>
    `if (${variable} == 0) { ${name} = (uint64)1; } else { ${name} = (uint64)0; }`
  return `// ---- the frame: answers the recorder's getpriority(PRIO_PROCESS, word) ----
tracepoint:syscalls:sys_enter_getpriority
/pid == ${options.recorderPid}/
{
  $word = (uint64)args->who;
  if ($word == ${WORD.ping}) { printf("PONG %llu\\n", nsecs); }
  if ($word == ${WORD.release}) { ${BUSY} = (uint64)0; }
  if ($word == ${WORD.stop}) { exit(); }
  if ($word >= ${WORD.cut}) {
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
${sides(fast, '$side', '    ').join('\n')}
    if ($stacks == 1) {
      // last: prints are handled one after the other, and symbols take time
${sides(slow, '$stack_side', '      ').join('\n')}
    }
    printf("FIN %llu\\n", nsecs);
  }
}`
}

const hasStack = (map: ResultMap | undefined) => map?.key.includes('stack') ?? false

function printHeartbeat(limitSeconds: number): string {
  return `// an orphan dies of SIGPIPE here within a second; the limit bounds every run
interval:s:1
{
  printf("BEAT\\n");
  $started = @started;
  if ((uint64)(nsecs - $started) > ${limitSeconds}000000000) { exit(); }
}`
}

function printEnd(results: readonly string[], scratch: readonly string[]): string {
  const all = [
    ...results.flatMap((name) => [`${name}_a`, `${name}_b`]),
    ...scratch,
    SIDE,
    STACK_SIDE,
    BUSY,
    '@phase',
    `@${phaseStart.name}`,
    '@started',
  ]
  return ['// nothing is printed twice at the end', 'END', '{', ...all.map((name) => `  clear(${name});`), '}'].join(
    '\n',
  )
}

function mapsOf(parts: ScriptParts): Set<ResultMap | ScratchMap> {
  const maps = new Set<ResultMap | ScratchMap>()
  const expression = (expr: Expr): void => {
    if (expr.node === 'read') {
      maps.add(expr.map)
      expr.key.forEach(expression)
    } else if (expr.node === 'binary') {
      expression(expr.left)
      expression(expr.right)
    } else if (expr.node === 'unary' || expr.node === 'cast') expression(expr.value)
    else if (expr.node === 'field') expression(expr.of)
    else if (expr.node === 'load' || expr.node === 'ntop') expression(expr.address)
  }
  const statement = (s: Statement): void => {
    if (s.do === 'let') expression(s.value)
    if (s.do === 'set' || s.do === 'forget') {
      maps.add(s.map)
      s.key.forEach(expression)
      if (s.do === 'set') expression(s.value)
    }
    if (s.do === 'record')
      for (const update of s.updates) {
        maps.add(update.map)
        update.key.forEach(expression)
        if (update.value) expression(update.value)
      }
    if (s.do === 'if') {
      expression(s.when)
      s.yes.forEach(statement)
      s.otherwise.forEach(statement)
    }
  }
  parts.begin?.forEach(statement)
  for (const handler of parts.handlers) {
    if (handler.when) expression(handler.when)
    handler.body.forEach(statement)
  }
  return maps
}

/** The tracepoints and fields a script reads: what the host is asked for before it is attached. */
export function tracepointsOf(parts: ScriptParts): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit)
    else if (value !== null && typeof value === 'object') {
      const node = value as Record<string, unknown>
      if (node['node'] === 'arg') found.get(String(node['tracepoint']))?.add(String(node['field']))
      Object.values(node).forEach(visit)
    }
  }
  for (const handler of parts.handlers)
    for (const point of handler.attach)
      if (point.type === 'tracepoint') found.set(point.name, found.get(point.name) ?? new Set())
  visit(parts.handlers)
  return found
}
