import type { Readable } from 'node:stream'

/** A line that was too long to be kept. */
export const TOO_LONG = Symbol('a line that is too long')

/**
 * The lines of a stream, whatever its chunks. What is kept of a line that has not ended is bounded by `limit`, bytes, and
 * each of its bytes is copied once; that one is longer is told as soon as it is, since it may never end. `onChunk` may throw
 * to end the reading.
 */
export async function* boundedLines(
  stream: Readable,
  limit: number,
  onChunk: (bytes: number) => void = () => undefined,
): AsyncGenerator<string | typeof TOO_LONG> {
  let parts: Buffer[] = []
  let size = 0
  // A line that was told to be too long is passed over to its end.
  let isTold = false
  const take = (part: Buffer) => {
    size += part.length
    if (size > limit) parts = []
    else if (part.length > 0) parts.push(part)
  }
  const line = (): string => {
    const [only] = parts
    const text = (parts.length === 1 && only ? only : Buffer.concat(parts, size)).toString('utf8')
    parts = []
    size = 0
    return text
  }
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    onChunk(chunk.length)
    let from = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      if (size === 0 && end - from <= limit) yield chunk.toString('utf8', from, end)
      else {
        take(chunk.subarray(from, end))
        if (size <= limit) yield line()
        else if (!isTold) yield TOO_LONG
        size = 0
        isTold = false
      }
      from = end + 1
    }
    if (from === chunk.length) continue
    // A copy: the stream's buffer may be another's soon, and one byte of it would keep all of it.
    take(size + chunk.length - from > limit ? chunk.subarray(from) : Buffer.from(chunk.subarray(from)))
    if (size > limit && !isTold) {
      isTold = true
      yield TOO_LONG
    }
  }
  if (size > 0 && size <= limit) yield line()
}
