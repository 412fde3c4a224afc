import { open } from 'node:fs/promises'
import { isatty } from 'node:tty'
import { constants, gunzipSync } from 'node:zlib'
import { ProfileError } from '../profile/error.ts'
import type { ByteSource } from '../profile/source.ts'
import { type FormatName, formats } from './formats.ts'

export type FileKind = 'recording' | 'svg' | FormatName

const FIRST_BYTES = 4096

/** An open file, what it is, and its bytes from the first on: a pipe can be read but once. */
export interface OpenStacks {
  kind: FileKind
  isPipe: boolean
  source: ByteSource
  close(): Promise<void>
}

/**
 * What a file is, by its first bytes; its name says nothing, except that what is compressed and no pprof profile is a
 * recording.
 */
export async function sniff(path: string): Promise<FileKind> {
  const { kind, close } = await openStacks(path)
  await close()
  return kind
}

/** Opens a file or a pipe and tells what it is, as `sniff` does. To be closed. */
export async function openStacks(path: string): Promise<OpenStacks> {
  const file = await open(path)
  try {
    const status = await file.stat()
    if (status.isBlockDevice() || (status.isCharacterDevice() && !isatty(file.fd)))
      throw new ProfileError('not_readable', `${path} is a device`, 'name a file of stacks, or a pipe')
    const start = Buffer.alloc(FIRST_BYTES)
    let filled = 0
    // A pipe gives what it has, not what was asked for.
    for (let more = -1; more !== 0; filled += more)
      more = (await file.read(start, filled, start.length - filled)).bytesRead
    return {
      kind: kindOf(path, start.subarray(0, filled)),
      isPipe: !status.isFile(),
      source: startingWith(start.subarray(0, filled), file),
      close: () => file.close(),
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

function kindOf(path: string, start: Buffer): FileKind {
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
}

function startingWith(start: Buffer, rest: ByteSource): ByteSource {
  let given = 0
  return {
    async read(into, offset, length) {
      if (given === start.length) return rest.read(into, offset, length)
      const bytesRead = start.copy(into, offset, given, Math.min(start.length, given + length))
      given += bytesRead
      return { bytesRead }
    },
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
