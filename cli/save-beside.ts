import { basename, dirname, extname, join } from 'node:path'
import { createPrivateFile } from '../audit/index.ts'

/** More files of one name than this nobody wants. */
const MOST = 1000

/**
 * Writes what was made on the screen: beside the recording, or in the working directory when that folder is not ours.
 * Private, never over another file (`timeline.svg`, then `timeline-1.svg`, ...). Says where it stands.
 */
export const saveBeside =
  (recording: string | null) =>
  async (name: string, pieces: Iterable<string | Uint8Array>): Promise<string> => {
    const folder = recording === null ? '.' : dirname(recording)
    const { file, path } = await create(folder, name).catch((error: NodeJS.ErrnoException) => {
      if (folder === '.' || !['EACCES', 'EROFS', 'EPERM'].includes(error.code ?? '')) throw error
      return create('.', name)
    })
    try {
      for (const piece of pieces) await file.writeFile(piece)
    } finally {
      await file.close()
    }
    return path
  }

async function create(folder: string, name: string) {
  const ending = extname(name)
  for (let n = 0; n < MOST; n++) {
    const path = join(folder, n === 0 ? name : `${basename(name, ending)}-${n}${ending}`)
    try {
      return { path, file: await createPrivateFile(path) }
    } catch (error) {
      // The next number; what else goes wrong the reader has to know.
      if (!['EEXIST', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
  }
  throw new Error(`${join(folder, name)} and ${MOST - 1} more of its name exist: move some away`)
}
