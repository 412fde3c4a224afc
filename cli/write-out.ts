import { batches, descriptorIn, type Pieces, writeNamed } from '../files/index.ts'
import { say } from './say.ts'

/** Writes a document, in pieces, to a file of the user's own (an existing one is replaced), or for `-` and none to stdout. */
export async function writeOut(path: string | undefined, pieces: Pieces): Promise<void> {
  if (path === undefined || path === '-' || descriptorIn(path) === 1) {
    for await (const batch of batches(pieces)) if (!process.stdout.write(batch)) await drained()
    return
  }
  await writeNamed(path, pieces)
  say(path)
}

/** A reader that goes away ends the wait as well. */
const drained = (): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.once('drain', resolve)
    process.stdout.once('close', resolve)
  })
