import { execa } from 'execa'
import { CLEAN_ENVIRONMENT, findProgram } from '../host/privilege.ts'
import { sanitizeText } from '../text.ts'
import { isMangled, NAME_LENGTH } from './frames.ts'

/**
 * Gives mangled names in the form that `perf report` shows: without parameters and return types, Rust without hashes.
 * Names that cannot be read stay as they are. Never fails; all texts are safe to show.
 */
export type Demangler = (names: Iterable<string>) => Promise<ReadonlyMap<string, string>>

const TIME_LIMIT_MS = 10_000
/** A demangled name may be long: substitutions repeat template arguments. */
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024
const BATCH = 4096
/** A name that kills the program is looked for by halves; so many starts in one call at most. */
const STARTS = 40
const REMEMBERED = 65_536

/** Path of a c++filt that gives names as described here; null: there is none, or it is another program of that name. */
export async function findDemangler(): Promise<string | null> {
  const program = await findProgram('c++filt')
  const [name] = (program && (await filter(program, ['_ZN1a1bEi']))) ?? []
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

  const demangleNew = async (all: readonly string[], path: string): Promise<void> => {
    let starts = 0
    const run = async (names: readonly string[]): Promise<void> => {
      if (names.length === 0 || starts++ >= STARTS) return
      const lines = names.length > BATCH ? null : await filter(path, names)
      for (const [i, name] of (lines ? names : []).entries()) known.set(name, bounded(lines?.[i] ?? name))
      if (lines !== null || names.length === 1) return
      const middle = names.length >> 1
      await run(names.slice(0, middle))
      await run(names.slice(middle))
    }
    await run(all)
  }

  return async (names) => {
    const wanted = [...new Set(names)].filter(isMangled)
    if (known.size + wanted.length > REMEMBERED) known.clear()
    if (program !== null)
      await demangleNew(
        wanted.filter((name) => !known.has(name)),
        program,
      )
    // What could not be read is not tried again.
    for (const name of wanted) if (!known.has(name)) known.set(name, bounded(name))
    return new Map(wanted.map((name) => [name, known.get(name) ?? bounded(name)]))
  }
}

const bounded = (name: string): string => sanitizeText(name, { maxLength: NAME_LENGTH })

/** One line for each name; null when the program failed, or did not answer line by line. */
async function filter(program: string, names: readonly string[]): Promise<string[] | null> {
  const result = await execa(program, ['--no-params', '--no-verbose'], {
    env: CLEAN_ENVIRONMENT,
    extendEnv: false,
    reject: false,
    input: `${names.join('\n')}\n`,
    timeout: TIME_LIMIT_MS,
    forceKillAfterDelay: 100,
    maxBuffer: OUTPUT_LIMIT_BYTES,
    stderr: 'ignore',
  })
  if (result.failed) return null
  const lines = result.stdout.split('\n')
  return lines.length === names.length ? lines : null
}
