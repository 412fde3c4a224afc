import { createReadStream, existsSync } from 'node:fs'
import { rename, rm, stat, unlink } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { Probe } from '../../probes/index.ts'
import { digestOf } from './digest.ts'
import { RecordingError } from './error.ts'
import { createPrivateFile } from './private-file.ts'

export const packedName = (path: string): string => `${path}.gz`

/**
 * Compresses a closed recording beside itself and removes the plain one; a long one gets its digest behind the header.
 * Where that cannot be done (no space left) the plain one stays: a run is not lost for want of a smaller file.
 *
 * @param durationUs length of the run
 * @returns the file there is now, and its size in bytes
 */
export async function packRecording(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
  durationUs: number,
): Promise<{ path: string; bytes: number }> {
  const packed = packedName(path)
  // Whoever does not wait for it must not find half of it under its name.
  const part = `${packed}.part`
  try {
    await rm(part, { force: true }) // of a run that had this name and was not waited for
    const file = await createPrivateFile(part)
    try {
      const { size } = await stat(path)
      // Without one it is only slower to read.
      const digest = await digestOf(path, catalog, { durationUs, bytes: size }).catch(() => null)
      await pipeline(withDigest(path, digest ?? []), createGzip(), file.createWriteStream())
      refusePacked(path)
      await rename(part, packed)
    } catch (error) {
      await unlink(part)
      throw error
    }
  } catch {
    return { path, bytes: (await stat(path)).size } // as it was
  }
  await unlink(path)
  return { path: packed, bytes: (await stat(packed)).size }
}

/** The bytes of a recording with more lines behind its first. */
async function* withDigest(path: string, digest: readonly string[]): AsyncGenerator<Buffer> {
  let isBehindHeader = false
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const end = isBehindHeader ? -1 : chunk.indexOf(10)
    if (end < 0) yield chunk
    else {
      isBehindHeader = true
      yield chunk.subarray(0, end + 1)
      for (const line of digest) yield Buffer.from(`${line}\n`)
      yield chunk.subarray(end + 1)
    }
  }
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
