import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { LoadError } from '../load-error.ts'

export interface TailOptions {
  /** false: what the file holds already is passed over */
  fromStart?: boolean
  /** ends the tail: what the file holds by then is still delivered */
  signal: AbortSignal
  /** the file was cut short or another took its name: what follows is the start of a file */
  onRestart?: () => void
}

/** Looking is cheap, and file watches miss network file systems and other mount namespaces. */
const POLL_MS = 100
const CHUNK_BYTES = 64 * 1024

/**
 * Reads a file that others still write, chunk by chunk, each no larger than 64 KiB; the reader sets the pace. A file that
 * is not there yet is waited for; one that is cut short is read from its start; one that is replaced (rotation) is read to
 * its end first. Ends on `signal` only.
 *
 * @throws LoadError `samples_unreadable` for what is no regular file, the file system's own error for what may not be read
 */
export async function* tailFile(path: string, options: TailOptions): AsyncGenerator<Buffer, void, undefined> {
  const { fromStart = true, signal, onRestart } = options
  let file: FileHandle | null = null
  let position = 0
  let isFirstLook = true
  let wasThere = false
  try {
    for (;;) {
      // Asked before reading: what was written before the signal is then read for certain.
      const isLast = signal.aborted
      if (!file) {
        file = await openRegular(path)
        if (file) {
          position = isFirstLook && !fromStart ? (await file.stat()).size : 0
          if (wasThere) onRestart?.()
          wasThere = true
        }
        isFirstLook = false
      }
      if (file) {
        if ((await file.stat()).size < position) {
          position = 0
          onRestart?.()
        }
        const isReplaced = await hasAnotherName(path, file)
        for (;;) {
          const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position)
          if (bytesRead === 0) break
          position += bytesRead
          yield buffer.subarray(0, bytesRead)
        }
        if (isReplaced) {
          await file.close()
          file = null
          continue
        }
      }
      if (isLast) return
      await pause(POLL_MS, undefined, { signal }).catch(() => undefined) // woken by the signal: one last look
    }
  } finally {
    await file?.close()
  }
}

/** The file for reading, null while there is none. */
async function openRegular(path: string): Promise<FileHandle | null> {
  let file: FileHandle
  try {
    // Without O_NONBLOCK a FIFO would hold a thread until somebody writes to it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (isAbsent(error)) return null
    throw error
  }
  if ((await file.stat()).isFile()) return file
  await file.close()
  throw new LoadError('samples_unreadable', `${path} is not a regular file`, 'name the file that the load tool writes')
}

/** True when the path now names another file. While it names none, the open one goes on. */
async function hasAnotherName(path: string, file: FileHandle): Promise<boolean> {
  try {
    const [named, opened] = await Promise.all([stat(path), file.stat()])
    return named.ino !== opened.ino || named.dev !== opened.dev
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
}

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
