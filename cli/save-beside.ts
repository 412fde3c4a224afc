import { basename, dirname, extname } from 'node:path'
import { FileError, openFolder } from '../files/index.ts'

/** More files of one name than this nobody wants. */
const MOST = 1000
/** The recording's folder is somebody else's: what one makes of it goes where one works. */
const NOT_OURS = ['EACCES', 'EROFS', 'EPERM', 'unsafe']

/**
 * Writes what was made on the screen: beside the recording, or in the working directory when that folder is not ours.
 * Private, never over another file (`timeline.svg`, then `timeline-1.svg`, ...). Says where it stands.
 */
export const saveBeside =
  (recording: string | null) =>
  async (name: string, pieces: Iterable<string | Uint8Array>): Promise<string> => {
    const whole = [...pieces] // a second folder gets what the first did not take
    const folder = recording === null ? '.' : dirname(recording)
    return await save(folder, name, whole).catch((error: unknown) => {
      if (folder === '.' || !(error instanceof FileError && NOT_OURS.includes(error.code))) throw error
      return save('.', name, whole)
    })
  }

async function save(path: string, name: string, pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const ending = extname(name)
  const folder = openFolder(path)
  try {
    for (let n = 0; n < MOST; n++) {
      const candidate = n === 0 ? name : `${basename(name, ending)}-${n}${ending}`
      try {
        await folder.write(candidate, pieces, 'new')
        return folder.pathOf(candidate)
      } catch (error) {
        // The next number; what else goes wrong the reader has to know.
        if (!(error instanceof FileError && error.code === 'EEXIST')) throw error
      }
    }
    throw new Error(`${folder.pathOf(name)} and ${MOST - 1} more of its name exist: move some away`)
  } finally {
    folder.close()
  }
}
