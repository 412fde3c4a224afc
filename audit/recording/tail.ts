import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { LIMITS } from '../limits.ts'
import { tailName } from './tail-name.ts'

/** An end is a line of some hundred bytes. */
const LAST_LINE = 64 << 10

/**
 * Lines that stand beside a recording that has no end yet, or never had one: the single windows still to be added up
 * (coarse.ts). None where it has its end, is packed, or where what stands there is not by who wrote the recording: folders
 * may be shared, and anybody may put a pipe there that never ends.
 */
export async function readTail(path: string): Promise<string[]> {
  if (/\.(gz|zst)$/.test(path)) return []
  const recording = await openRegular(path, 0)
  const tail = recording && (await openRegular(tailName(path), constants.O_NOFOLLOW))
  try {
    if (!recording || !tail || tail.uid !== recording.uid || tail.size > LIMITS.tailBytes.most) return []
    const start = Math.max(0, recording.size - LAST_LINE)
    const last = (await read(recording.file, start, LAST_LINE)).trimEnd().split('\n').at(-1) ?? ''
    if (last.startsWith('{"type":"end"')) return []
    const lines = (await read(tail.file, 0, tail.size)).split('\n')
    return lines.filter((line) => line !== '' && line.length <= LIMITS.lineBytes.most)
  } finally {
    await Promise.all([recording?.file.close(), tail?.file.close()])
  }
}

interface Regular {
  file: FileHandle
  uid: number
  size: number
}

/** Null for what is not there, not ours to read, or no plain file. */
async function openRegular(path: string, flags: number): Promise<Regular | null> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | flags)
  } catch {
    return null // whoever reads the recording is told what is wrong with that
  }
  const found = await file.stat()
  if (found.isFile()) return { file, uid: found.uid, size: found.size }
  await file.close()
  return null
}

async function read(file: FileHandle, start: number, length: number): Promise<string> {
  const buffer = Buffer.alloc(length)
  let done = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, done, length - done, start + done)
    done += bytesRead
    if (bytesRead === 0 || done === length) return buffer.toString('utf8', 0, done)
  }
}
