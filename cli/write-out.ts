import { open } from 'node:fs/promises'
import { say } from './say.ts'

const BATCH_BYTES = 64 << 10

/** Writes a document, in pieces, to a file of the user's own (an existing one is replaced) or to stdout. */
export async function writeOut(path: string | undefined, pieces: Iterable<string | Uint8Array>): Promise<void> {
  if (path === undefined) {
    for (const batch of batches(pieces)) if (!process.stdout.write(batch)) await drained()
    return
  }
  const file = await open(path, 'w', 0o600)
  try {
    for (const batch of batches(pieces)) await file.write(batch)
  } finally {
    await file.close()
  }
  say(path)
}

/** Few large writes instead of one for each line. */
function* batches(pieces: Iterable<string | Uint8Array>): Generator<Buffer> {
  let parts: Buffer[] = []
  let size = 0
  for (const piece of pieces) {
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

/** A reader that goes away ends the wait as well. */
const drained = (): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.once('drain', resolve)
    process.stdout.once('close', resolve)
  })
