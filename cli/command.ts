import { Command } from '@oclif/core/command'
import { boolean } from '@oclif/core/flags'

/** What all commands share: `--debug`, and errors that reach `main`, which prints them the same way with and without `--json`. */
export abstract class ProbeCommand extends Command {
  static override baseFlags = {
    debug: boolean({ description: 'show the stack trace of an error', helpGroup: 'GLOBAL' }),
  }

  protected override catch(error: Error): Promise<never> {
    return Promise.reject(error)
  }
}
