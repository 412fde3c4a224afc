import type { Format } from './format.ts'
import { readPprof } from './pprof-read.ts'
import { writePprof } from './pprof-write.ts'
import { readFields, WireError } from './wire.ts'

/** pprof's protocol buffer, what Go, Parca, Pyroscope and others write and read. */
export const pprof: Format = {
  name: 'pprof',
  label: 'a pprof profile',
  extensions: ['.pb.gz', '.pprof', '.pb'],
  begins: looksLikeProfile,
  read: readPprof,
  write: writePprof,
}

/** Fields of a profile that are nested messages or texts; the others, up to 16, are numbers. */
const NESTED = new Set([1, 2, 3, 4, 5, 6, 11, 13, 16])

/** No magic number tells a protocol buffer: its first fields must be those of a profile, and its bytes not those of a text. */
function looksLikeProfile(start: Buffer): boolean {
  if (!start.subarray(0, 64).some((byte) => byte < 9)) return false
  let fields = 0
  let strange = false
  try {
    readFields(start, 0, start.length, ({ number, from }) => {
      fields++
      strange ||= number < 1 || number > 16 || (from >= 0 && !NESTED.has(number))
    })
  } catch (error) {
    // The end of what was read is in the middle of a field.
    if (!(error instanceof WireError)) throw error
  }
  return fields > 0 && !strange
}
