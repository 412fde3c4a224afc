/** Longest line kept; what k6 writes has a few hundred characters, unless a script puts a document into a tag. */
const LINE_LIMIT = 64 * 1024

export interface LineSplitter {
  write(chunk: Buffer): void
  /** what stands there without a line end is a line, too */
  end(): void
  /** lines over the limit, dropped */
  readonly dropped: number
}

/** Cuts a byte stream into lines, whatever its chunks, with bounded memory. */
export function createLineSplitter(onLine: (line: string) => void): LineSplitter {
  let parts: Buffer[] = []
  let size = 0
  let dropped = 0
  const take = (bytes: Buffer) => {
    size += bytes.length
    if (size > LINE_LIMIT) parts = []
    else if (bytes.length > 0) parts.push(bytes)
  }
  const flush = () => {
    if (size > LINE_LIMIT) dropped++
    else if (size > 0) onLine(Buffer.concat(parts).toString('utf8').replace(/\r$/, ''))
    parts = []
    size = 0
  }
  return {
    write: (chunk) => {
      let from = 0
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
        take(chunk.subarray(from, end))
        flush()
        from = end + 1
      }
      take(chunk.subarray(from))
    },
    end: flush,
    get dropped() {
      return dropped
    },
  }
}
