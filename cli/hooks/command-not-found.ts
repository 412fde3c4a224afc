import type { Hook } from '@oclif/core/hooks'
import { nearest } from '../../probes/index.ts'
import { UsageError } from '../errors.ts'

/**
 * An unknown command gets one line, with the command that was probably meant. oclif also comes here with a word too many
 * after a command that takes none.
 */
export const hook: Hook.CommandNotFound = ({ id, config }) => {
  const [typed = id, extra] = id.split(/[ :]/)
  if (extra !== undefined && config.commandIDs.includes(typed))
    throw new UsageError(`${typed} takes no argument, got ${JSON.stringify(extra)}`, `probe ${typed} --help`)
  const meant = nearest(typed, config.commandIDs)
  throw new UsageError(`no command "${typed}"`, meant ? `probe ${meant}` : 'probe --help')
}
