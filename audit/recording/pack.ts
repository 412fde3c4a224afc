import { createReadStream, existsSync } from 'node:fs'
import { stat, unlink } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { RecordingError } from './error.ts'
import { createPrivateFile } from './private-file.ts'

export const packedName = (path: string): string => `${path}.gz`

/**
 * Compresses a closed recording beside itself and removes the plain one. Where that cannot be done (no space left) the
 * plain one stays: a run is not lost for want of a smaller file.
 *
 * @returns the file there is now, and its size in bytes
 */
export async function packRecording(path: string): Promise<{ path: string; bytes: number }> {
  const packed = packedName(path)
  try {
    const file = await createPrivateFile(packed)
    try {
      await pipeline(createReadStream(path), createGzip(), file.createWriteStream())
    } catch (error) {
      await unlink(packed)
      throw error
    }
  } catch {
    return { path, bytes: (await stat(path)).size } // as it was
  }
  await unlink(path)
  return { path: packed, bytes: (await stat(packed)).size }
}

/**
 * Says at once, not after the run, that its recording has no place.
 *
 * @throws RecordingError when the folder holds a packed recording of that name
 */
export function refusePacked(path: string): void {
  const packed = packedName(path)
  if (existsSync(packed))
    throw new RecordingError('exists', `${packed} exists already`, {
      fix: 'name another folder: --out DIR',
      exitCode: 2,
    })
}
