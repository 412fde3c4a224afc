import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface TailOptions {
  file: string
  signal: AbortSignal
  /** asked whenever nothing new was there: how long that has been so, ms; true ends it */
  isOver(idleMs: number): Promise<boolean> | boolean
  /** the file has become shorter: it is read from its start again */
  onRestart(): void
}

const POLL_MS = 200
const CHUNK_BYTES = 256 * 1024

/** Bytes of a file that grows, until `isOver`. A file that is not there yet is waited for like one that does not grow. */
export async function* tail({ file, signal, isOver, onRestart }: TailOptions): AsyncGenerator<Buffer> {
  let handle: FileHandle | null = null
  let offset = 0
  let newsNs = process.hrtime.bigint()
  let over = false
  try {
    while (!signal.aborted) {
      handle ??= await openIfThere(file)
      const chunk = handle && (await readAt(handle, offset))
      if (chunk && chunk.length > 0) {
        offset += chunk.length
        newsNs = process.hrtime.bigint()
        yield chunk
        continue
      }
      if (handle && (await handle.stat()).size < offset) {
        offset = 0
        onRestart()
        continue
      }
      if (over) return
      over = await isOver(Number(process.hrtime.bigint() - newsNs) / 1e6)
      // Something may have been written between looking and asking.
      if (over) continue
      // A sleep that is cut short is noticed by the loop's condition.
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    await handle?.close()
  }
}

async function openIfThere(file: string): Promise<FileHandle | null> {
  try {
    return await open(file, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

async function readAt(handle: FileHandle, offset: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES)
  const { bytesRead } = await handle.read(buffer, 0, CHUNK_BYTES, offset)
  return buffer.subarray(0, bytesRead)
}
