import { createHash } from 'node:crypto'
import type { KernelTypes } from '../host/btf.ts'
import { type FrameOptions, type MembershipWords, phaseStart, printFrame, printHead, printState } from './frame.ts'
import { declarations, mentionsIn } from './map-order.ts'
import type { ResultMap, ScratchMap } from './maps.ts'
import type { Handler, ScriptParts, Statement } from './parts.ts'
import { type Printer, printHandler, printStatement } from './print.ts'
import { forgetThread, type PerThread, whenThreadEnds } from './thread-end.ts'

export interface Program {
  text: string
  sha256: string
  /** every map of the script by its printed name (result maps without the side suffix) */
  results: ReadonlyMap<string, { probe: string; map: ResultMap }>
  scratch: ReadonlyMap<string, { probe: string; map: ScratchMap }>
  /** what is kept of threads, by probe */
  perThread: readonly PerThread[]
  /** entries that any map may hold */
  mapEntries: number
}

/** What keeps the target filter up to date, and the maps in it that the recorder changes by words. */
export interface TargetParts extends ScriptParts {
  readonly words?: MembershipWords
  /** what BEGIN puts into a map where anything reads it: what reads the kernel's structures stops all probes where it cannot */
  readonly remembered?: readonly { readonly map: ScratchMap; readonly begin: readonly Statement[] }[]
}

export interface ProgramOptions extends FrameOptions {
  /** read fields at the offsets of this kernel; null: by name, the same text on every kernel */
  layout: KernelTypes | null
  /** statements and programs that keep the target filter up to date (children, ...) */
  targets: TargetParts
}

/**
 * Puts the programs of several probes into one script with the frame around them: two sides of every result map that a
 * cut flips between, the list of open waits, a hard end.
 */
export function buildProgram(
  probes: readonly { name: string; parts: ScriptParts }[],
  { targets, ...rest }: ProgramOptions,
): Program {
  const options = {
    ...rest,
    targets: withRemembered(
      targets,
      probes.map(({ parts }) => parts),
    ),
  }
  const results = new Map<string, { probe: string; map: ResultMap }>()
  const scratch = new Map<string, { probe: string; map: ScratchMap }>()
  const printer: Printer = {
    dialect: options.dialect,
    layout: options.layout,
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
  const perThread = probes.flatMap(({ parts }) => parts.perThread ?? [])

  const ordered = probes.map(({ name, parts }) => ({
    name,
    parts: { ...parts, handlers: orderForReadiness(parts.handlers) },
  }))
  // Below all that fills their maps.
  const ends: ScriptParts = { handlers: whenThreadEnds(perThread) }
  const last: ScriptParts = { handlers: options.targets.last ?? [] }
  const sequence = [options.targets, ...ordered.map(({ parts }) => parts), ends, last]
  const sections = [
    ...printHead(options),
    printBegin(printer, options, sequence),
    ...options.targets.handlers.map((handler) => printHandler(printer, handler)),
    ...ordered.flatMap(({ name, parts }) => [
      `// ---- ${name} ----`,
      ...parts.handlers.map((handler) => printHandler(printer, handler)),
    ]),
    ...ends.handlers.map((handler) => printHandler(printer, handler)),
    ...last.handlers.map((handler) => printHandler(printer, handler)),
    ...printFrame(options, {
      words: options.targets.words ?? {},
      results: [...results.values()].map(({ map }) => map),
      scratch: [...scratch.values()].map(({ map }) => map),
      forget: (thread) =>
        perThread
          .flatMap((kept) => forgetThread(kept, thread))
          .flatMap((statement) => printStatement(printer, statement, '    ')),
    }),
  ]
  const text = `${sections.join('\n\n')}\n`
  return {
    text,
    sha256: createHash('sha256').update(text).digest('hex'),
    results,
    scratch,
    perThread,
    mapEntries: options.mapEntries,
  }
}

function withRemembered(targets: TargetParts, probes: readonly ScriptParts[]): TargetParts {
  const read = new Set([targets, ...probes].flatMap((parts) => [...mapsOf(parts)]))
  const begin = (targets.remembered ?? []).flatMap((one) => (read.has(one.map) ? one.begin : []))
  return { ...targets, begin: [...begin, ...(targets.begin ?? [])] }
}

/** Sampling programs first: bpftrace attaches in order, so the frame's answer proves that everything before it is there. */
const orderForReadiness = (handlers: readonly Handler[]): Handler[] =>
  [...handlers].sort((a, b) => Number(isSampling(b)) - Number(isSampling(a)))
const isSampling = (handler: Handler) => handler.attach.some((point) => point.type === 'profile')

function printBegin(printer: Printer, options: FrameOptions, parts: readonly ScriptParts[]): string {
  const body = [...parts.flatMap((p) => p.begin ?? []), ...declarations(parts)]
  // No map is printed yet: entries are removed without asking.
  const atStart: Printer = { ...printer, dialect: { ...printer.dialect, deletingWhilePrintingAborts: false } }
  return [
    'BEGIN',
    '{',
    printState(options),
    ...body.flatMap((statement) => printStatement(atStart, statement, '  ')),
    '}',
  ].join('\n')
}

function mapsOf(parts: ScriptParts): Set<ResultMap | ScratchMap> {
  const maps = new Set<ResultMap | ScratchMap>()
  for (const { map } of mentionsIn([parts, { handlers: parts.last ?? [] }])) maps.add(map)
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
  const handlers = [...parts.handlers, ...(parts.last ?? []), ...whenThreadEnds(parts.perThread ?? [])]
  for (const handler of handlers)
    for (const point of handler.attach)
      if (point.type === 'tracepoint') found.set(point.name, found.get(point.name) ?? new Set())
  visit(handlers)
  return found
}
