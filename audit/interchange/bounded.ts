import { LIMITS, type LimitName, limitText } from '../limits.ts'
import { ProfileError } from '../profile/error.ts'
import type { ByteSource } from '../profile/source.ts'

const PART_BYTES = 1 << 20

/** All bytes of an open file, also of a pipe. Throws `too_large` rather than filling the memory. */
export async function readWhole(file: ByteSource, limit: LimitName): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for (;;) {
    const buffer = Buffer.allocUnsafe(PART_BYTES)
    const { bytesRead } = await file.read(buffer, 0, PART_BYTES)
    if (bytesRead === 0) return Buffer.concat(parts, size)
    size += bytesRead
    if (size > LIMITS[limit].most)
      throw new ProfileError('too_large', `more than ${limitText(limit)}: it is not read`, 'record for a shorter time')
    parts.push(buffer.subarray(0, bytesRead))
  }
}

/** How much may come out of what is packed: a real file is made several times smaller, a bomb a thousand times. */
export const mostUnpacked = (packedBytes: number, limit: LimitName): number =>
  Math.min(LIMITS[limit].most, Math.max(LIMITS.unpackedFloor.most, packedBytes * LIMITS.unpackedRatio.most))
