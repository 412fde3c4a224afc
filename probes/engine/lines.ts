/** Longest line kept; a stack map of 16 384 long stacks stays below it. */
const LINE_LIMIT = 64 * 1024 * 1024

/** Cuts a byte stream into lines, whatever its chunks. A line over the limit is dropped and told. */
export function createLineSplitter(onLine: (line: string) => void, onTruncated: () => void) {
  let parts: Buffer[] = []
  let size = 0
  let dropping = false
  const flush = () => {
    if (dropping) onTruncated()
    else if (size > 0)
      onLine(parts.length === 1 && parts[0] ? parts[0].toString('utf8') : Buffer.concat(parts).toString('utf8'))
    parts = []
    size = 0
    dropping = false
  }
  const take = (bytes: Buffer) => {
    if (dropping || bytes.length === 0) return
    size += bytes.length
    if (size > LINE_LIMIT) {
      dropping = true
      parts = []
    } else parts.push(bytes)
  }
  return {
    write(chunk: Buffer) {
      let from = 0
      for (;;) {
        const end = chunk.indexOf(10, from)
        if (end < 0) break
        take(chunk.subarray(from, end))
        flush()
        from = end + 1
      }
      take(chunk.subarray(from))
    },
    end: flush,
  }
}
