import { sanitizeJson, sanitizeLines } from '../probes/plain.ts'
import { asciiText, isAsciiOnly } from '../ui/plain.ts'

/** Text that the terminal can show: glyphs beyond ASCII have their stand-ins where its locale is not UTF-8. */
export const readable = (text: string, ascii = isAsciiOnly(process.env)): string => (ascii ? asciiText(text) : text)

/** One line of talk, on stderr. File names and messages may be anybody's. */
export function say(line: string): void {
  process.stderr.write(`${readable(sanitizeLines(line))}\n`)
}

/** A value as JSON in which nothing acts on a terminal that shows it. */
export const jsonText = (value: unknown, indent?: number): string =>
  sanitizeJson(JSON.stringify(value, null, indent) ?? 'null')
