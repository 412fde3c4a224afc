import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import path from 'node:path'

/** Absolute path of a program on a PATH; null when there is none. */
export async function findOnPath(name: string, searchPath = process.env['PATH'] ?? ''): Promise<string | null> {
  for (const directory of searchPath.split(path.delimiter)) {
    // What an empty or relative entry means depends on where one stands.
    if (!path.isAbsolute(directory)) continue
    const file = path.join(directory, name)
    if (await isProgram(file)) return file
  }
  return null
}

async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK)
    return (await stat(file)).isFile()
  } catch {
    return false // not there, or not for us: the next directory
  }
}
