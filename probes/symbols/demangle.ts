import { execa } from 'execa'
import { CLEAN_ENVIRONMENT, findProgram } from '../host/privilege.ts'
import { limited } from '../host/resource-limits.ts'
import { sanitizeText } from '../text.ts'
import { isMangled, NAME_LENGTH } from './frames.ts'

/**
 * Gives mangled names in the form that `perf report` shows: without parameters and return types, Rust without hashes.
 * Names that cannot be read stay as they are. Never fails; all texts are safe to show.
 */
export type Demangler = (names: Iterable<string>, limitMs?: number) => Promise<ReadonlyMap<string, string>>

/** For all names of a call: windows wait for it. What is not readable by then stays mangled. */
const TIME_LIMIT_MS = 3_000
/**
 * A symbol of 283 characters can make a demangler take gigabytes (substitutions repeat template arguments, doubling
 * each time): then the program fails, after a quarter of a second. All names of Node's binary need 3 MB.
 */
const DATA_BYTES = 32 * 1024 * 1024
const CPU_SECONDS = 3
const OUTPUT_LIMIT_BYTES = 16 * 1024 * 1024
const BATCH = 4096
/** So many names of a call may make the program fail. */
const STARTS = 16
/** A host under load takes seconds to start a program. */
const FIND_LIMIT_MS = 10_000
const REMEMBERED = 65_536

/** Path of a c++filt that gives names as described here; null: there is none, or it is another program of that name. */
export async function findDemangler(): Promise<string | null> {
  const program = await findProgram('c++filt')
  const [name] = (program && (await filter(program, ['_ZN1a1bEi'], FIND_LIMIT_MS))) ?? []
  return name === 'a::b' ? program : null
}

/**
 * Demangles with c++filt(1): one process for all names of a call that are new, none when none is. The grammars of two
 * languages change with their compilers and are not ours to follow.
 *
 * @param program absolute path of GNU c++filt; null: names stay as they are, cut to what is shown
 */
export function createDemangler(program: string | null): Demangler {
  const known = new Map<string, string>()

  const demangleNew = async (all: readonly string[], path: string, limitMs: number): Promise<void> => {
    const endMs = performance.now() + limitMs
    // The longest last: it is they that take long, and then the others have been read.
    let rest = all.toSorted((a, b) => a.length - b.length)
    for (let starts = 0; rest.length > 0 && starts < STARTS; starts++) {
      const leftMs = Math.floor(endMs - performance.now())
      if (leftMs <= 0) return
      const names = rest.slice(0, BATCH)
      const lines = await filter(path, names, leftMs)
      if (lines === null) return
      for (const [i, line] of lines.entries()) known.set(names[i] ?? '', bounded(line))
      // It answers line by line: the name after the last answer is the one that it failed at.
      const failedAt = lines.length < names.length ? 1 : 0
      rest = rest.slice(lines.length + failedAt)
    }
  }

  return async (names, limitMs = TIME_LIMIT_MS) => {
    const wanted = [...new Set(names)].filter(isMangled)
    if (known.size + wanted.length > REMEMBERED) known.clear()
    if (program !== null)
      await demangleNew(
        wanted.filter((name) => !known.has(name)),
        program,
        limitMs,
      )
    // What could not be read is not tried again.
    for (const name of wanted) if (!known.has(name)) known.set(name, bounded(name))
    return new Map(wanted.map((name) => [name, known.get(name) ?? bounded(name)]))
  }
}

const bounded = (name: string): string => sanitizeText(name, { maxLength: NAME_LENGTH })

/**
 * One line for each name up to the first at which the program failed; null when it answers what it was not asked.
 */
async function filter(program: string, names: readonly string[], timeoutMs: number): Promise<string[] | null> {
  const limits = await limited({ dataBytes: DATA_BYTES, cpuSeconds: CPU_SECONDS })
  const [file = program, ...args] = [...limits, program, '--no-params', '--no-verbose']
  const result = await execa(file, args, {
    env: CLEAN_ENVIRONMENT,
    extendEnv: false,
    reject: false,
    input: `${names.join('\n')}\n`,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
    maxBuffer: OUTPUT_LIMIT_BYTES,
    stripFinalNewline: false,
    stderr: 'ignore',
  })
  // Behind the last line end stands nothing, or a line that was not finished.
  const lines = result.stdout.split('\n').slice(0, -1)
  const isWhole = !result.failed && lines.length === names.length
  return isWhole || (result.failed && lines.length < names.length) ? lines : null
}
