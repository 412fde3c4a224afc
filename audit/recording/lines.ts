import type { Readable } from 'node:stream'

/** A line that was too long to be kept. */
export const TOO_LONG = Symbol('a line that is too long')

/**
 * The lines of a stream, whatever its chunks. What is kept of a line that has not ended is bounded by `limit`, bytes, and
 * each of its bytes is copied once. `onChunk` may throw to end the reading.
 */
export async function* boundedLines(
  stream: Readable,
  limit: number,
  onChunk: (bytes: number) => void = () => undefined,
): AsyncGenerator<string | typeof TOO_LONG> {
  let parts: Buffer[] = []
  let size = 0
  const take = (part: Buffer) => {
    size += part.length
    if (size > limit) parts = []
    else if (part.length > 0) parts.push(part)
  }
  const line = (): string | typeof TOO_LONG => {
    const [only] = parts
    const text =
      size > limit ? TOO_LONG : (parts.length === 1 && only ? only : Buffer.concat(parts, size)).toString('utf8')
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
        yield line()
      }
      from = end + 1
    }
    // A copy: the stream's buffer may be another's soon, and one byte of it would keep all of it.
    if (from < chunk.length)
      take(size + chunk.length - from > limit ? chunk.subarray(from) : Buffer.from(chunk.subarray(from)))
  }
  if (size > 0) yield line()
}
