import type { Format } from './format.ts'
import { readPprof } from './pprof-read.ts'
import { writePprof } from './pprof-write.ts'

/** pprof's protocol buffer, what Go, Parca, Pyroscope and others write and read. */
export const pprof: Format = {
  name: 'pprof',
  label: 'a pprof profile',
  extensions: ['.pb.gz', '.pprof', '.pb'],
  // The first field of a profile is its type of value, a message of two small numbers; or the empty string of the table.
  begins: (start) =>
    (start[0] === 0x0a && (start[1] ?? 255) <= 12 && (start[2] === 0x08 || start[2] === 0x10)) ||
    (start[0] === 0x32 && start[1] === 0),
  read: readPprof,
  write: writePprof,
}
