export interface LineSplitter {
  write(chunk: Buffer): void
  /** what stands there without a line end is a line, too */
  end(): void
}

export interface LineLimit {
  /** longest line that is kept, bytes */
  limit: number
  /** a line over the limit was dropped */
  onDropped: () => void
}

/** Cuts a byte stream into lines, whatever its chunks, with bounded memory. Empty lines are none; a `\r` before the end is dropped. */
export function createLineSplitter(
  onLine: (line: string) => void,
  { limit, onDropped }: LineLimit = { limit: 64 * 1024, onDropped: () => undefined },
): LineSplitter {
  // The beginning of a line whose end is still to come; once it is too long, only its length.
  let parts: Buffer[] = []
  let size = 0
  const take = (bytes: Buffer) => {
    size += bytes.length
    if (size > limit) parts = []
    else if (bytes.length > 0) parts.push(bytes)
  }
  const tell = (line: string) => {
    if (line.length > limit) onDropped()
    else if (line !== '') onLine(line.endsWith('\r') ? line.slice(0, -1) : line)
  }
  const flush = () => {
    if (size > limit) onDropped()
    else if (size > 0) tell(Buffer.concat(parts).toString('utf8'))
    parts = []
    size = 0
  }
  return {
    write: (chunk) => {
      let rest = chunk
      if (size > 0) {
        const end = chunk.indexOf(10)
        if (end < 0) return take(chunk)
        take(chunk.subarray(0, end))
        flush()
        rest = chunk.subarray(end + 1)
      }
      // All whole lines are decoded at once: a line end is never a part of another character.
      const last = rest.lastIndexOf(10)
      if (last >= 0) for (const line of rest.toString('utf8', 0, last).split('\n')) tell(line)
      take(rest.subarray(last + 1))
    },
    end: flush,
  }
}
