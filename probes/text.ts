/** Code points kept of a text when the caller names no bound. */
const DEFAULT_MAX_LENGTH = 4096

// Controls, format characters (bidi, zero width, tags), lone surrogates, line and paragraph separators, everything that
// draws nothing, and noncharacters (two of which no XML document may hold).
const HARMFUL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/u
const EACH_HARMFUL = new RegExp(HARMFUL.source, 'gu')
const PLAIN = /^[\x20-\x7e]*$/

/**
 * Makes text of another process (comm, symbol, path, argument, tracer output) safe to show, once, where it enters: what
 * a terminal would act on or a reader could not see becomes a visible escape (`\x1b`, `\u202e`, `\u{e0041}`). XML, HTML
 * and JSON are escaped where they are written, not here. Text made safe is left as it is by a second pass.
 *
 * @param options.maxLength bound of the result in code points, at least 1; a longer text ends in "…", never inside an escape
 */
export function sanitizeText(text: string, options: { maxLength?: number } = {}): string {
  const maxLength = Math.max(1, options.maxLength ?? DEFAULT_MAX_LENGTH)
  if (text.length <= maxLength && (PLAIN.test(text) || !HARMFUL.test(text))) return text
  const parts: string[] = []
  let length = 0
  // Where the result is cut if the text turns out too long: the last whole part that leaves room for the "…".
  let keptParts = 0
  for (const character of text) {
    const part = HARMFUL.test(character) ? escapeOf(character) : character
    // What is not escaped is one code point, what is escaped is ASCII.
    length += part === character ? 1 : part.length
    if (length > maxLength) return `${parts.slice(0, keptParts).join('')}…`
    parts.push(part)
    if (length < maxLength) keptParts = parts.length
  }
  return parts.join('')
}

/** The same for a text of several lines, as a command prints it: line ends and tabs stay. */
export const sanitizeLines = (text: string): string =>
  text.replace(/[^\n\t]+/g, (part) => sanitizeText(part, { maxLength: Number.POSITIVE_INFINITY }))

/** The same for JSON: what it says stays, and is written by escapes. */
export const sanitizeJson = (json: string): string =>
  json.replace(EACH_HARMFUL, (character) =>
    character === '\n'
      ? character
      : Array.from({ length: character.length }, (_, at) => {
          const unit = character.charCodeAt(at).toString(16).padStart(4, '0')
          return `\\u${unit}`
        }).join(''),
  )

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\u{${code.toString(16)}}`
}
