import { Command } from '@oclif/core/command'
import { boolean } from '@oclif/core/flags'
import { sanitizeLines } from '../probes/plain.ts'
import { jsonText, readable } from './say.ts'

/** `--json` of the commands that answer with one object; `enableJsonFlag` prints what `run` returns. */
export const jsonFlag = boolean({ description: 'the same facts as one JSON object', helpGroup: 'GLOBAL' })

/** What all commands share: `--debug`, and errors that reach `main`, which prints them the same way with and without `--json`. */
export abstract class ProbeCommand extends Command {
  static override baseFlags = {
    debug: boolean({ description: 'show the stack trace of an error', helpGroup: 'GLOBAL' }),
  }

  /** Text for people. Data goes to stdout as it is, and so does what JSON says. */
  override log(text = ''): void {
    const safe = sanitizeLines(text)
    super.log(process.stdout.isTTY ? readable(safe) : safe)
  }

  override logJson(value: unknown): void {
    process.stdout.write(`${jsonText(value, 2)}\n`)
  }

  protected override catch(error: Error): Promise<never> {
    return Promise.reject(error)
  }
}
