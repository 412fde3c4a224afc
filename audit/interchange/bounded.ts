import { ProfileError } from '../profile/error.ts'
import type { ByteSource } from '../profile/source.ts'

/** Longest file that is read into memory as a whole. */
const MAX_BYTES = 256 << 20
const PART_BYTES = 1 << 20

/** All bytes of an open file, also of a pipe. Throws `too_large` rather than filling the memory. */
export async function readWhole(file: ByteSource, limit = MAX_BYTES): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for (;;) {
    const buffer = Buffer.allocUnsafe(PART_BYTES)
    const { bytesRead } = await file.read(buffer, 0, PART_BYTES)
    if (bytesRead === 0) return Buffer.concat(parts, size)
    size += bytesRead
    if (size > limit)
      throw new ProfileError('too_large', `more than ${limit >> 20} MiB: it is not read`, 'record for a shorter time')
    parts.push(buffer.subarray(0, bytesRead))
  }
}
