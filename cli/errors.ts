import { errnoText } from '../files/index.ts'
import { sanitizeLines, sanitizeText } from '../probes/plain.ts'

/** An error as users see it: what happened, to what, what to do. */
export interface Failure {
  /** stable name for programs, e.g. `not_found`; `internal` is a defect of ours */
  code: string
  message: string
  /** why it matters, one line; or further problems in a file, one a line */
  detail?: string
  /** a command or an action */
  fix?: string
  exitCode: number
  /** the command has said all there is to say */
  quiet?: true
}

/** Exit codes of the command line; part of its contract. */
export const exitCodes = {
  fine: 0,
  verdict: 1,
  usage: 2,
  host: 3,
  target: 4,
  measurement: 5,
  /** a defect of ours (EX_SOFTWARE of sysexits.h): never to be mistaken for a failed verdict */
  internal: 70,
  interrupted: 130,
} as const

/** Thrown by commands for what the user asked for wrongly. */
export class UsageError extends Error {
  readonly code = 'usage'
  readonly exitCode = exitCodes.usage
  readonly fix: string | undefined

  constructor(message: string, fix?: string) {
    super(message)
    this.name = 'UsageError'
    this.fix = fix
  }
}

/** The rooms' error classes, which know what happened but nothing of exit codes; `Class:code` goes before `Class`. */
const exitCodeOfClass: Record<string, number> = {
  TracerError: exitCodes.host,
  TargetError: exitCodes.target,
  'TargetError:usage': exitCodes.usage,
  'TargetError:no_permission': exitCodes.host,
  'TargetError:pid_namespace': exitCodes.host,
  PlanError: exitCodes.usage,
  ProfileError: exitCodes.usage,
  RecordingError: exitCodes.usage,
  ZodError: exitCodes.usage,
}

/**
 * Maps anything thrown to what the user is told. Room errors bring `code`, `message`, `fix` and an exit code of their own or
 * of their class; oclif's parse errors are usage; anything else is a defect of ours.
 *
 * @param command the command's name, for the hint to its help
 */
export function describeFailure(error: unknown, command?: string): Failure {
  if (!(error instanceof Error)) return internal(String(error))
  const facts = error as Error & ErrorFacts
  if (facts.oclif) return fromOclif(facts, facts.oclif, command)
  const exitCode =
    ownExitCode(facts) ?? exitCodeOfClass[`${error.name}:${String(facts.code)}`] ?? exitCodeOfClass[error.name]
  if (exitCode !== undefined) {
    const fix = facts.fix ?? (OF_A_FLAG.test(error.message) ? helpOf(command) : undefined)
    return { code: textOr(facts.code, 'error'), ...lines(readable(facts)), ...optional('fix', fix), exitCode }
  }
  const errno = typeof facts.code === 'string' ? errnoText[facts.code] : undefined
  // Without a path it is what this process writes to and was given: its output, mostly. That the host lacks something is no
  // defect either way; that a file is not there would be one, where nobody knows which.
  if (errno && (facts.path || errno.exitCode === exitCodes.host))
    return {
      code: String(facts.code),
      message: `cannot ${onOneLine(facts.syscall ?? 'use')}${placeOf(facts)}: ${errno.text}`,
      ...optional('fix', errno.fix),
      exitCode: errno.exitCode,
    }
  return internal(error.message || error.name)
}

function placeOf({ path, syscall }: ErrorFacts): string {
  if (syscall?.includes(' ')) return '' // spawn says what
  return path ? ` ${onOneLine(path)}` : ' the output'
}

/** `error: ...` and, where there is something to do, `  fix: ...`; the exit code ends the last line. */
export const formatFailure = (failure: Failure): string => sanitizeLines(textOf(failure))

function textOf(failure: Failure): string {
  const fix = failure.fix && `fix: ${failure.fix}`
  const detail = failure.detail?.replaceAll('\n', '\n  ')
  const advice = [detail, fix].filter(Boolean).join(detail?.includes('\n') ? '\n  ' : '   ')
  const text = advice ? `error: ${failure.message}\n  ${advice}` : `error: ${failure.message}`
  return `${text}   (exit ${failure.exitCode})\n`
}

interface ErrorFacts {
  code?: unknown
  fix?: unknown
  exitCode?: unknown
  path?: string
  syscall?: string
  issues?: { path: PropertyKey[]; message: string }[]
  oclif?: { exit?: number | false }
}

function fromOclif(error: Error & ErrorFacts, oclif: { exit?: number | false }, command?: string): Failure {
  const exitCode = typeof oclif.exit === 'number' ? oclif.exit : exitCodes.usage
  if (error.code === 'EEXIT') return { code: 'exit', message: '', exitCode, quiet: true }
  return { code: 'usage', ...lines(inOurWords(error.message)), fix: helpOf(command), exitCode: exitCodes.usage }
}

/** How the flag parser begins whatever a flag's own parser had to say, our own errors included. */
const OF_A_FLAG = /^Parsing (--[\w-]+)\s+/

/** The parser's messages on one line, without its pointer to the help. */
function inOurWords(message: string): string {
  const text = message
    .replace(/\n?See more help with --help$/, '')
    .replace(/^The following errors? occurred:\n\s*/, '')
    .replace(/\n[ \t]+/g, ' ')
  const flag = OF_A_FLAG.exec(text)
  if (!flag) return text
  const rest = text.slice(flag[0].length)
  return `${flag[1]}: ${rest.charAt(0).toLowerCase()}${rest.slice(1)}`
}

const helpOf = (command: string | undefined): string =>
  command && !command.startsWith('-') ? `probe ${onOneLine(command)} --help` : 'probe --help'

/** A failed child process has an `exitCode` too: that one is the child's. */
function ownExitCode(error: Error & ErrorFacts): number | undefined {
  return typeof error.exitCode === 'number' && !error.name.startsWith('Execa') ? error.exitCode : undefined
}

/** A schema's complaint names the place; other messages stand as they are. */
function readable(error: Error & ErrorFacts): string {
  const first = error.issues?.[0]
  return first ? `${first.path.map(String).join('.') || 'value'}: ${first.message}` : inOurWords(error.message)
}

function internal(message: string): Failure {
  return {
    code: 'internal',
    message: `${onOneLine(message)} (a defect of probe)`,
    fix: 'run it again with --debug and report what it prints',
    exitCode: exitCodes.internal,
  }
}

const PLACE = /^\S.*:\d+:\d+ {2}/

function lines(text: string): { message: string; detail?: string } {
  const [first = '', ...rest] = text.split('\n').map(onOneLine).filter(Boolean)
  if (first.endsWith(':')) return { message: [first, rest.join('; ')].join(' ').trim() }
  // Problems in a file, one a line, each with its place.
  return { message: first, ...optional('detail', rest.join(PLACE.test(first) ? '\n' : '; ')) }
}

function optional<Key extends string>(key: Key, value: unknown): { [key in Key]?: string } {
  return typeof value === 'string' && value
    ? ({ [key]: key === 'fix' ? onOneLine(value) : value } as { [key in Key]?: string })
    : {}
}

const textOr = (value: unknown, otherwise: string) => (typeof value === 'string' ? onOneLine(value) : otherwise)

/** Messages may echo what was typed, or what a file says: nothing of it acts on the terminal. */
function onOneLine(text: string): string {
  return sanitizeText(text.replace(/[\n\r\t]+/g, ' ').trim(), { maxLength: LONGEST_LINE })
}

const LONGEST_LINE = 2_000
