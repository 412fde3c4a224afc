import { write, writeSync } from 'node:fs'
import { promisify } from 'node:util'

const writeSome = promisify(write)
const BATCH_BYTES = 64 << 10
/** A pipe that another program made non-blocking and whose reader is slow. */
const AGAIN_AFTER_MS = 5

export type Pieces = Iterable<string | Uint8Array> | AsyncIterable<string | Uint8Array>

/** Writes all of it or throws: what the system takes in parts is gone on with. */
export async function writeAll(descriptor: number, pieces: Pieces): Promise<void> {
  for await (const batch of batches(pieces)) {
    for (let done = 0; done < batch.length; ) {
      try {
        done += (await writeSome(descriptor, batch, done, batch.length - done, null)).bytesWritten
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
        await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS))
      }
    }
  }
}

/**
 * The same at once: into a pipe to the process that started this one, where what comes next may be the last that it does, or
 * at a `position` of a file by who has no time to wait.
 */
export function writeAllNow(descriptor: number, text: string, position: number | null = null): void {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length; )
    done += writeSync(descriptor, bytes, done, bytes.length - done, position === null ? null : position + done)
}

/** Few large writes instead of one for each line. */
export async function* batches(pieces: Pieces): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let size = 0
  for await (const piece of pieces) {
    const part =
      typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    parts.push(part)
    size += part.length
    if (size < BATCH_BYTES) continue
    yield Buffer.concat(parts)
    parts = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(parts)
}
