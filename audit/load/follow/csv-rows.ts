const NEWLINE = 10
const QUOTE = 34
/** Longest row that is read, bytes: a response message may hold a page, but not a book. */
const ROW_LIMIT = 1024 * 1024

export interface ByteSink {
  write(chunk: Buffer): void
  /** nothing follows: what has no newline yet is complete */
  end(): void
}

/**
 * Cuts a byte stream into CSV rows, whatever its chunks. A row goes on over a newline while a quote is open (RFC 4180). A
 * row over the limit is dropped, up to the next newline, and told.
 */
export function createRowSplitter(
  onRow: (row: string) => void,
  onTooLong: () => void,
  { quotes = true }: { /** false: every newline ends a row, as in NDJSON */ quotes?: boolean } = {},
): ByteSink {
  let parts: Buffer[] = []
  let size = 0
  let isQuoted = false
  let isDropping = false

  const keep = (bytes: Buffer) => {
    if (isDropping || bytes.length === 0) return
    size += bytes.length
    if (size > ROW_LIMIT) {
      isDropping = true
      parts = []
      onTooLong()
      return
    }
    if (quotes) for (let at = bytes.indexOf(QUOTE); at >= 0; at = bytes.indexOf(QUOTE, at + 1)) isQuoted = !isQuoted
    parts.push(bytes)
  }
  const flush = () => {
    if (!isDropping && size > 0) {
      const row = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
      onRow(row.toString('utf8'))
    }
    parts = []
    size = 0
    isQuoted = false
    isDropping = false
  }
  return {
    write(chunk) {
      for (let from = 0; from < chunk.length; ) {
        const at = chunk.indexOf(NEWLINE, from)
        const to = at < 0 ? chunk.length : at
        keep(chunk.subarray(from, to))
        if (at >= 0) {
          if (isQuoted && !isDropping) keep(chunk.subarray(at, at + 1))
          else flush()
        }
        from = to + 1
      }
    },
    end: flush,
  }
}

/** The fields of a row; a quote doubled within quotes is one, and an open one ends with the row. */
export function fieldsOf(row: string, delimiter: string): string[] {
  const line = row.endsWith('\r') ? row.slice(0, -1) : row
  if (!line.includes('"')) return line.split(delimiter)
  const fields: string[] = []
  let from = 0
  for (;;) {
    if (line[from] === '"') {
      let end = line.indexOf('"', from + 1)
      while (end >= 0 && line[end + 1] === '"') end = line.indexOf('"', end + 2)
      if (end < 0) end = line.length
      const rest = line.indexOf(delimiter, end)
      // What stands between the closing quote and the delimiter belongs to no field that we know.
      fields.push(line.slice(from + 1, end).replaceAll('""', '"'))
      if (rest < 0) return fields
      from = rest + 1
    } else {
      const end = line.indexOf(delimiter, from)
      if (end < 0) return [...fields, line.slice(from)]
      fields.push(line.slice(from, end))
      from = end + 1
    }
  }
}
