import { basename } from 'node:path'
import { readProcessStat, readProcStart } from '../host/process.ts'
import { sanitizeText } from '../text.ts'
import type { Budget } from './budget.ts'
import { type Region, readRegions } from './maps.ts'
import { type MayRead, type Module, type Modules, mayReadFile } from './modules.ts'
import { adviseNaming, FRAMED, type NamingAdvice, type NamingFacts, type Runtime } from './naming-advice.ts'
import { hasPerfMap, mayReadPerfMap } from './perf-map.ts'

/** A target of many processes has many of the same program. */
const PROCESSES_LOOKED_AT = 16
/** A Java server maps 40 files, a desktop program 200. */
const LIBRARIES_LOOKED_AT = 48
const NAME_LENGTH = 64

/**
 * What will be missing from the stacks of these processes, and what to do about it; each piece of advice once a program.
 * Reads /proc and the headers of mapped files; of what may not be read nothing is said.
 */
export function adviseProcesses(pids: readonly number[], options: FactsOptions & { budget: Budget }): NamingAdvice[] {
  const advice = new Map<string, NamingAdvice>()
  for (const pid of pids.slice(0, PROCESSES_LOOKED_AT)) {
    const facts = options.budget.onTimeOf(pid, `/proc/${pid}/maps`, () => readNamingFacts(pid, options))
    for (const one of facts === null ? [] : adviseNaming(facts)) {
      const key = `${one.id} ${facts?.program}`
      if (!advice.has(key)) advice.set(key, one)
    }
  }
  return [...advice.values()]
}

export interface FactsOptions {
  modules: Pick<Modules, 'open'>
  /** there is a program to unpack symbol tables with */
  hasXz: boolean
  mayRead?: MayRead
}

/** null when the process is gone, or nothing of it may be read. */
export function readNamingFacts(
  pid: number,
  { modules, hasXz, mayRead = () => true }: FactsOptions,
): NamingFacts | null {
  const comm = readProcessStat(pid)?.comm
  const maps = `/proc/${pid}/maps`
  const regions = mayRead(maps, maps) ? readRegions(pid) : null
  if (comm === undefined || regions === null) return null
  const files = new Map<string, Region>()
  for (const region of regions) if (region.inode !== 0 && !files.has(region.path)) files.set(region.path, region)
  // The kernel maps the program first; its loader and libraries lie above it.
  const [first, ...others] = files.values()
  if (first === undefined) return null
  const program = modules.open(pid, first)
  const runtime = runtimeOf([...files.keys()], program)
  const isStatic = others.length === 0
  return {
    pid,
    program: comm,
    arguments: readArguments(pid),
    runtime,
    hasPerfMap: mayWritePerfMap(runtime) && mayReadPerfMap(mayRead, pid) && hasPerfMap(pid),
    hasSymbolTable: program?.symbols === null ? null : program?.symbols !== 'dynamic',
    needsXz: program?.symbols === 'compressed' && !hasXz,
    isStatic,
    framedShare: (isStatic ? program?.mainIsFramed() : program?.framedShare()) ?? null,
    framelessLibraries: others
      .slice(0, LIBRARIES_LOOKED_AT)
      .filter((region) => mayReadFile(mayRead, pid, region))
      .filter((region) => (modules.open(pid, region)?.framedShare() ?? 1) < FRAMED)
      .map((region) => shown(region.path)),
  }
}

const shown = (path: string): string => sanitizeText(basename(path), { maxLength: NAME_LENGTH })

const mayWritePerfMap = ({ kind }: Runtime): boolean => kind !== 'native' && kind !== 'go'

/** @param paths of the files that are mapped to be executed, the program's first */
export function runtimeOf(paths: readonly string[], program: Pick<Module, 'isGo'> | null): Runtime {
  const names = paths.map((path) => basename(path))
  if (/^node(js)?$/.test(names[0] ?? '') || names.some((name) => /^libnode\.so/.test(name))) return { kind: 'node' }
  if (names.some((name) => name === 'libjvm.so')) return { kind: 'java' }
  if (names.some((name) => name === 'libcoreclr.so')) return { kind: 'dotnet' }
  const python = names.flatMap((name) => /^(?:lib)?python(\d+)\.(\d+)/.exec(name) ?? [])
  if (/^python/.test(names[0] ?? '') || python.length > 0)
    return { kind: 'python', version: python.length > 0 ? [Number(python[1]), Number(python[2])] : null }
  return { kind: program?.isGo ? 'go' : 'native' }
}

/** Variables whose words a runtime takes as arguments. */
const OPTION_VARIABLES = /^(?:NODE_OPTIONS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS)=(.*)$/s

/** A class path of a Java server has some KiB. */
const ARGUMENT_BYTES = 256 * 1024

function readArguments(pid: number): string[] | null {
  const command = readProcStart(`/proc/${pid}/cmdline`, ARGUMENT_BYTES)
  const environment = readProcStart(`/proc/${pid}/environ`, ARGUMENT_BYTES)
  if (command === null || environment === null) return null
  const added = environment.split('\0').flatMap((entry) => OPTION_VARIABLES.exec(entry)?.[1]?.split(/\s+/) ?? [])
  return [...command.split('\0'), ...added].filter((word) => word !== '')
}
