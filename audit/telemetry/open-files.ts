import { numberOf, sourceOfFile } from './proc-file.ts'
import type { Source, Values } from './source.ts'

/** Open files of the whole host: /proc/sys/fs/file-nr. */
export const openFiles: Source = {
  name: 'files',
  from: '/proc/sys/fs/file-nr',
  every: 5,
  open: () => sourceOfFile('/proc/sys/fs/file-nr', parseFileNr),
}

/** Parses "877\t0\t2466160": allocated, free (always 0 since Linux 2.6), limit. No limit is told as 2^63 - 1. */
export function parseFileNr(text: string): Values | null {
  const [allocated, , max] = text.trim().split(/\s+/).map(numberOf)
  if (allocated === null || allocated === undefined) return null
  return { allocated, ...(max !== null && max !== undefined && Number.isSafeInteger(max) ? { max } : {}) }
}
