import { open } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import { ProfileError } from '../profile/error.ts'
import { type FormatName, formats } from './formats.ts'

export type FileKind = 'recording' | 'svg' | FormatName

const FIRST_BYTES = 4096

/**
 * What a file is, by its first bytes; its name says nothing, except that what is compressed and no pprof profile is a
 * recording.
 */
export async function sniff(path: string): Promise<FileKind> {
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(FIRST_BYTES) })
    const start = buffer.subarray(0, bytesRead)
    const isGzip = start[0] === 0x1f && start[1] === 0x8b
    const content = isGzip ? beginningOf(start) : start
    const format = formats.find(({ begins }) => begins(content))?.name ?? 'folded'
    if (isGzip || /\.(gz|zst)$/.test(path)) return format === 'pprof' ? format : 'recording'
    const text = content.toString('utf8').trimStart()
    if (text.startsWith('<')) return 'svg'
    if (text.startsWith('PERFILE'))
      throw new ProfileError(
        'not_readable',
        `${path} is what perf records, not yet text`,
        `perf script -i ${path} > FILE`,
      )
    return text.startsWith('{') && format !== 'speedscope' ? 'recording' : format
  } finally {
    await file.close()
  }
}

/** What a gzip file begins with; nothing when it is none after all. */
function beginningOf(packed: Buffer): Buffer {
  try {
    // The rest of the file is not there: what is unpacked so far is enough.
    return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 1 << 26 })
  } catch {
    return Buffer.alloc(0)
  }
}
