import { fileURLToPath } from 'node:url'
import { run } from '@oclif/core/run'
import { settings } from '@oclif/core/settings'
import { sanitizeLines } from '../probes/plain.ts'
import { describeFailure, type Failure, formatFailure } from './errors.ts'
import { jsonText, readable } from './say.ts'

/** Runs the command that `argv` names. Ends the process with a code of the command-line contract when it fails. */
export async function main(argv: string[]): Promise<void> {
  process.on('uncaughtException', (error) => {
    // The terminal is gone: SIGHUP ends the run in order, what cannot be shown any more is no defect.
    if (!isHangUp(error)) fail(error, argv)
  })
  // A reader that went away (`probe ... 2>&1 | head`) is no reason to crash; stdout has the same guard in oclif.
  process.stderr.on('error', () => {})
  settings.enableAutoTranspile = false
  try {
    await run(helpAsFlag(argv), { root: fileURLToPath(new URL('../..', import.meta.url)), userPlugins: false })
  } catch (error) {
    fail(error, argv)
  }
}

/** `probe help attach` means `probe attach --help`. */
function helpAsFlag(argv: string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
}

const isHangUp = (error: Error): boolean =>
  'code' in error && (error.code === 'EIO' || error.code === 'EPIPE') && 'syscall' in error && error.syscall === 'write'

function fail(error: unknown, argv: string[]): never {
  const failure = describeFailure(error, argv[0])
  report(failure, error, ownFlags(argv))
  process.exit(failure.exitCode)
}

function report(failure: Failure, error: unknown, flags: Set<string>): void {
  if (failure.quiet) return
  if (flags.has('--json')) {
    const { quiet, ...facts } = failure
    process.stdout.write(`${jsonText({ error: facts })}\n`)
  }
  process.stderr.write(readable(formatFailure(failure)))
  if (flags.has('--debug') && error instanceof Error) process.stderr.write(`${sanitizeLines(stackOf(error))}\n`)
}

/** What stands before `--`: the rest belongs to another program. */
function ownFlags(argv: string[]): Set<string> {
  const end = argv.indexOf('--')
  return new Set(end < 0 ? argv : argv.slice(0, end))
}

function stackOf(error: Error): string {
  const stack = error.stack ?? error.message
  return error.cause instanceof Error ? `${stack}\ncaused by: ${stackOf(error.cause)}` : stack
}
