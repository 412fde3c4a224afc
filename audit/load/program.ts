import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { TRUSTED_DIRECTORIES } from '../../probes/index.ts'

/** Absolute path of a load tool on a PATH, the user's by default; null when it is in none of its folders. */
export function findOnPath(name: string, searchPath = process.env['PATH'] ?? ''): string | null {
  for (const folder of searchPath.split(delimiter)) {
    // What an empty or relative entry means depends on where one stands.
    if (!isAbsolute(folder)) continue
    const file = join(folder, name)
    if (isProgram(file)) return file
  }
  return null
}

/** Absolute path of a program of the system's own: whatever the PATH says, it may lead to somebody else's. */
export const findOfSystem = (name: string): string | null => findOnPath(name, TRUSTED_DIRECTORIES.join(delimiter))

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false // not there, or not for us: the next folder
  }
}
