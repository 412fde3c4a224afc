import { clip } from './format.ts'

/** lines of one text; nobody reads more */
const MOST_LINES = 6

/** The text in lines of at most `width`, broken at blanks where there are any. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let rest = text
  while (width > 0 && rest.length > width && lines.length < MOST_LINES - 1) {
    const blank = rest.lastIndexOf(' ', width)
    const end = blank > 0 ? blank : width
    lines.push(rest.slice(0, end))
    rest = rest.slice(end).trimStart()
  }
  return [...lines, clip(rest, width)]
}
