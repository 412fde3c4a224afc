import { basename } from 'node:path'
import { findProgram } from '../host/privilege.ts'
import { readProc } from '../host/process.ts'
import { sanitizeText } from '../text.ts'
import { type Region, readRegions } from './maps.ts'
import { createModules, type Module, type ModuleOptions } from './modules.ts'
import { adviseNaming, FRAMED, type NamingAdvice, type NamingFacts, type Runtime } from './naming-advice.ts'
import { readPerfMap } from './perf-map.ts'

/** A target of many processes has many of the same program. */
const PROCESSES_LOOKED_AT = 16
/** A Java server maps 40 files, a desktop program 200. */
const LIBRARIES_LOOKED_AT = 48
const NAME_LENGTH = 64

/**
 * What will be missing from the stacks of these processes, and what to do about it; each piece of advice once a program.
 * Reads /proc and the headers of mapped files; of what may not be read nothing is said.
 */
export async function adviseTarget(pids: readonly number[]): Promise<NamingAdvice[]> {
  const options = { xz: await findProgram('xz') }
  const modules = createModules(options)
  try {
    const advice = new Map<string, NamingAdvice>()
    for (const pid of pids.slice(0, PROCESSES_LOOKED_AT)) {
      const facts = await readNamingFacts(pid, modules.open, options)
      for (const one of facts === null ? [] : adviseNaming(facts)) {
        const key = `${one.id} ${facts?.program}`
        if (!advice.has(key)) advice.set(key, one)
      }
    }
    return [...advice.values()]
  } finally {
    modules.close()
  }
}

/** null when the process is gone, or nothing of it may be read. */
export async function readNamingFacts(
  pid: number,
  open: (pid: number, region: Region) => Module | null,
  { xz = null }: ModuleOptions = {},
): Promise<NamingFacts | null> {
  const regions = readRegions(pid)
  if (regions === null) return null
  const files = new Map<string, Region>()
  for (const region of regions) if (region.inode !== 0 && !files.has(region.path)) files.set(region.path, region)
  // The kernel maps the program first; its loader and libraries lie above it.
  const [first, ...others] = files.values()
  if (first === undefined) return null
  const program = open(pid, first)
  const runtime = runtimeOf([...files.keys()], program)
  return {
    pid,
    program: shown(first.path),
    arguments: readArguments(pid),
    runtime,
    hasPerfMap: mayWritePerfMap(runtime) && (await readPerfMap(pid)) !== null,
    hasSymbolTable: program?.symbols === null ? null : program?.symbols !== 'dynamic',
    needsXz: program?.symbols === 'compressed' && xz === null,
    framedShare: program?.framedShare() ?? null,
    framelessLibraries: others
      .slice(0, LIBRARIES_LOOKED_AT)
      .filter((region) => (open(pid, region)?.framedShare() ?? 1) < FRAMED)
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

function readArguments(pid: number): string[] | null {
  const command = readProc(`/proc/${pid}/cmdline`)
  const environment = readProc(`/proc/${pid}/environ`)
  if (command === null || environment === null) return null
  const added = environment.split('\0').flatMap((entry) => OPTION_VARIABLES.exec(entry)?.[1]?.split(/\s+/) ?? [])
  return [...command.split('\0'), ...added].filter((word) => word !== '')
}
