import { createReadStream, existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type FilePlace, openPlace } from '../../files/index.ts'
import type { Probe } from '../../probes/index.ts'
import { digestOf } from './digest.ts'
import { RecordingError } from './error.ts'

export const packedName = (path: string): string => `${path}.gz`

/**
 * Compresses a closed recording beside itself and removes the plain one; a long one gets its digest behind the header.
 * Where that cannot be done (no space left) the plain one stays: a run is not lost for want of a smaller file.
 *
 * @param durationUs length of the run
 * @param place where its folder is open already
 * @returns the file there is now, and its size in bytes
 */
export async function packRecording(
  path: string,
  catalog: ReadonlyMap<string, Probe>,
  durationUs: number,
  place?: FilePlace,
): Promise<{ path: string; bytes: number }> {
  const { folder, name } = place ?? openPlace(path)
  const plain = folder.placeOf(name)
  try {
    const { size } = await stat(plain)
    try {
      // Without one it is only slower to read.
      const digest = await digestOf(plain, catalog, { durationUs, bytes: size }).catch(() => null)
      await pipeline(withDigest(plain, digest ?? []), createGzip(), (packed: AsyncIterable<Buffer>) =>
        folder.write(packedName(name), packed, 'new'),
      )
    } catch {
      return { path, bytes: size } // as it was
    }
    await folder.remove(name)
    return { path: packedName(path), bytes: (await stat(folder.placeOf(packedName(name)))).size }
  } finally {
    if (!place) folder.close()
  }
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
