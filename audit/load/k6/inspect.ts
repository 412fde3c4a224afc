import { execa } from 'execa'
import { hideSecrets, sanitizeText } from '../../../probes/index.ts'
import { LoadError } from '../load-error.ts'
import { complaintIn } from './log.ts'
import { type K6Timetable, timetableOf } from './plan.ts'

/** A k6 on this host. */
export interface K6Program {
  /** absolute */
  path: string
  /** as it says, e.g. `2.2.0`; null: it does not tell */
  version: string | null
}

const VERSION_BOUND_MS = 10_000
/** Scripts run their init code when they are inspected: imports may come over the network. */
const INSPECT_BOUND_MS = 60_000

export async function versionOf(k6: string, env: Readonly<Record<string, string>>): Promise<string | null> {
  const { stdout } = await execa(k6, ['version'], { ...quiet(env), timeout: VERSION_BOUND_MS })
  return /\bv(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null
}

/**
 * Asks k6 what it would do with a script.
 *
 * @throws LoadError `bad_script` when the script is not there or wrong, `tool_failed` when the answer is not understood
 */
export async function inspectScript(
  k6: string,
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  clean: (text: string) => string = hideSecrets,
): Promise<K6Timetable> {
  const { flags, options } = inspectable(args)
  const { stdout, stderr, exitCode, signal, code, timedOut } = await execa(
    k6,
    [
      'inspect',
      '--execution-requirements',
      '--include-system-env-vars',
      '--log-format',
      'json',
      ...flags,
      '--',
      script,
    ],
    { ...quiet({ ...env, ...options }), timeout: INSPECT_BOUND_MS },
  )
  if (exitCode !== 0) {
    const reason = complaintIn(stderr, clean) ?? howItEnded({ exitCode, signal, code, timedOut })
    throw new LoadError(
      'bad_script',
      `k6 cannot use ${sanitizeText(script)}: ${reason}`,
      'correct the path or the script',
    )
  }
  try {
    return timetableOf(JSON.parse(stdout))
  } catch (cause) {
    const fix = `look at what it prints: k6 inspect --execution-requirements ${sanitizeText(script)}`
    throw new LoadError('tool_failed', 'k6 inspect printed no timetable that probe understands', fix, cause)
  }
}

/** In our words: those of the library repeat the command line. */
function howItEnded(end: {
  exitCode?: number | undefined
  signal?: string | undefined
  code?: string | undefined
  timedOut: boolean
}): string {
  if (end.timedOut) return `k6 inspect did not end within ${INSPECT_BOUND_MS / 1000} s`
  if (end.exitCode !== undefined) return `k6 inspect ended with code ${end.exitCode}`
  return end.signal ? `k6 inspect was killed by ${end.signal}` : `k6 inspect could not be started: ${end.code}`
}

const quiet = (env: Readonly<Record<string, string>>) =>
  ({ env, extendEnv: false, reject: false, stdin: 'ignore', cleanup: true, maxBuffer: 16 * 1024 * 1024 }) as const

/** Flags of `k6 run` that `k6 inspect` has, too, with a value each. */
const KEPT = new Set(['--env', '-e', '--config', '-c', '--compatibility-mode', '--type', '-t'])
/** Those that it lacks although they change the timetable; as variables it heeds them. */
const AS_VARIABLE: Readonly<Record<string, string>> = {
  '--vus': 'K6_VUS',
  '-u': 'K6_VUS',
  '--duration': 'K6_DURATION',
  '-d': 'K6_DURATION',
  '--iterations': 'K6_ITERATIONS',
  '-i': 'K6_ITERATIONS',
  '--stage': 'K6_STAGES',
  '-s': 'K6_STAGES',
  '--execution-segment': 'K6_EXECUTION_SEGMENT',
  '--execution-segment-sequence': 'K6_EXECUTION_SEGMENT_SEQUENCE',
}

/** What of the arguments of `k6 run` decides the timetable, in the form that `k6 inspect` takes. */
export function inspectable(args: readonly string[]): { flags: string[]; options: Record<string, string> } {
  const flags: string[] = []
  const options: Record<string, string> = {}
  for (let at = 0; at < args.length; at++) {
    const [, flag = '', joined] = /^(--?[a-z-]+)(?:=(.*))?$/s.exec(args[at] ?? '') ?? []
    const variable = AS_VARIABLE[flag]
    if (!KEPT.has(flag) && variable === undefined) continue
    const value = joined ?? args[++at] ?? ''
    if (variable === undefined) flags.push(flag, value)
    // Stages add up, the others replace each other.
    else options[variable] = variable === 'K6_STAGES' && options[variable] ? `${options[variable]},${value}` : value
  }
  return { flags, options }
}
