/** Columns that text for pipes and logs keeps to. */
export const TEXT_WIDTH = 100
export const LABEL_WIDTH = 16

/** `label   a   b   c`, wrapped under the label where it would pass `TEXT_WIDTH` columns. */
export function entry(label: string, parts: readonly string[]): string[] {
  const indent = ' '.repeat(LABEL_WIDTH)
  const lines: string[] = []
  let line = label.padEnd(LABEL_WIDTH)
  let isEmpty = true
  for (const part of parts.flatMap(wrapped)) {
    if (!isEmpty && line.length + 3 + part.length > TEXT_WIDTH) {
      lines.push(line)
      line = indent
      isEmpty = true
    }
    line += isEmpty ? part : `   ${part}`
    isEmpty = false
  }
  return [...lines, line.trimEnd()]
}

/** A part too long for a line goes on in the next, broken at a blank where there is one. */
function wrapped(part: string): string[] {
  const width = TEXT_WIDTH - LABEL_WIDTH
  const pieces: string[] = []
  let rest = part
  while (rest.length > width) {
    const blank = rest.lastIndexOf(' ', width)
    const end = blank > 0 ? blank : width
    pieces.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...pieces, rest]
}
