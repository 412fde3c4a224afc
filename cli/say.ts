import { asciiText, isAsciiOnly } from '../ui/plain.ts'

/** Text that the terminal can show: glyphs beyond ASCII have their stand-ins where its locale is not UTF-8. */
export const readable = (text: string, ascii = isAsciiOnly(process.env)): string => (ascii ? asciiText(text) : text)

/** One line of talk, on stderr. */
export function say(line: string): void {
  process.stderr.write(`${readable(line)}\n`)
}
